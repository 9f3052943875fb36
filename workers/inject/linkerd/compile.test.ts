import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyPatch } from '../../jsonpatch/apply.ts';
import type { ClusterContext, LinkerdRevisionSpec } from '../../protocol.ts';
import type { JsonObject } from '../../template/value.ts';
import type { Container, Pod } from '../istio/pod.ts';
import { CompileError, type InjectDecision } from '../provider.ts';
import { compileLinkerdRevision } from './compile.ts';

const VALUES = `
linkerdVersion: edge-26.8.1
imagePullPolicy: IfNotPresent
clusterDomain: cluster.local
clusterNetworks: 10.0.0.0/8,fd00::/8
disableIPv6: true
identity: {serviceAccountTokenProjection: true}
debugContainer: {image: {name: cr.l5d.io/linkerd/debug}}
proxy:
  image: {name: cr.l5d.io/linkerd/proxy}
  ports: {admin: 4191, control: 4190, inbound: 4143, outbound: 4140}
  resources: {cpu: {request: 100m}}
  livenessProbe: {initialDelaySeconds: 10, timeoutSeconds: 1}
  readinessProbe: {initialDelaySeconds: 2, timeoutSeconds: 1}
  metrics: {hostnameLabels: false}
  uid: 2102
  gid: -1
  logLevel: warn
  logFormat: plain
  opaquePorts: "25,3306"
  await: true
proxyInit:
  iptablesMode: nft
  xtMountPath: {name: linkerd-proxy-init-xtables-lock, mountPath: /run}
`;

function spec(values = VALUES): LinkerdRevisionSpec {
  return {
    provider: 'linkerd',
    values,
    trustAnchors: '-----BEGIN CERTIFICATE-----\n',
    controlPlaneNamespace: 'linkerd',
  };
}

function compile(values?: string) {
  return compileLinkerdRevision({ digest: 'd', mesh: 'linkerd', name: 'edge', spec: spec(values) });
}

function podWith(annotations: Record<string, string>, extra: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', annotations: { 'linkerd.io/inject': 'enabled', ...annotations } },
    spec: { containers: [{ name: 'app', image: 'app', ports: [{ name: 'db', containerPort: 3306 }] }], ...extra },
  };
}

function cluster(annotations: Record<string, string> = {}): ClusterContext {
  return { namespace: { labels: {}, annotations }, owners: {}, nodes: [], nodesKnown: false };
}

function inject(object: JsonObject, context = cluster(), values?: string): InjectDecision {
  const kind = { group: '', version: 'v1', kind: String(object['kind']) };
  return compile(values).inject({
    uid: 'u',
    kind,
    namespace: 'shop',
    operation: 'CREATE',
    object,
    params: {},
    cluster: context,
  });
}

function injected(object: JsonObject, context = cluster()): Pod {
  const decision = inject(object, context);
  assert.equal(decision.kind, 'patched', JSON.stringify(decision));
  return applyPatch(object, decision.kind === 'patched' ? decision.patch : []) as Pod;
}

function proxyOf(pod: Pod): Container {
  const proxy = pod.spec.containers?.find(({ name }) => name === 'linkerd-proxy');
  assert.ok(proxy);
  return proxy;
}

/** The proxy's environment of an injected pod, by name. */
function envOf(object: JsonObject): Map<string, string | undefined> {
  return new Map(proxyOf(injected(object)).env?.map(({ name, value }) => [name, value]));
}

test('annotation values that break the YAML of Linkerd come out as they are', () => {
  const image = 'registry.example.com/proxy: "x" # y';
  const proxy = proxyOf(
    injected(podWith({ 'config.linkerd.io/proxy-image': image, 'config.linkerd.io/proxy-log-level': 'a"b\\c\n},]' })),
  );
  assert.equal(proxy.image, `${image}:edge-26.8.1`);
  assert.equal(
    proxy.env?.find(({ name }) => name === 'LINKERD2_PROXY_LOG')?.value,
    'a"b\\c\n},],[{headers}]=off,[{request}]=off',
  );
});

test("a namespace's additional environment is inherited with its quotes, by name under the pod's", () => {
  const json = (value: string) => JSON.stringify([{ name: 'A', value }]);
  const key = 'config.linkerd.io/proxy-additional-env';
  const inherited = injected(podWith({}), cluster({ [key]: json('namespace') }));
  assert.equal(inherited.metadata.annotations?.[key], json('namespace'));
  assert.equal(proxyOf(inherited).env?.at(-1)?.value, 'namespace');
  const own = injected(podWith({ [key]: json('pod') }), cluster({ [key]: json('namespace') }));
  assert.deepEqual(own.metadata.annotations?.[key], json('pod'));
  assert.equal(proxyOf(own).env?.filter(({ name }) => name === 'A').length, 1);
  assert.equal(proxyOf(own).env?.at(-1)?.value, 'pod');
});

test('a pod that is not injected still gets the opaque ports it exposes', () => {
  const object = podWith({ 'linkerd.io/inject': 'disabled' });
  const decision = inject(object);
  assert.equal(decision.kind, 'skipped');
  assert.deepEqual(decision.kind === 'skipped' && decision.patch, [
    { op: 'add', path: '/metadata/annotations/config.linkerd.io~1opaque-ports', value: '3306' },
  ]);
});

