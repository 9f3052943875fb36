/** A small inject configuration for tests: the moves of Istio's sidecar template, in a few lines. Tests alone import this. */
import type { ClusterContext, IstioRevisionSpec } from '../../protocol.ts';
import type { JsonObject } from '../../template/value.ts';
import type { InjectDecision, InjectRequest } from '../provider.ts';
import { compileIstioRevision } from './injector.ts';

const SIDECAR = `
metadata:
  annotations:
    istio.io/rev: {{ .Revision | default "default" | quote }}
  labels:
    service.istio.io/canonical-name: {{ index .ObjectMeta.Labels "app" | default .DeploymentMeta.Name | quote }}
spec:
  initContainers:
  - name: istio-init
    image: "{{ .ProxyInitImage }}"
    args: [istio-iptables, "-u", "{{ .ProxyUID }}"]
  {{ if not .NativeSidecars }}
  containers:
  {{ end }}
  - name: istio-proxy
    image: "{{ .ProxyImage }}"
    {{ if .NativeSidecars }}restartPolicy: Always{{ end }}
    args: [proxy, sidecar]
    securityContext:
      runAsUser: {{ .ProxyUID }}
    resources:
      limits:
        memory: 1024Mi
    env:
    - name: PROXY_CONFIG
      value: |
        {{ protoToJSON .ProxyConfig }}
    - name: ISTIO_META_APP_CONTAINERS
      value: {{ range $i, $c := .Spec.Containers }}{{ if $i }},{{ end }}{{ $c.Name }}{{ end }}
    volumeMounts:
    - name: istio-envoy
      mountPath: /etc/istio/proxy
  volumes:
  - name: istio-envoy
    emptyDir:
      medium: Memory
  - name: workload-socket
    emptyDir:
`;

function indented(text: string, spaces: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(spaces)}`);
}

export const INJECT_CONFIG = `policy: enabled
defaultTemplates: [sidecar]
neverInjectSelector:
- matchLabels: {team: never}
- {}
alwaysInjectSelector:
- matchLabels: {team: always}
injectedAnnotations: {example.com/injected: "yes"}
aliases:
  both: [sidecar, extra]
templates:
  extra: |
    spec:
      containers:
      - name: extra
        image: extra:1
  broken: |
    spec: [unclosed
  failing: '{{ fail "on purpose" }}'
  wrong: |
    metadata:
      annotations:
        number: 5
  sidecar: |${indented(SIDECAR, 4)}
`;

export const VALUES = JSON.stringify({
  global: { hub: 'hub', tag: '1.31.0', proxy: { image: 'proxyv2' }, proxy_init: { image: 'proxyv2' } },
  sidecarInjectorWebhook: { rewriteAppHTTPProbe: true },
});

/** The spec of a revision with some of it replaced. */
export function revisionSpec(changes: Partial<IstioRevisionSpec> = {}): IstioRevisionSpec {
  return {
    provider: 'istio',
    injectConfig: INJECT_CONFIG,
    values: VALUES,
    meshConfig: '',
    revision: 'blue',
    platform: '',
    compliancePolicy: '',
    env: {},
    nativeSidecars: 'Never',
    ...changes,
  };
}

export const NO_CLUSTER: ClusterContext = { namespace: null, owners: {}, nodes: [], nodesKnown: false };

/** Compiles and injects one object. */
export function injector(
  changes: Partial<IstioRevisionSpec> = {},
): (object: JsonObject, request?: Partial<InjectRequest>) => InjectDecision {
  const spec = revisionSpec(changes);
  const revision = compileIstioRevision({ digest: 'fixture', mesh: 'mesh', name: spec.revision, spec }, spec);
  return (object, request = {}) =>
    revision.inject({
      uid: 'uid',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: 'shop',
      operation: 'CREATE',
      object,
      params: {},
      cluster: NO_CLUSTER,
      ...request,
    });
}

/** A pod with one application container. */
export function podOf(metadata: JsonObject = {}, container: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', ...metadata },
    spec: { containers: [{ name: 'app', image: 'app:1', resources: {}, ...container }], ...spec },
    status: {},
  };
}
