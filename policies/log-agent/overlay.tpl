{{- /*
  What this yields is a partial pod, merged into the real one as `kubectl patch` merges: lists of containers, volumes and environment
  by name, the rest member by member. What is not mentioned stays as it is.

  Its data: .Pod, .ObjectMeta and .Spec with their Go names (.Spec.Containers, .ObjectMeta.Labels), .Values, .Mesh, .Revision,
  .Namespace (.Name, .Labels, .Annotations), .Owner (.Kind, .Name: the workload behind the pod), .Params (further KEY/VALUE pairs of the
  webhook's address). Its functions: Go's own, sprig's, and Helm's (include, toYaml, required …).
*/ -}}
{{- $directory := index .ObjectMeta.Annotations "log-agent.example.com/directory" | default .Values.logDirectory }}
metadata:
  labels:
    log-agent.example.com/revision: {{ .Revision | quote }}
spec:
  {{- /* New elements of a list come first, unless an order is given: here the pod's own containers stay in front. */}}
  $setElementOrder/containers:
    {{- range .Spec.Containers }}
    - name: {{ .Name }}
    {{- end }}
    - name: log-agent
  containers:
    {{- /* Every container of the pod gets the shared folder, and is told of it. */}}
    {{- range .Spec.Containers }}
    - name: {{ .Name }}
      env:
        - name: LOG_DIRECTORY
          value: {{ $directory | quote }}
      volumeMounts:
        - name: log-agent-files
          mountPath: {{ $directory | quote }}
    {{- end }}
    - name: log-agent
      image: {{ required "values.image names the agent's image" .Values.image | quote }}
      args: [--config, /etc/vector/vector.yaml]
      env:
        - name: LOG_ENDPOINT
          value: {{ .Values.endpoint | quote }}
        - name: LOG_FILES
          value: {{ printf "%s/*.log" $directory | quote }}
        - name: LOG_TAGS
          value: {{ dict "cluster" (index .Params "cluster" | default "unknown") "namespace" .Namespace.Name "workload" (printf "%s/%s" (lower .Owner.Kind) .Owner.Name) | toJson | quote }}
        - name: NODE_NAME
          valueFrom:
            fieldRef: { fieldPath: spec.nodeName }
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        runAsUser: 65532
        capabilities: { drop: [ALL] }
        seccompProfile: { type: RuntimeDefault }
      volumeMounts:
        - name: log-agent-files
          mountPath: {{ $directory | quote }}
          readOnly: true
        - name: log-agent-state
          mountPath: /var/lib/vector
  volumes:
    - name: log-agent-files
      emptyDir: { sizeLimit: {{ .Values.sizeLimit }} }
    - name: log-agent-state
      emptyDir: { sizeLimit: 64Mi }
