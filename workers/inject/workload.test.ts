import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../template/value.ts';
import { namedOutcome, podTemplateOf, type ResourceOutcome, transformWorkloads } from './workload.ts';

const SPEC = { containers: [{ name: 'app' }] };

function workload(kind: string, pod: JsonObject, apiVersion = 'apps/v1'): JsonObject {
  const metadata = { name: 'web', namespace: 'shop' };
  if (kind === 'Pod')
    return { apiVersion, kind, metadata: { ...metadata, ...(pod['metadata'] as JsonObject) }, spec: SPEC };
  const template = { spec: SPEC, ...pod };
  const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
  return { apiVersion, kind, metadata, spec };
}

const KINDS = [
  'Pod',
  'Deployment',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'DeploymentConfig',
];

for (const kind of KINDS) {
  test(`a ${kind}'s pod is found and put back`, () => {
    const resource = workload(kind, { metadata: { labels: { a: 'b' } } }, 'old/v1beta1');
    const template = podTemplateOf(resource);
    assert.ok(template !== null);
    assert.deepEqual([template.kind, template.name, template.namespace], [kind, 'web', 'shop']);
    assert.deepEqual(template.metadata['labels'], { a: 'b' });
    const changed = template.with({ labels: {} }, { containers: [] });
    const again = podTemplateOf(changed);
    assert.deepEqual([again?.metadata, again?.spec], [{ labels: {} }, { containers: [] }]);
    assert.deepEqual(podTemplateOf(resource)?.spec, SPEC);
  });
}

test('other kinds, and workloads without a template, hold no pod', () => {
  for (const resource of [
    { kind: 'Service', spec: {} },
    { kind: 'Job', spec: { tasks: [] } },
    {},
    { kind: 'constructor' },
  ]) {
    assert.equal(podTemplateOf(resource as JsonObject), null);
  }
});

test("a pod's metadata can be elsewhere", () => {
  const resource = workload('CronJob', {});
  const template = podTemplateOf(resource, (kind) =>
    kind === 'CronJob' ? ['spec', 'jobTemplate', 'metadata'] : undefined,
  );
  assert.ok(template !== null);
  assert.deepEqual(template.metadata, {});
  const { spec } = template.with({ labels: { a: 'b' } }, SPEC) as { spec: { jobTemplate: JsonObject } };
  assert.deepEqual(spec.jobTemplate['metadata'], { labels: { a: 'b' } });
});

test("a workload is told by its template's own name, with its namespace", () => {
  const template = podTemplateOf(workload('Job', { metadata: { name: 'own' } }));
  assert.ok(template !== null);
  assert.deepEqual(namedOutcome(template, 'X', 'm'), { kind: 'Job', name: 'shop/own', code: 'X', message: 'm' });
});

test('Lists are gone through, also within Lists; what stays is the same object', () => {
  const service = { kind: 'Service' };
  const list = { kind: 'List', items: [service, { kind: 'List', items: [{ kind: 'Pod' }] }, 'text'] };
  const mark = (resource: JsonObject): ResourceOutcome =>
    resource['kind'] === 'Pod'
      ? { kind: 'changed', resource: { ...resource, marked: true }, skipped: [] }
      : { kind: 'untouched', skipped: [] };
  const outcome = transformWorkloads(list, mark);
  assert.ok(outcome.kind === 'changed');
  const items = outcome.resource['items'] as JsonObject[];
  assert.equal(items[0], service);
  assert.deepEqual(items[1], { kind: 'List', items: [{ kind: 'Pod', marked: true }] });
  assert.equal(transformWorkloads({ kind: 'List', items: [service] }, mark).kind, 'untouched');
});
