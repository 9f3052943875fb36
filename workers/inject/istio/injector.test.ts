import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyPatch } from '../../jsonpatch/apply.ts';
import type { Operation } from '../../jsonpatch/operation.ts';
import type { JsonObject } from '../../template/value.ts';
import { CompileError, type InjectDecision } from '../provider.ts';
import { reasonOf } from '../reason.ts';
import { injector, NO_CLUSTER, podOf, revisionSpec } from './fixture.ts';
import { compileIstioRevision } from './injector.ts';
import { type Container, findContainer, findInPod, type Pod } from './pod.ts';

const inject = injector();

function patchedPod(object: JsonObject, decision: InjectDecision): Pod {
  assert.equal(decision.kind, 'patched', JSON.stringify(decision));
  return applyPatch(object, (decision as { patch: readonly Operation[] }).patch) as Pod;
}

function envOf(pod: Pod, name: string): string | undefined {
  return findInPod('istio-proxy', pod.spec)?.env?.find((variable) => variable.name === name)?.value;
}

function names(containers: readonly Container[] | null | undefined): string[] {
  return (containers ?? []).map(({ name }) => name);
}

test('the proxy comes last, its init container last, and the status says what came', () => {
  const object = podOf({}, {}, { initContainers: [{ name: 'own', image: 'i' }] });
  const pod = patchedPod(object, inject(object));
  assert.deepEqual(names(pod.spec.containers), ['app', 'istio-proxy']);
  assert.deepEqual(names(pod.spec.initContainers), ['own', 'istio-init']);
  const { annotations = {} } = pod.metadata;
  assert.equal(
    annotations['sidecar.istio.io/status'],
    '{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":["istio-envoy","workload-socket"],"imagePullSecrets":null,"revision":"blue"}',
  );
  assert.equal(annotations['example.com/injected'], 'yes');
  assert.deepEqual(pod.spec.volumes?.at(-1), { name: 'workload-socket' }, 'a null source leaves the name alone');
  assert.deepEqual(findContainer('istio-proxy', pod.spec.containers)?.['resources'], { limits: { memory: '1Gi' } });
});

test('as a native sidecar the proxy stands first among the init containers, with the user settings for it', () => {
  const native = injector({ nativeSidecars: 'Always' });
  const object = podOf({}, {}, { initContainers: [{ name: 'own', image: 'i' }] });
  (object['spec'] as Pod['spec']).containers?.push({
    name: 'istio-proxy',
    image: 'auto',
    env: [{ name: 'A', value: 'b' }],
  });
  const pod = patchedPod(object, native(object));
  assert.deepEqual(names(pod.spec.containers), ['app']);
  assert.deepEqual(names(pod.spec.initContainers), ['istio-init', 'istio-proxy', 'own']);
  assert.equal(envOf(pod, 'A'), 'b');
  assert.equal(findInPod('istio-proxy', pod.spec)?.image, 'hub/proxyv2:1.31.0');
});

test('nodes decide about native sidecars: all of them, or the one the pod is bound to', () => {
  const auto = injector({ nativeSidecars: 'Auto' });
  const nodes = [
    { name: 'new', kubeletVersion: 'v1.33.1-eks' },
    { name: 'old', kubeletVersion: 'v1.32.9' },
  ];
  const isNative = (spec: JsonObject, known: boolean) => {
    const object = podOf({}, {}, spec);
    const decision = auto(object, { cluster: { ...NO_CLUSTER, nodes, nodesKnown: known } });
    return findContainer('istio-proxy', patchedPod(object, decision).spec.initContainers) !== undefined;
  };
  assert.equal(isNative({}, true), false);
  assert.equal(isNative({ nodeName: 'new' }, true), true);
  assert.equal(isNative({ nodeName: 'unknown' }, true), false);
  assert.equal(isNative({ nodeName: 'new' }, false), false);
});

test('a user setting for the proxy wins over the template and is kept in an annotation', () => {
  const object = podOf();
  (object['spec'] as Pod['spec']).containers?.push({
    name: 'istio-proxy',
    image: 'auto',
    securityContext: { runAsUser: 7 },
    resources: { limits: { memory: '2Gi' } },
  });
  const pod = patchedPod(object, inject(object));
  const proxy = findContainer('istio-proxy', pod.spec.containers);
  assert.equal(proxy?.image, 'hub/proxyv2:1.31.0');
  assert.deepEqual(proxy?.['resources'], { limits: { memory: '2Gi' } });
  assert.equal(
    pod.metadata.annotations?.['proxy.istio.io/overrides'],
    '{"containers":[{"name":"istio-proxy","resources":{"limits":{"memory":"2Gi"}},"securityContext":{"runAsUser":7}}]}',
  );
  const init = findContainer('istio-init', pod.spec.initContainers);
  assert.deepEqual(init?.args, ['istio-iptables', '-u', '7'], 'traffic of that user is the proxy’s');
});

