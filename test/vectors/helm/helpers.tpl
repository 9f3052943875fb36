{{ define "hello" }}hello {{ .name }}{{ end -}}
{{ define "labels" }}app: {{ .name }}
tier: {{ default "none" .tier }}{{ end -}}
{{ define "missing" }}[{{ .Values.absent }}]{{ end -}}
{{ define "again" }}{{ if gt (int .) 0 }}{{ . }}{{ include "again" (sub . 1) }}{{ end }}{{ end -}}
{{ define "forever" }}{{ include "forever" . }}{{ end -}}
