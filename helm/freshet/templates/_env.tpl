{{/* The options of one role as environment variables. Takes the same as freshet.pod. */}}
{{- define "freshet.env" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $role := .role -}}
{{- $dialects := splitList "," (include "freshet.dialects" $root) -}}
{{- $names := list -}}
{{- $clients := list -}}
{{- $servers := list -}}
{{- range $dialect := $dialects }}
{{- $database := index $values $dialect -}}
{{- $name := printf "FRESHET_CHART_%s_URL" (upper $dialect) -}}
{{- $names = append $names (printf "$(%s)" $name) -}}
{{- $clients = append $clients (printf "%s:%d" $values.listenHost (int $database.containerPort)) -}}
{{- $servers = append $servers (printf "%s:%d" $values.listenHost (int $database.rpcPort)) }}
- name: {{ $name }}
  valueFrom:
    {{- include "freshet.secretKeyRef" (dict "root" $root "own" $database "key" (printf "%sUrl" $dialect)) | nindent 4 }}
{{- end }}
- name: UPSTREAM_DB_URL
  value: {{ join " " $names | quote }}
- name: DEPLOYMENT
  value: {{ $values.deployment | quote }}
- name: METRICS_ADDRESS
  value: {{ printf "%s:%d" $values.listenHost (int $values.metrics.port) | quote }}
- name: DRAIN_DELAY
  value: {{ include "freshet.text" $values.drain.delay | quote }}
- name: DRAIN_TIMEOUT
  value: {{ include "freshet.text" $values.drain.timeout | quote }}
{{- with dig "limits" "memory" "" .workload.resources }}
- name: FRESHET_MEMORY_LIMIT
  value: {{ div (mul (include "freshet.bytes" . | int64) (int64 $.workload.memoryPercent)) 100 | quote }}
{{- end }}
{{- if $values.upstreamTls.caSecretName }}
- name: SSL_ROOT_CERT
  value: {{ printf "/etc/freshet/upstream-tls/%s" $values.upstreamTls.caKey | quote }}
{{- end }}
{{- if ne $role "server" }}
- name: LISTEN_ADDRESS
  value: {{ join "," $clients | quote }}
- name: ALLOWED_USERS
  valueFrom:
    {{- include "freshet.secretKeyRef" (dict "root" $root "own" $values.allowedUsers "key" "allowedUsers" "optional" true) | nindent 4 }}
{{- if $values.clientTls.secretName }}
- name: TLS_CERT
  value: {{ printf "/etc/freshet/client-tls/%s" $values.clientTls.certKey | quote }}
- name: TLS_KEY
  value: {{ printf "/etc/freshet/client-tls/%s" $values.clientTls.keyKey | quote }}
{{- end }}
{{- end }}
{{- if ne $role "adapter" }}
- name: STORAGE_DIR
  value: /data
{{- end }}
{{- if ne $role "combined" }}
{{- include "freshet.clusterEnv" (dict "root" $root "role" $role "servers" $servers) }}
{{- end }}
{{- $options := $root.Files.Get "files/options.json" | fromJson }}
{{- range $name, $value := $values.config }}
{{- $option := index $options $name }}
{{- if has $role $option.roles }}
- name: {{ $option.env }}
  value: {{ include "freshet.text" $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What joins servers and adapters. Takes root, role and servers (addresses to listen on). */}}
{{- define "freshet.clusterEnv" -}}
{{- $values := .root.Values }}
- name: AUTHORITY
  value: consul
- name: HOST_IP
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
- name: AUTHORITY_ADDRESS
  value: {{ include "freshet.authorityAddress" .root | quote }}
- name: AUTHORITY_TOKEN
  valueFrom:
    {{- include "freshet.secretKeyRef" (dict "root" .root "own" $values.authority "key" "authorityToken" "optional" true) | nindent 4 }}
{{- if $values.authority.tls.caSecretName }}
- name: AUTHORITY_CA
  value: {{ printf "/etc/freshet/authority-ca/%s" $values.authority.tls.caKey | quote }}
{{- end }}
{{- if $values.authority.tls.clientSecretName }}
- name: AUTHORITY_CERT
  value: {{ printf "/etc/freshet/authority-tls/%s" $values.authority.tls.certKey | quote }}
- name: AUTHORITY_KEY
  value: {{ printf "/etc/freshet/authority-tls/%s" $values.authority.tls.keyKey | quote }}
{{- end }}
{{- with $values.region }}
- name: REGION
  value: {{ . | quote }}
{{- end }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: RPC_SECRET
  valueFrom:
    {{- include "freshet.secretKeyRef" (dict "root" .root "own" $values.rpc "key" "rpcSecret") | nindent 4 }}
{{- if $values.rpc.tls.secretName }}
- name: RPC_TLS_CERT
  value: {{ printf "/etc/freshet/rpc-tls/%s" $values.rpc.tls.certKey | quote }}
- name: RPC_TLS_KEY
  value: {{ printf "/etc/freshet/rpc-tls/%s" $values.rpc.tls.keyKey | quote }}
- name: RPC_TLS_CA
  value: {{ printf "/etc/freshet/rpc-tls/%s" $values.rpc.tls.caKey | quote }}
{{- end }}
{{- if eq .role "server" }}
# The slot upstream bears this name: it is the pod's, which a StatefulSet keeps, and the region's.
- name: MEMBER_NAME
  value: {{ if $values.region }}{{ printf "%s.$(POD_NAME)" $values.region | quote }}{{ else }}"$(POD_NAME)"{{ end }}
- name: ADVERTISE_HOST
  value: {{ default "$(POD_IP)" $values.server.advertiseHost | quote }}
- name: RPC_ADDRESS
  value: {{ join "," .servers | quote }}
{{- with $values.backup.location }}
- name: BACKUP
  value: {{ . | quote }}
{{- end }}
{{- range $name, $value := $values.backup.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- else }}
- name: ADVERTISE_HOST
  value: "$(POD_IP)"
{{- with $values.fallbackRegions }}
- name: FALLBACK_REGIONS
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- end -}}