test('the URL names cluster and network', () => {
  const object = podOf();
  const pod = patchedPod(object, inject(object, { params: { net: 'n1', cluster: 'c1', other: 'x' } }));
  const env = findInPod('istio-proxy', pod.spec)?.env ?? [];
  assert.deepEqual(env.slice(-3), [
    { name: 'ISTIO_META_CLUSTER_ID', value: 'c1' },
    { name: 'ISTIO_META_NETWORK', value: 'n1' },
    { name: 'OTHER', value: 'x' },
  ]);
  assert.equal(pod.metadata.labels?.['topology.istio.io/network'], 'n1');
});

test('several templates merge one after another, and an alias stands for them', () => {
  const object = podOf({ annotations: { 'inject.istio.io/templates': 'both' } });
  const pod = patchedPod(object, inject(object));
  assert.deepEqual(names(pod.spec.containers), ['extra', 'app', 'istio-proxy']);
});

test('every way to be denied has its code', () => {
  const cases: [JsonObject, string][] = [
    [podOf({ name: 5 }), 'POD_MALFORMED'],
    [podOf({ annotations: { 'sidecar.istio.io/interceptionMode': 'x' } }), 'ANNOTATION_INVALID'],
    [podOf({ annotations: { 'proxy.istio.io/config': 'a: [' } }), 'ANNOTATION_INVALID'],
    [podOf({ annotations: { 'sidecar.istio.io/status': '{"containers":"x"}' } }), 'STATUS_ANNOTATION_INVALID'],
    [podOf({ annotations: { 'proxy.istio.io/overrides': 'x' } }), 'OVERRIDES_ANNOTATION_INVALID'],
    [podOf({ annotations: { 'inject.istio.io/templates': 'sidecar,nope' } }), 'TEMPLATE_UNKNOWN'],
    [podOf({ annotations: { 'inject.istio.io/templates': 'failing' } }), 'TEMPLATE_FAILED'],
    [podOf({ annotations: { 'inject.istio.io/templates': 'broken' } }), 'OVERLAY_MALFORMED'],
    [podOf({ annotations: { 'inject.istio.io/templates': 'wrong' } }), 'OVERLAY_INVALID'],
    [podOf({ annotations: { 'prometheus.io/port': '15090' } }), 'SCRAPE_PORT_INVALID'],
  ];
  for (const [object, code] of cases) {
    const decision = inject(object);
    assert.equal(decision.kind, 'denied', JSON.stringify(decision));
    assert.equal((decision as { code: string }).code, code);
    assert.equal(reasonOf(code)?.kind, 'denied');
  }
});

test('a hostile name in a pod is data, not code: it can not break out of its place unnoticed', () => {
  const object = podOf({}, { name: 'a", "b' });
  assert.equal(inject(object).kind === 'patched' || inject(object).kind === 'denied', true);
  const polluted = podOf({ labels: JSON.parse('{"__proto__":"x","constructor":"y"}') as JsonObject });
  const pod = patchedPod(polluted, inject(polluted));
  assert.equal(Object.hasOwn(pod.metadata.labels ?? {}, '__proto__'), true);
  assert.equal(({} as JsonObject)['x'], undefined);
});

test('the pod keeps what no type knows, and what the types would spell in another way', () => {
  const object = podOf(
    { managedFields: [{ manager: 'm' }] },
    { future: 'x', resources: { limits: { memory: '1024Mi' } } },
    { later: 1 },
  );
  const pod = patchedPod(object, inject(object));
  const app = findContainer('app', pod.spec.containers);
  assert.equal(app?.['future'], 'x');
  assert.deepEqual(app?.['resources'], { limits: { memory: '1024Mi' } });
  assert.equal(pod.spec['later'], 1);
  assert.deepEqual(pod.metadata['managedFields'], [{ manager: 'm' }]);
  assert.equal(pod.metadata.namespace, undefined);
});

test('a revision that does not compile tells all problems of its texts at once, with their place', () => {
  const spec = revisionSpec({
    injectConfig: 'policy: enabled\ntemplates:\n  sidecar: |\n    a: 1\n    b: {{ nope }}\n  other: "{{"\n',
    values: '{"global":{"hub":5,"proxy":"x"}}',
    meshConfig: 'defaultConfig: {statusPort: text}\n',
  });
  assert.throws(
    () => compileIstioRevision({ digest: '', mesh: 'm', name: 'r', spec }, spec),
    (error: unknown) => {
      assert.ok(error instanceof CompileError);
      const seen = error.problems.map(({ code, field }) => `${field} ${code}`);
      assert.ok(seen.includes('injectConfig TEMPLATE_SYNTAX'));
      assert.equal(seen.filter((item) => item === 'injectConfig TEMPLATE_SYNTAX').length, 2);
      assert.ok(seen.includes('values VALUES_TYPE'));
      assert.ok(seen.some((item) => item.startsWith('meshConfig ')));
      const sidecar = error.problems.find(({ message }) => message.startsWith('templates.sidecar'));
      assert.equal(sidecar?.line, 5);
      return true;
    },
  );
});