test('every reason against an injection is given, in order of the decision', () => {
  const extra = { hostNetwork: true, initContainers: [{ name: 'linkerd-init' }], containers: [{ name: 'app' }] };
  const decision = inject(podWith({ 'linkerd.io/inject': 'maybe' }, extra));
  assert.deepEqual(decision.kind === 'skipped' && decision.reasons, [
    'host_network_enabled',
    'sidecar_already_exists',
    'invalid_inject_annotation_at_workload',
  ]);
});

test('a ReplicaSet that nobody knows is told from its name; one that a cluster does not have is its own owner', () => {
  const object = podWith({});
  const metadata = object['metadata'] as JsonObject;
  metadata['labels'] = { 'pod-template-hash': '5d4f' };
  metadata['ownerReferences'] = [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', uid: 'u', controller: true },
  ];
  assert.equal(injected(object).metadata.labels?.['linkerd.io/proxy-deployment'], 'web');
  const known = injected(object, { ...cluster(), ownersKnown: true });
  assert.equal(known.metadata.labels?.['linkerd.io/proxy-replicaset'], 'web-5d4f');
});

test('keys of user data that JavaScript objects have by themselves are keys like any other', () => {
  const annotations = JSON.parse('{"__proto__": "x", "constructor": "y", "linkerd.io/inject": "enabled"}') as Record<
    string,
    string
  >;
  const object = podWith({});
  (object['metadata'] as JsonObject)['annotations'] = annotations;
  const pod = injected(object, { ...cluster(), owners: JSON.parse('{"__proto__": {}}') });
  assert.equal(Object.getOwnPropertyDescriptor(pod.metadata.annotations ?? {}, '__proto__')?.value, 'x');
  assert.equal(pod.metadata.annotations?.['constructor'], 'y');
  assert.equal(({} as Record<string, unknown>)['linkerd.io/inject'], undefined);
});

test('values of wrong types and missing ones are all reported when the revision is loaded', () => {
  const broken = VALUES.replace('uid: 2102', 'uid: "2102"')
    .replace('await: true', 'await: "yes"')
    .replace('identity:', 'identities:');
  assert.throws(
    () => compile(broken),
    (error: unknown) => {
      assert.ok(error instanceof CompileError);
      const codes = error.problems.map(({ code, message }) => `${code} ${message.split(' ')[0]}`).sort();
      assert.deepEqual(codes, [
        'LINKERD_VALUES_MISSING identity',
        'LINKERD_VALUES_TYPE proxy.await',
        'LINKERD_VALUES_TYPE proxy.uid',
      ]);
      return true;
    },
  );
});

test('numbers and booleans of the values are text where text is wanted', () => {
  const values = VALUES.replace('logLevel: warn', 'logLevel: 3')
    .replace('opaquePorts: "25,3306"', 'opaquePorts: 3306')
    .replace('  await: true', '  await: true\n  additionalEnv: [{name: LIMIT, value: 7}, {name: FLAG, value: true}]');
  const decision = inject(podWith({}), cluster(), values);
  assert.equal(decision.kind, 'patched', JSON.stringify(decision));
  const pod = applyPatch(podWith({}), decision.kind === 'patched' ? decision.patch : []) as Pod;
  assert.equal(pod.metadata.annotations?.['config.linkerd.io/opaque-ports'], '3306');
  const log = proxyOf(pod).env?.find(({ name }) => name === 'LINKERD2_PROXY_LOG');
  assert.equal(log?.value, '3,[{headers}]=off,[{request}]=off');
  assert.deepEqual(proxyOf(pod).env?.slice(-2), [
    { name: 'LIMIT', value: '7' },
    { name: 'FLAG', value: 'true' },
  ]);
});

test('what no proxy can be made of is denied with a code', () => {
  const networks = inject(podWith({}), cluster(), VALUES.replace('10.0.0.0/8', '10.0.0.0'));
  assert.equal(networks.kind === 'denied' && networks.code, 'LINKERD_VALUES_INVALID');
  const mount = inject(podWith({}), cluster(), VALUES.replace('xtMountPath', 'xtMount'));
  assert.equal(mount.kind === 'denied' && mount.code, 'LINKERD_VALUES_INVALID');
  const headers = inject(podWith({ 'config.linkerd.io/proxy-log-http-headers': 'all' }));
  assert.equal(headers.kind === 'denied' && headers.code, 'ANNOTATION_INVALID');
  const closeWait = inject(podWith({ 'config.linkerd.io/close-wait-timeout': '30s' }));
  assert.equal(closeWait.kind === 'denied' && closeWait.code, 'ANNOTATION_INVALID');
  const empty = inject(podWith({}, { containers: null }));
  assert.equal(empty.kind === 'denied' && empty.code, 'POD_MALFORMED');
});

