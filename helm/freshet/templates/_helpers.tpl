{{- define "freshet.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "freshet.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "freshet.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "freshet.selectorLabels" -}}
app.kubernetes.io/name: {{ include "freshet.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "freshet.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "freshet.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "freshet.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "freshet.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "freshet.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The databases that are enabled, Postgres first: the order of URLs, addresses and ports. */}}
{{- define "freshet.dialects" -}}
{{- $dialects := list -}}
{{- if .Values.postgres.enabled }}{{ $dialects = append $dialects "postgres" }}{{ end -}}
{{- if .Values.mysql.enabled }}{{ $dialects = append $dialects "mysql" }}{{ end -}}
{{- join "," $dialects -}}
{{- end -}}

{{- define "freshet.secretName" -}}
{{- default (include "freshet.fullname" .) .Values.secret.name -}}
{{- end -}}

{{/* root, own (a value with secretName and secretKey), key (within secret.keys), optional */}}
{{- define "freshet.secretKeyRef" -}}
secretKeyRef:
  name: {{ default (include "freshet.secretName" .root) .own.secretName }}
  key: {{ default (index .root.Values.secret.keys .key) .own.secretKey }}
{{- if .optional }}
  optional: true
{{- end }}
{{- end -}}

{{/* Seconds of a duration such as 500ms, 5s, 2m or a bare number, rounded up. */}}
{{- define "freshet.seconds" -}}
{{- $text := toString . | lower | replace " " "" -}}
{{- $number := regexFind "^[0-9.]+" $text | float64 -}}
{{- $unit := regexReplaceAll "^[0-9.]+" $text "" -}}
{{- $factors := dict "ms" 0.001 "s" 1.0 "" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- ceil (mulf $number (index $factors $unit)) | int64 -}}
{{- end -}}

{{/* Bytes of a Kubernetes quantity such as 2Gi, 512M or a bare number. */}}
{{- define "freshet.bytes" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]+$" $text -}}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- if not (hasKey $factors $unit) }}{{ fail (printf "resources.limits.memory %q is not understood: write it as 512Mi or 2Gi." $text) }}{{ end -}}
{{- mulf (regexFind "^[0-9.]+" $text | float64) (index $factors $unit | float64) | floor | int64 -}}
{{- end -}}

{{/* A value of `config` as text: lists with commas, and numbers without an exponent. */}}
{{- define "freshet.text" -}}
{{- if kindIs "slice" . }}{{ join "," . }}{{ else if kindIs "float64" . }}{{ if eq (floor .) . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{- define "freshet.authorityAddress" -}}
{{- if .Values.consul.enabled -}}
{{- default (printf "%s-consul:8500" (include "freshet.fullname" .)) .Values.authority.address -}}
{{- else -}}
{{- .Values.authority.address -}}
{{- end -}}
{{- end -}}

{{/* What must be said in words before anything is installed. */}}
{{- define "freshet.check" -}}
{{- $values := .Values -}}
{{- if not (include "freshet.dialects" .) }}{{ fail "Enable a database: set postgres.enabled or mysql.enabled." }}{{ end -}}
{{- if and (not $values.secret.name) (not $values.secret.create) -}}
{{- range $dialect := splitList "," (include "freshet.dialects" .) }}
{{- if not (index $values $dialect).secretName }}{{ fail (printf "The URL of the %s database is missing: set secret.name to an existing Secret, or secret.create and secret.values.%sUrl, or %s.secretName." $dialect $dialect $dialect) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and $values.secret.create (not $values.secret.name) -}}
{{- range $dialect := splitList "," (include "freshet.dialects" .) }}
{{- if and (not (index $values $dialect).secretName) (not (index $values.secret.values (printf "%sUrl" $dialect))) }}{{ fail (printf "secret.create needs secret.values.%sUrl, the URL of the %s database." $dialect $dialect) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $values.secret.values }}
{{- if not (hasKey $values.secret.keys $name) }}{{ fail (printf "secret.values.%s is not known: there are %s." $name (keys $values.secret.keys | sortAlpha | join ", ")) }}{{ end -}}
{{- end -}}
{{- if eq $values.mode "separate" -}}
{{- if not (include "freshet.authorityAddress" .) }}{{ fail "mode separate needs Consul: set authority.address to host:port of Consul's HTTP address, or consul.enabled for a trial." }}{{ end -}}
{{- if and (not $values.secret.name) (not $values.rpc.secretName) (not $values.secret.values.rpcSecret) }}{{ fail "mode separate needs a secret that servers and adapters share: set secret.values.rpcSecret, or rpc.secretName to an existing Secret." }}{{ end -}}
{{- $member := printf "%s-server-%d" (include "freshet.fullname" .) (sub (int $values.server.replicas) 1) -}}
{{- if $values.region }}{{ $member = printf "%s.%s" $values.region $member }}{{ end -}}
{{- if gt (len $member) 40 }}{{ fail (printf "The server's name %s is longer than the 40 characters of --member-name: set a shorter fullnameOverride." $member) }}{{ end -}}
{{- else -}}
{{- if $values.backup.location }}{{ fail "backup.location belongs to mode separate: combined mode makes no copies of its storage." }}{{ end -}}
{{- if $values.consul.enabled }}{{ fail "consul.enabled belongs to mode separate: combined mode needs no Consul." }}{{ end -}}
{{- end -}}
{{- end -}}
