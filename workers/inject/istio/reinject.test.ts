import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyPatch } from '../../jsonpatch/apply.ts';
import type { JsonObject } from '../../template/value.ts';
import type { InjectDecision } from '../provider.ts';
import { injector, podOf } from './fixture.ts';
import { findContainer, findInPod, type Pod } from './pod.ts';

const blue = injector();
const green = injector({
  revision: 'green',
  values: '{"global":{"hub":"other","tag":"2"},"sidecarInjectorWebhook":{"rewriteAppHTTPProbe":true}}',
});

function applied(object: JsonObject, decision: InjectDecision): JsonObject {
  if (decision.kind !== 'patched') assert.fail(JSON.stringify(decision));
  return applyPatch(object, decision.patch) as JsonObject;
}

const ORIGINAL = podOf(
  { annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9090' } },
  {
    ports: [{ name: 'http', containerPort: 80 }],
    readinessProbe: { httpGet: { path: '/ready', port: 'http' }, timeoutSeconds: 3 },
    livenessProbe: { grpc: { port: 9000, service: null } },
  },
);
(ORIGINAL['spec'] as Pod['spec']).containers?.push({
  name: 'istio-proxy',
  image: 'auto',
  env: [{ name: 'MINE', value: 'kept' }],
});

test('a second injection by the same revision changes nothing', () => {
  const once = applied(ORIGINAL, blue(ORIGINAL));
  assert.deepEqual(blue(once), { kind: 'skipped', reason: 'ALREADY_INJECTED' });
});

test('another revision replaces the sidecar and keeps the user settings, probes and scrape annotations', () => {
  const fresh = applied(ORIGINAL, green(ORIGINAL)) as Pod;
  const once = applied(ORIGINAL, blue(ORIGINAL));
  const twice = applied(once, green(once)) as Pod;
  const proxy = findContainer('istio-proxy', twice.spec.containers);
  assert.equal(proxy?.image, 'other/proxyv2:2');
  assert.ok(proxy?.env?.some(({ name, value }) => name === 'MINE' && value === 'kept'));
  assert.deepEqual(twice.spec, fresh.spec);
  assert.deepEqual(twice.metadata.annotations, fresh.metadata.annotations);
  assert.deepEqual(green(twice), { kind: 'skipped', reason: 'ALREADY_INJECTED' });
});

test('a container that came after the injection gets its probes rewritten, and nothing else changes', () => {
  const once = applied(ORIGINAL, blue(ORIGINAL)) as Pod;
  const late = { name: 'late', image: 'l', livenessProbe: { tcpSocket: { port: 7 } } };
  const grown = { ...once, spec: { ...once.spec, containers: [...(once.spec.containers ?? []), late] } } as Pod;
  const again = applied(grown, blue(grown)) as Pod;
  const container = findContainer('late', again.spec.containers);
  assert.deepEqual(container?.livenessProbe, { httpGet: { path: '/app-health/late/livez', port: 15020 } });
  const probers = findInPod('istio-proxy', again.spec)?.env?.find(
    ({ name }) => name === 'ISTIO_KUBE_APP_PROBERS',
  )?.value;
  assert.deepEqual(Object.keys(JSON.parse(probers ?? '{}')), [
    '/app-health/app/livez',
    '/app-health/app/readyz',
    '/app-health/late/livez',
  ]);
  assert.deepEqual(blue(again), { kind: 'skipped', reason: 'ALREADY_INJECTED' });
});

test('an annotation alone does not make an injected pod', () => {
  const status =
    '{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":["x"],"imagePullSecrets":null,"revision":"blue"}';
  const object = podOf({ annotations: { 'sidecar.istio.io/status': status, 'istio.io/rev': 'blue' } });
  const pod = applied(object, blue(object)) as Pod;
  assert.ok(findContainer('istio-proxy', pod.spec.containers));
});