// Of what follows, Linkerd's own injector made the expected values of the same pods.
test('a probe without a port counts as port 0 of the inbound ports', () => {
  const containers = [
    { name: 'app', image: 'app', ports: [{ containerPort: 9090 }], livenessProbe: { httpGet: { path: '/x' } } },
  ];
  assert.equal(envOf(podWith({}, { containers })).get('LINKERD2_PROXY_INBOUND_PORTS'), '0,9090');
});

test('a pod whose annotations and labels are empty members is injected', () => {
  const pod = { ...podWith({}), metadata: { name: 'web', annotations: null, labels: null } };
  const decision = inject(pod, cluster({ 'linkerd.io/inject': 'enabled' }));
  assert.equal(decision.kind, 'patched', JSON.stringify(decision));
  const { metadata } = applyPatch(pod, decision.kind === 'patched' ? decision.patch : []) as Pod;
  assert.equal(metadata.labels?.['linkerd.io/control-plane-ns'], 'linkerd');
  assert.equal(metadata.annotations?.['linkerd.io/proxy-version'], 'edge-26.8.1');
});

describe('cores', () => {
  const cores = (annotations: Record<string, string>) => {
    const env = envOf(podWith(annotations));
    return ['CORES', 'CORES_MIN', 'CORES_MAX', 'CORES_MAX_RATIO'].map((name) => env.get(`LINKERD2_PROXY_${name}`));
  };
  const none = [undefined, undefined, undefined, undefined];

  test('are none where a request has more digits than Kubernetes holds as an integer', () => {
    assert.deepEqual(cores({ 'config.linkerd.io/proxy-cpu-request': '99999999999999999999' }), none);
    assert.deepEqual(cores({ 'config.linkerd.io/proxy-cpu-limit': '99999999999999999999' }), none);
    assert.deepEqual(cores({ 'config.linkerd.io/proxy-cpu-request': '1500m' }), ['2', '2', undefined, undefined]);
  });

  test('take a ratio in any of the forms of a Go float', () => {
    const ratio = (text: string) => cores({ 'config.linkerd.io/proxy-cpu-ratio-limit': text })[3];
    assert.deepEqual(['0.25', '0x1p-2', '0.2_5', '25e-2', '1', 'inf', ' 0.25'].map(ratio), [
      '0.25',
      '0.25',
      '0.25',
      '0.25',
      undefined,
      undefined,
      undefined,
    ]);
    const notANumber = inject(podWith({ 'config.linkerd.io/proxy-cpu-ratio-limit': 'nan' }));
    assert.equal(notANumber.kind === 'denied' && notANumber.code, 'ANNOTATION_INVALID');
  });
});

test('a group beyond the range of numbers in the template is none', () => {
  const pod = injected(podWith({ 'config.linkerd.io/proxy-gid': '9223372036854775807' }));
  assert.equal(proxyOf(pod).securityContext?.runAsGroup, undefined);
  assert.ok(!JSON.stringify(pod.spec.initContainers).includes('--proxy-gid'));
});

test('an image is without the space around it', () => {
  const pod = injected(
    podWith({ 'config.linkerd.io/proxy-version': 'v1 ', 'config.linkerd.io/image-pull-policy': ' Never' }),
  );
  assert.equal(proxyOf(pod).image, 'cr.l5d.io/linkerd/proxy:v1');
  assert.equal(proxyOf(pod)['imagePullPolicy'], 'Never');
});

test('an additional variable of a resource has the divisor that Kubernetes gives it', () => {
  const from = (divisor: JsonObject) => [
    { name: 'R', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', ...divisor } } },
  ];
  const added = JSON.stringify([...from({}), { NAME: 'FOLDED', Value: '1', other: 2 }]);
  const pod = injected(podWith({ 'config.linkerd.io/proxy-additional-env': added }));
  assert.deepEqual(proxyOf(pod).env?.slice(-2), [...from({ divisor: '0' }), { name: 'FOLDED', value: '1' }]);
});

test('a workload without containers gets the proxy as its only one', () => {
  assert.deepEqual(
    injected(podWith({}, { containers: [] })).spec.containers?.map(({ name }) => name),
    ['linkerd-proxy'],
  );
});

describe('a pod that is none to Kubernetes is denied', () => {
  const specs: Readonly<Record<string, JsonObject>> = {
    'containers that are a text': { containers: 'x' },
    'a container that is null': { containers: [null] },
    'ports that are a mapping': { containers: [{ name: 'app', image: 'app', ports: {} }] },
    'an image that is a number': { containers: [{ name: 'app', image: 1 }] },
    'init containers that are a number': { initContainers: 1 },
  };
  for (const [name, spec] of Object.entries(specs)) {
    test(name, () => {
      const decision = inject(podWith({}, spec));
      assert.equal(decision.kind === 'denied' && decision.code, 'POD_MALFORMED', JSON.stringify(decision));
    });
  }

  test('owners of no kind', () => {
    const pod = podWith({});
    const decision = inject({
      ...pod,
      metadata: { ...(pod['metadata'] as JsonObject), ownerReferences: [{ kind: 1 }] },
    });
    assert.equal(decision.kind === 'denied' && decision.code, 'POD_MALFORMED', JSON.stringify(decision));
  });
});
