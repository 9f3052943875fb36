import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEWEST } from './features.ts';
import { workloadOf } from './owner.ts';
import type { ObjectMeta } from './pod.ts';

function owned(kind: string, name: string, labels: Record<string, string> = {}, extra: ObjectMeta = {}) {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  const metadata: ObjectMeta = {
    generateName: 'pod-',
    labels,
    ownerReferences: [{ apiVersion, kind, name, controller: true }],
    ...extra,
  };
  const { name: workload, kind: found, apiVersion: version } = workloadOf(metadata, 'ns', NEWEST);
  return `${version} ${found} ${workload}`;
}

test('workloads behind a controller', () => {
  assert.equal(owned('ReplicaSet', 'web-5d4', { 'pod-template-hash': '5d4' }), 'apps/v1 Deployment web');
  assert.equal(owned('ReplicaSet', 'web5d4', { 'pod-template-hash': '5d4' }), 'apps/v1 Deployment web5d4');
  assert.equal(owned('ReplicaSet', 'web-5d4', { 'rollouts-pod-template-hash': '5d4' }), 'v1alpha1 Rollout web');
  assert.equal(owned('ReplicaSet', 'web-5d4'), 'apps/v1 ReplicaSet web-5d4');
  assert.equal(owned('ReplicationController', 'dc-1', { deploymentconfig: 'dc' }), 'apps/v1 DeploymentConfig dc');
  assert.equal(owned('StatefulSet', 'db'), 'apps/v1 StatefulSet db');
});

test('a Job that a CronJob made is told from its name: 8 to 10 digits at the end', () => {
  assert.equal(owned('Job', 'backup-1234567'), 'batch/v1 Job backup-1234567');
  assert.equal(owned('Job', 'backup-12345678'), 'batch/v1 CronJob backup');
  assert.equal(owned('Job', 'backup-1234567890'), 'batch/v1 CronJob backup');
  assert.equal(owned('Job', 'backup-12345678901'), 'batch/v1 Job backup-12345678901');
  assert.equal(owned('Job', '-12345678'), 'batch/v1 Job -12345678');
  assert.equal(owned('Job', `${'-1'.repeat(200_000)}-12345678`).length > 400_000, true);
});

test('a pod with a name of its own, or without a controller, is its own workload', () => {
  assert.equal(
    owned('ReplicaSet', 'web-5d4', { 'pod-template-hash': '5d4' }, { generateName: '', name: 'p' }),
    'v1 Pod p',
  );
  assert.equal(
    owned('Job', 'x', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Job', name: 'x' }], name: 'p' }),
    'v1 Pod p',
  );
});
