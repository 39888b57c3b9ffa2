{{- define "inkstream.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "inkstream.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "inkstream.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "inkstream.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "inkstream.selector" -}}
app.kubernetes.io/name: {{ include "inkstream.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "inkstream.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "inkstream.selector" . }}
{{- end }}

{{- define "inkstream.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "inkstream.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "inkstream.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* What the chart sets of the server's settings; it goes before .Values.config. */}}
{{- define "inkstream.ownConfig" -}}
server:
  port: 50051
  http_port: 8080
  drain_grace_s: {{ .Values.drainGraceSeconds }}
{{- if .Values.tls.secretName }}
tls:
  certificate: /etc/inkstream/tls/tls.crt
  key: /etc/inkstream/tls/tls.key
  {{- if .Values.tls.requireClientCertificate }}
  client_ca: /etc/inkstream/tls/ca.crt
  {{- end }}
{{- end }}
{{- if .Values.auth.tokensSecretName }}
auth:
  tokens: /etc/inkstream/auth/tokens.yaml
{{- end }}
{{- if .Values.gpu.count }}
inference:
  device: {{ printf "gpu:%s" (until (int .Values.gpu.count) | join ",") }}
{{- end }}
{{- end }}

{{- define "inkstream.config" -}}
{{- $own := include "inkstream.ownConfig" . | fromYaml -}}
{{- mergeOverwrite (deepCopy .Values.config) $own | toYaml }}
{{- end }}

{{/*
A probe's question. Kubernetes asks by gRPC in plain text only; with TLS it is HTTP that answers, which
stays open to those without a certificate.
*/}}
{{- define "inkstream.probe" -}}
{{- if .root.Values.tls.secretName -}}
httpGet:
  scheme: HTTPS
  port: http
  path: /health{{ with .service }}?service={{ . }}{{ end }}
{{- else -}}
grpc:
  port: 50051
  {{- with .service }}
  service: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "inkstream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "inkstream.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if ne .Values.models.from "image" }}
- name: models
  mountPath: /var/cache/inkstream/models
{{- end }}
- name: tuning
  mountPath: /var/cache/inkstream/tuning
{{- end }}
