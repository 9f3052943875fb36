/** Answers are those of replicas too only where no policy can tell replicas apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRevision } from '../inject/compile.ts';
import { injectReview } from '../inject/inject.ts';
import { NO_CLUSTER, revisionSpec } from '../inject/istio/fixture.ts';
import { CompiledPolicies } from './policy-set.ts';
import type { PolicySource } from './policy-source.ts';

const revision = compileRevision({ digest: 'r', mesh: 'mesh', name: 'r', spec: revisionSpec() });

const BY_NAME: PolicySource = {
  kind: 'PodPolicy',
  name: 'by-name',
  suspend: false,
  priority: 0,
  phase: 'BeforeInjection',
  match: [],
  matchConditions: [{ name: 'one', expression: "object.metadata.name == 'web-5f-abcde'" }],
  variables: [],
  mutations: [{ type: 'merge', overlay: { metadata: { labels: { chosen: 'yes' } } } }],
  validations: [],
  auditAnnotations: [],
  skipInjection: false,
  failurePolicy: 'Fail',
};

function isReusable(policies: readonly PolicySource[]): boolean {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5f', uid: 'u', controller: true };
  const metadata = { name: 'web-5f-fghij', generateName: 'web-5f-', labels: { app: 'web' }, ownerReferences: [owner] };
  const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'app', image: 'app:1' }] } };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const request = { uid: 'u', kind, namespace: 'shop', operation: 'CREATE', object };
  const review = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  const reuse = { name: metadata.name, tokenVolume: '' };
  const task = { revision: 'r', review, params: {}, cluster: NO_CLUSTER, reuse };
  const compiled = new CompiledPolicies({ digest: 'd', policies });
  const { outcome, reusable } = injectReview(task, () => revision, compiled.forName(undefined));
  assert.equal(outcome.kind, 'patched');
  return reusable === true;
}

test('a policy that may look at a name keeps answers from being reused', () => {
  assert.ok(!isReusable([BY_NAME]));
});

test('policies that are suspended do not', () => {
  assert.ok(isReusable([{ ...BY_NAME, suspend: true }]));
  assert.ok(isReusable([]));
});

test('policies for other labels do not, those for labels of the pod do', () => {
  const forApp = (app: string): PolicySource => ({
    ...BY_NAME,
    match: [{ resourceRules: [], excludeResourceRules: [], objectSelector: { matchLabels: { app } } }],
  });
  assert.ok(isReusable([forApp('other')]));
  assert.ok(!isReusable([forApp('web')]));
});
