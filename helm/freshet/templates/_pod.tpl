{{/*
The pod of one role. Takes root (the chart's context), role (combined, server or adapter) and
workload (the role's values).
*/}}
{{- define "freshet.pod" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $role := .role -}}
{{- $workload := .workload -}}
metadata:
  labels:
    {{- include "freshet.selectorLabels" $root | nindent 4 }}
    {{- with $values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    app.kubernetes.io/component: {{ $role }}
    # Of all roles, but not of the Consul for trials.
    freshet.io/metrics: "true"
    {{- with $workload.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if and $values.secret.create (not $values.secret.name) }}
    checksum/secret: {{ include (print $root.Template.BasePath "/secret.yaml") $root | sha256sum }}
    {{- end }}
    kubectl.kubernetes.io/default-container: freshet
    {{- with $workload.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "freshet.serviceAccountName" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml $values.podSecurityContext | nindent 4 }}
  # Delay and timeout of draining, and time for the last checkpoint and for handing over.
  terminationGracePeriodSeconds: {{ add (include "freshet.seconds" $values.drain.delay | int64) (include "freshet.seconds" $values.drain.timeout | int64) 20 }}
  {{- with $workload.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $workload.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $workload.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $workload.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $workload.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml $workload.topologySpreadConstraints | nindent 4 }}
  {{- else if ne $role "combined" }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "freshet.selectorLabels" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $role }}
    {{- end }}
  {{- end }}
  containers:
    - name: freshet
      image: {{ include "freshet.image" $root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      {{- if ne $role "combined" }}
      args: [{{ $role }}]
      {{- end }}
      env:
        {{- include "freshet.env" . | trim | nindent 8 }}
        {{- with $workload.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if and (eq $role "server") $values.backup.credentialsSecretName }}
      envFrom:
        - secretRef:
            name: {{ $values.backup.credentialsSecretName }}
      {{- end }}
      ports:
        {{- range $dialect := splitList "," (include "freshet.dialects" $root) }}
        {{- $database := index $values $dialect }}
        {{- if ne $role "server" }}
        - name: {{ $dialect }}
          containerPort: {{ $database.containerPort }}
        {{- end }}
        {{- if eq $role "server" }}
        - name: rpc-{{ $dialect }}
          containerPort: {{ $database.rpcPort }}
        {{- end }}
        {{- end }}
        - name: metrics
          containerPort: {{ $values.metrics.port }}
      {{- range $probe := list "startup" "live" "ready" }}
      {{ get (dict "startup" "startupProbe" "live" "livenessProbe" "ready" "readinessProbe") $probe }}:
        httpGet:
          path: /health/{{ $probe }}
          port: metrics
        {{- toYaml (index $values.probes $probe) | nindent 8 }}
      {{- end }}
      # No preStop hook: the process itself goes on accepting for drain.delay after SIGTERM, while
      # /health/ready says no and the pod is taken out of its Services.
      resources:
        {{- toYaml $workload.resources | nindent 8 }}
      securityContext:
        {{- toYaml $values.securityContext | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if ne $role "adapter" }}
        - name: data
          mountPath: /data
        {{- end }}
        {{- range $name, $secret := include "freshet.mounts" . | fromYaml }}
        - name: {{ $name }}
          mountPath: /etc/freshet/{{ $name }}
          readOnly: true
        {{- end }}
        {{- if and (eq $role "server") $values.backup.existingClaim }}
        - name: backup
          mountPath: /backup
        {{- end }}
        {{- with $workload.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- range $name, $secret := include "freshet.mounts" . | fromYaml }}
    - name: {{ $name }}
      secret:
        secretName: {{ $secret }}
        defaultMode: 0440
    {{- end }}
    {{- if and (eq $role "server") $values.backup.existingClaim }}
    - name: backup
      persistentVolumeClaim:
        claimName: {{ $values.backup.existingClaim }}
    {{- end }}
    {{- with $workload.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Secrets that are mounted as files, by the names of their volumes. */}}
{{- define "freshet.mounts" -}}
{{- $values := .root.Values -}}
{{- with $values.upstreamTls.caSecretName }}
upstream-tls: {{ . }}
{{- end }}
{{- if ne .role "server" }}
{{- with $values.clientTls.secretName }}
client-tls: {{ . }}
{{- end }}
{{- end }}
{{- if ne .role "combined" }}
{{- with $values.rpc.tls.secretName }}
rpc-tls: {{ . }}
{{- end }}
{{- with $values.authority.tls.caSecretName }}
authority-ca: {{ . }}
{{- end }}
{{- with $values.authority.tls.clientSecretName }}
authority-tls: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The claim of a StatefulSet's storage. */}}
{{- define "freshet.claim" -}}
metadata:
  name: data
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  accessModes:
    {{- toYaml .accessModes | nindent 4 }}
  {{- with .storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size }}
{{- end -}}
