/** A small Istio configuration that shows what commands do with one. */

const TEMPLATE = `
    {{- $containers := list }}
    metadata:
      labels:
        security.istio.io/tlsMode: istio
      annotations:
        istio.io/rev: {{ .Revision | default "default" | quote }}
        example.com/workload: "{{ .DeploymentMeta.Name }}"
    spec:
      containers:
      - name: istio-proxy
        image: "{{ .ProxyImage }}"
        args: [proxy, "{{ .TypeMeta.Kind }}", "{{ .ProxyUID }}"]
      volumes:
      - name: istio-data
        emptyDir: {}`;

export const INJECT_CONFIG = `policy: enabled
defaultTemplates: [sidecar]
neverInjectSelector:
- matchLabels: {team: loner}
templates:
  sidecar: |${TEMPLATE}
  extra: |
    metadata:
      annotations:
        example.com/extra: "yes"
`;
export const VALUES = JSON.stringify({ global: { hub: 'registry.example.com/istio', tag: '1.30.2', proxy: {} } });
export const MESH_CONFIG = 'trustDomain: example.com\n';

export function configMap(name: string, data: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'istio-system' }, data };
}

/** The ConfigMaps of a revision; '' is the one without a name. */
export function revisionConfigMaps(revision: string): object[] {
  const suffix = revision === '' ? '' : `-${revision}`;
  return [
    configMap(`istio-sidecar-injector${suffix}`, { config: INJECT_CONFIG, values: VALUES }),
    configMap(`istio${suffix}`, { mesh: MESH_CONFIG }),
  ];
}

/** A Deployment as somebody wrote it. */
export const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop} # the shop's front
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: app
        image: example.com/web:1
`;
