import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typedWorkload } from './typed-workload.ts';

test('members that Go always writes are added, and those that are there stay', () => {
  assert.deepEqual(typedWorkload({ kind: 'ReplicaSet', status: { replicas: 3, x: 1 } }), {
    kind: 'ReplicaSet',
    status: { replicas: 3, x: 1 },
  });
  assert.deepEqual(typedWorkload({ kind: 'StatefulSet', spec: { serviceName: 'db' } }), {
    kind: 'StatefulSet',
    spec: { serviceName: 'db' },
    status: { replicas: 0, availableReplicas: 0 },
  });
});

test('zeros that Go leaves out are gone; replicas: 0 means something', () => {
  const deployment = { kind: 'Deployment', spec: { replicas: 0, paused: false, minReadySeconds: 0, odd: 0 } };
  assert.deepEqual(typedWorkload(deployment), { kind: 'Deployment', spec: { replicas: 0, odd: 0 } });
  assert.deepEqual(typedWorkload({ kind: 'Deployment', spec: { paused: true } }).spec, { paused: true });
});

test('other kinds stay as they are', () => {
  const service = { kind: 'Service', spec: { paused: false } };
  assert.equal(typedWorkload(service), service);
});
