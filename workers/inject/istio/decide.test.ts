import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Selection, whySkipped } from './decide.ts';
import { NEWEST } from './features.ts';
import type { ObjectMeta, PodSpec } from './pod.ts';

const SELECTION: Selection = {
  policy: 'enabled',
  neverInject: [(labels) => labels['team'] === 'never'],
  alwaysInject: [(labels) => labels['team'] === 'always'],
};

function decide(metadata: ObjectMeta, changes: Partial<Selection> = {}, spec: PodSpec = {}, namespace = 'shop') {
  return whySkipped(spec, metadata, namespace, { ...SELECTION, ...changes }, NEWEST);
}

const INJECT = 'sidecar.istio.io/inject';

test('host network and namespaces of the cluster come before any wish', () => {
  assert.equal(decide({ labels: { [INJECT]: 'true' } }, {}, { hostNetwork: true }), 'HOST_NETWORK');
  for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']) {
    assert.equal(decide({ labels: { [INJECT]: 'true' } }, {}, {}, namespace), 'NAMESPACE_IGNORED');
  }
  assert.equal(decide({}, {}, {}, 'istio-system'), null);
});

test('the label beats the annotation, even an empty one', () => {
  assert.equal(decide({ labels: { [INJECT]: 'false' }, annotations: { [INJECT]: 'true' } }), 'INJECT_LABEL_FALSE');
  assert.equal(decide({ labels: { [INJECT]: '' }, annotations: { [INJECT]: 'false' } }), null);
  assert.equal(decide({ annotations: { [INJECT]: 'false' } }), 'INJECT_ANNOTATION_FALSE');
});

test('only true and false are wishes; anything else leaves it to selectors and policy', () => {
  for (const value of ['True', 'yes', ' true', '1', 'no']) {
    assert.equal(decide({ labels: { [INJECT]: value } }, { policy: 'disabled' }), 'POLICY_DISABLED', value);
  }
});

test('never beats always, and both beat the policy; a wish beats all three', () => {
  assert.equal(decide({ labels: { team: 'never' } }), 'NEVER_INJECT_SELECTOR');
  assert.equal(decide({ labels: { team: 'never', [INJECT]: 'true' } }), null);
  assert.equal(decide({ labels: { team: 'always' } }, { policy: 'disabled' }), null);
  assert.equal(decide({ labels: { [INJECT]: 'true' } }, { policy: 'disabled' }), null);
});

test('an unknown policy turns injection off, whatever the pod asks for', () => {
  assert.equal(decide({ labels: { [INJECT]: 'true' } }, { policy: 'off' }), 'POLICY_UNKNOWN');
  assert.equal(decide({ labels: { team: 'always' } }, { policy: '' }), 'POLICY_UNKNOWN');
});
