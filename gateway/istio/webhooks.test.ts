import assert from 'node:assert/strict';
import { test } from 'node:test';
import { istioWebhooks, type Labels, selects, whyNotSent } from './webhooks.ts';

const NAMES = ['1-30', 'prod'];

/** The webhooks that send a pod. */
function senders(namespace: Labels, pod: Labels, isDefault = false): string[] {
  const known = { 'kubernetes.io/metadata.name': 'shop', ...namespace };
  const sending = istioWebhooks(NAMES, isDefault).filter((webhook) => selects(webhook, known, pod).selected);
  return sending.map(({ prefix }) => prefix);
}

test('a revision is chosen by label istio.io/rev, of the namespace or of the pod; a tag does as well', () => {
  assert.deepEqual(senders({ 'istio.io/rev': '1-30' }, {}), ['rev.namespace']);
  assert.deepEqual(senders({ 'istio.io/rev': 'prod' }, {}), ['rev.namespace']);
  assert.deepEqual(senders({}, { 'istio.io/rev': 'prod' }), ['rev.object']);
  assert.deepEqual(senders({ 'istio.io/rev': '1-29' }, { 'istio.io/rev': '1-30' }), []);
});

test('istio-injection goes to the default revision, and beats istio.io/rev', () => {
  assert.deepEqual(senders({ 'istio-injection': 'enabled' }, {}), []);
  assert.deepEqual(senders({ 'istio-injection': 'enabled', 'istio.io/rev': '1-30' }, {}, true), ['namespace']);
  assert.deepEqual(senders({ 'istio-injection': 'disabled', 'istio.io/rev': '1-30' }, {}, true), []);
});

test('in a namespace without labels a pod has to ask, unless namespaces are enabled by default', () => {
  assert.deepEqual(senders({}, { 'sidecar.istio.io/inject': 'true' }, true), ['object']);
  assert.deepEqual(senders({}, {}, true), ['auto']);
  assert.deepEqual(senders({ 'kubernetes.io/metadata.name': 'kube-system' }, {}, true), []);
  assert.deepEqual(senders({}, {}, false), []);
});

test('a pod that refuses is sent by none', () => {
  for (const labels of [{ 'istio.io/rev': '1-30' }, { 'istio-injection': 'enabled' }]) {
    assert.deepEqual(senders(labels, { 'sidecar.istio.io/inject': 'false' }, true), []);
  }
});

test('the reason names what to change', () => {
  assert.equal(whyNotSent(NAMES, {}, {}), 'NAMESPACE_LABEL_MISSING');
  assert.equal(whyNotSent(NAMES, { 'istio-injection': 'disabled' }, {}), 'NAMESPACE_LABEL_DISABLED');
  assert.equal(whyNotSent(NAMES, { 'istio-injection': 'enabled' }, {}), 'REVISION_MISMATCH');
  assert.equal(whyNotSent(NAMES, { 'istio.io/rev': '1-29' }, {}), 'REVISION_MISMATCH');
  assert.equal(whyNotSent(NAMES, {}, { 'istio.io/rev': '1-29' }), 'REVISION_MISMATCH');
  assert.equal(
    whyNotSent(NAMES, { 'istio.io/rev': '1-30' }, { 'sidecar.istio.io/inject': 'false' }),
    'INJECT_LABEL_FALSE',
  );
});

test('what does not match is told with what is there', () => {
  const [webhook] = istioWebhooks(NAMES, false);
  assert.ok(webhook !== undefined);
  assert.deepEqual(selects(webhook, { 'istio-injection': 'enabled' }, {}).misses, [
    'the namespace has no label istio.io/rev (In 1-30, prod)',
    'the namespace has label istio-injection=enabled (DoesNotExist)',
  ]);
});
