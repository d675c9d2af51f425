{{- define "execution.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "execution.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "execution.labels" -}}
{{ include "execution.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "execution.storeSecret" -}}
{{- if and .Values.store.existingSecret .Values.store.url -}}
{{- fail "store.existingSecret and store.url are both given; give one of them" -}}
{{- else if .Values.store.existingSecret -}}
{{- .Values.store.existingSecret -}}
{{- else -}}
{{- $_ := required "the store is not named: give store.existingSecret (or store.url, for trying things out)" .Values.store.url -}}
{{- printf "%s-store" (include "execution.name" .) -}}
{{- end -}}
{{- end -}}

{{- /* The Secrets that pods mount, each as a folder of its own under /run/secrets/execution. */ -}}
{{- define "execution.secrets" -}}
store:
  secretName: {{ include "execution.storeSecret" . }}
  items:
    - key: {{ .Values.store.key }}
      path: url
{{- with .Values.tls.existingSecret }}
tls:
  secretName: {{ . }}
{{- end }}
{{- with .Values.callers.existingSecret }}
callers:
  secretName: {{ . }}
  items:
    - key: {{ $.Values.callers.key }}
      path: callers
{{- end }}
{{- end -}}

{{- define "execution.env" -}}
env:
  - name: EXECUTION_STORE_URL_FILE
    value: /run/secrets/execution/store/url
  {{- if .Values.tls.existingSecret }}
  - name: EXECUTION_TLS_CERTIFICATE
    value: /run/secrets/execution/tls/tls.crt
  - name: EXECUTION_TLS_KEY
    value: /run/secrets/execution/tls/tls.key
  {{- if .Values.tls.clients }}
  - name: EXECUTION_TLS_CLIENT_CA
    value: /run/secrets/execution/tls/ca.crt
  {{- end }}
  {{- else if .Values.allowPlaintext }}
  - name: EXECUTION_ALLOW_PLAINTEXT
    value: "on"
  {{- else }}
  {{- fail "calls would not be encrypted: give tls.existingSecret, or allowPlaintext=true if something else encrypts" }}
  {{- end }}
  {{- if .Values.callers.existingSecret }}
  - name: EXECUTION_TOKENS_FILE
    value: /run/secrets/execution/callers/callers
  {{- end }}
  {{- if .Values.metrics.enabled }}
  - name: EXECUTION_METRICS_LISTEN
    value: 0.0.0.0:{{ .Values.metrics.port }}
  {{- end }}
  - name: EXECUTION_DRAIN_DELAY
    value: {{ printf "%ds" (int .Values.shutdown.drainDelaySeconds) }}
  - name: EXECUTION_DRAIN_GRACE
    value: {{ printf "%ds" (int .Values.shutdown.drainGraceSeconds) }}
  {{- range $name, $value := .Values.settings }}
  - name: EXECUTION_{{ upper $name }}
    {{- /* As it is, a large number would be written as a power of ten. */}}
    value: {{ ternary (int64 $value) $value (kindIs "float64" $value) | quote }}
  {{- end }}
{{- end -}}

{{- /* Ask how the server is: (dict "root" . "service" NAME). The probes of Kubernetes speak TLS only from 1.37 on. */ -}}
{{- define "execution.probe" -}}
{{- if .root.Values.tls.existingSecret -}}
exec:
  command: [execution-server, health, --service, {{ .service }}]
timeoutSeconds: 10
{{- else -}}
grpc:
  port: 50051
  service: {{ .service }}
timeoutSeconds: 3
{{- end -}}
{{- end -}}

{{- define "execution.appProtocol" -}}
{{- ternary "https" "kubernetes.io/h2c" (not (empty .Values.tls.existingSecret)) -}}
{{- end -}}
