import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkerdRevisionSpec } from '../../protocol.ts';
import type { JsonObject } from '../../template/value.ts';
import type { InjectRequest } from '../provider.ts';
import { compileLinkerd, compileLinkerdRevision } from './compile.ts';
import { explainLinkerd } from './explain.ts';

const SPEC: LinkerdRevisionSpec = {
  provider: 'linkerd',
  values: `
linkerdVersion: edge-26.8.1
identity: {serviceAccountTokenProjection: false}
proxy:
  image: {name: registry.example/proxy}
  ports: {admin: 4191, control: 4190, inbound: 4143, outbound: 4140}
  resources: {}
  metrics: {}
  livenessProbe: {}
  readinessProbe: {}
  opaquePorts: '3306'
  nativeSidecar: true
proxyInit: {iptablesMode: nft, xtMountPath: {name: lock, mountPath: /run}}
`,
  trustAnchors: 'PEM',
  controlPlaneNamespace: 'linkerd',
};
const TOKEN = { name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };

function explain(pod: JsonObject, annotations: Record<string, string> | null) {
  const request: InjectRequest = {
    uid: '1',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'shop',
    operation: 'CREATE',
    object: pod,
    params: {},
    cluster: {
      namespace: annotations === null ? null : { labels: {}, annotations },
      owners: {},
      nodes: [],
      nodesKnown: false,
    },
  };
  const revision = compileLinkerdRevision({ digest: '', mesh: 'm', name: 'r', spec: SPEC });
  const steps = explainLinkerd(compileLinkerd(SPEC), request, revision.inject(request));
  return new Map(steps.map((step) => [step.rule, step]));
}

function pod(spec: JsonObject = {}, annotations: JsonObject = {}): JsonObject {
  const containers = [{ name: 'app', image: 'i', ports: [{ containerPort: 3306 }], volumeMounts: [TOKEN] }];
  return { kind: 'Pod', metadata: { annotations }, spec: { containers, ...spec } };
}

test('all reasons are told, not only the first, and what is patched all the same', () => {
  const steps = explain(pod({ hostNetwork: true, automountServiceAccountToken: false }), null);
  assert.deepEqual(
    [...steps.values()].filter(({ effect }) => effect === 'skip').map(({ code }) => code),
    ['host_network_enabled', 'injection_enable_annotation_absent', 'disabled_automount_service_account_token_account'],
  );
  assert.equal(
    steps.get('injectAnnotation')?.saw,
    'annotation linkerd.io/inject: not known at namespace shop, not set at the pod',
  );
  assert.equal(
    steps.get('opaquePorts')?.says,
    'it gets annotation config.linkerd.io/opaque-ports: "3306" all the same',
  );
});

test('an injected pod is told its settings and where they come from', () => {
  const steps = explain(pod({}, { 'config.linkerd.io/proxy-cpu-limit': '1', 'config.linkerd.io/typo': 'x' }), {
    'linkerd.io/inject': 'enabled',
    'config.linkerd.io/proxy-cpu-limit': '2',
    'config.linkerd.io/access-log': 'apache',
  });
  assert.equal(steps.get('namespaceSettings')?.says, 'the pod inherits config.linkerd.io/access-log');
  assert.match(steps.get('podSettings')?.says ?? '', /knows nothing of config\.linkerd\.io\/typo/);
  assert.deepEqual(steps.get('nativeSidecar')?.effect, 'inject');
});

test('a denial names what is wrong', () => {
  const steps = explain(pod({}, { 'config.linkerd.io/proxy-log-http-headers': 'all' }), {
    'linkerd.io/inject': 'enabled',
  });
  assert.equal(steps.get('settings')?.code, 'ANNOTATION_INVALID');
  assert.match(steps.get('settings')?.says ?? '', /logHTTPHeaders is "all"/);
});

test('a kind that has no pod is no pod', () => {
  const steps = explain({ kind: 'Service', metadata: {}, spec: {} }, {});
  assert.deepEqual([...steps.keys()], ['kind']);
  assert.equal(steps.get('kind')?.code, 'unsupported_resource');
});
