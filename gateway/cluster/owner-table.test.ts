import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnerChange } from '../routing/owner-changes.ts';
import { OWNER_LIMIT, OwnerTable } from './owner-table.ts';

const reference = (kind: string, name: string) => ({ apiVersion: 'apps/v1', kind, name, uid: 'u', controller: true });
const replicaSet = (name: string, hash: string | null, ownerReferences: readonly object[] = []) => ({
  metadata: {
    ...{ name, namespace: 'shop', ownerReferences },
    labels: hash === null ? {} : { 'pod-template-hash': hash },
  },
});

function tableOf(kind: 'ReplicaSet' | 'Job' = 'ReplicaSet') {
  const told: OwnerChange[][] = [];
  const table = new OwnerTable(kind, 'apps/v1', (changes) => told.push([...changes]));
  const keys = () => told.splice(0).map((changes) => changes.map(({ key, record }) => (record ? key : `-${key}`)));
  return { table, keys };
}

test('a ReplicaSet that is called after its Deployment, or is as alone as its name says, is not kept', () => {
  const { table, keys } = tableOf();
  table.put(replicaSet('web-5d4f', '5d4f', [reference('Deployment', 'web')]));
  table.put(replicaSet('alone', null));
  assert.deepEqual(keys(), []);
});

test('a ReplicaSet whose name tells another owner, or one that it has not, is kept', () => {
  const { table, keys } = tableOf();
  table.put(replicaSet('web-5d4f', '5d4f', [reference('Rollout', 'web')]));
  table.put(replicaSet('odd-5d4f', '5d4f', [reference('Deployment', 'even')]));
  table.put(replicaSet('gone-5d4f', '5d4f'));
  table.put(replicaSet('two-5d4f', '5d4f', [reference('Deployment', 'two'), reference('Deployment', 'two')]));
  table.put(replicaSet('plain', null, [reference('Deployment', 'plain')]));
  const names = ['web-5d4f', 'odd-5d4f', 'gone-5d4f', 'two-5d4f', 'plain'];
  assert.deepEqual(
    keys(),
    names.map((name) => [`ReplicaSet/shop/${name}`]),
  );
  assert.deepEqual(table.owners.get('ReplicaSet/shop/web-5d4f')?.ownerReferences, [
    { apiVersion: 'apps/v1', kind: 'Rollout', name: 'web', controller: true },
  ]);
});

test('of Jobs those that have an owner are kept', () => {
  const { table, keys } = tableOf('Job');
  table.put(replicaSet('report-1', null, [reference('CronJob', 'report')]));
  table.put(replicaSet('once', null));
  assert.deepEqual(keys(), [['Job/shop/report-1']]);
});

test('what has not changed is not told, what is gone is, and a new list tells only the difference', () => {
  const { table, keys } = tableOf();
  const odd = (name: string, owner = 'even') => replicaSet(`${name}-1`, '1', [reference('Deployment', owner)]);
  table.begin();
  for (const name of ['a', 'b']) table.put(odd(name));
  table.complete();
  table.put(odd('a'));
  assert.deepEqual(keys(), [['ReplicaSet/shop/a-1', 'ReplicaSet/shop/b-1']]);
  table.begin();
  table.put(odd('b', 'other'));
  table.put(odd('c'));
  table.complete();
  assert.deepEqual(keys(), [['-ReplicaSet/shop/a-1', 'ReplicaSet/shop/b-1', 'ReplicaSet/shop/c-1']]);
  table.remove(odd('c'));
  // Taken over by the Deployment that its name tells.
  table.put(replicaSet('b-1', '1', [reference('Deployment', 'b')]));
  assert.deepEqual(keys(), [['-ReplicaSet/shop/c-1'], ['-ReplicaSet/shop/b-1']]);
  assert.equal(table.owners.size, 0);
});

test('no more than a number is kept', () => {
  const { table } = tableOf();
  for (let i = 0; i <= OWNER_LIMIT; i++) table.put(replicaSet(`odd-${i}`, null, [reference('Deployment', 'even')]));
  assert.equal(table.owners.size, OWNER_LIMIT);
});
