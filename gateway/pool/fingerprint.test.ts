import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Suspect, workloadOf } from './fingerprint.ts';

interface PodParts {
  readonly metadata?: object;
  readonly spec?: object;
  readonly namespace?: string;
  readonly digest?: string;
}

const CONTAINERS = [{ name: 'app', image: 'app:1' }];

function suspect({ metadata = {}, spec = {}, namespace = 'shop', digest = 'd1' }: PodParts): Suspect {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: CONTAINERS, ...spec } };
  return { mesh: 'm', revision: 'v1', digest, namespace, review: JSON.stringify({ request: { uid: 'u', object } }) };
}

function fingerprint(parts: PodParts): string {
  return workloadOf(suspect(parts)).fingerprint;
}

function ownedBy(kind: string, name: string, uid: string, more: object = {}): object {
  return { ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }], ...more };
}

describe('a fingerprint', () => {
  test('is the same for all replicas of a ReplicaSet, and another after the Deployment has changed', () => {
    const labels = { 'pod-template-hash': 'abc' };
    const replica = (suffix: string, uid = 'u1') => ({
      metadata: {
        ...ownedBy('ReplicaSet', 'web-abc', uid, { generateName: 'web-abc-', labels }),
        name: `web-abc-${suffix}`,
      },
      spec: { volumes: [{ name: `kube-api-access-${suffix}` }] },
    });
    const { name } = workloadOf(suspect(replica('x1y2z')));
    assert.equal(name, 'ReplicaSet/web-abc');
    assert.equal(fingerprint(replica('x1y2z')), fingerprint(replica('k7k7k')));
    assert.notEqual(fingerprint(replica('x1y2z')), fingerprint(replica('x1y2z', 'u2')));
  });

  test('is the same for the pods of a StatefulSet, and another when its template was mended', () => {
    const replica = (n: number, revision: string) => ({
      metadata: ownedBy('StatefulSet', 'db', 'u1', {
        name: `db-${n}`,
        labels: { 'controller-revision-hash': revision, 'statefulset.kubernetes.io/pod-name': `db-${n}` },
      }),
      spec: { hostname: `db-${n}` },
    });
    assert.equal(fingerprint(replica(0, 'db-1')), fingerprint(replica(1, 'db-1')));
    assert.notEqual(fingerprint(replica(0, 'db-1')), fingerprint(replica(0, 'db-2')));
  });

  test('tells the steps of one owner apart by their images', () => {
    const step = (image: string) => ({
      metadata: ownedBy('Workflow', 'build', 'u1'),
      spec: { containers: [{ name: 'main', image }] },
    });
    assert.notEqual(fingerprint(step('a:1')), fingerprint(step('b:1')));
  });

  test('of a pod without an owner is what it holds, not what it is called', () => {
    const bare = (name: string, note = '') => ({
      metadata: { name, annotations: { note } },
      spec: { volumes: [{ name: `kube-api-access-${name.padEnd(5, '0')}` }] },
    });
    assert.equal(fingerprint(bare('a')), fingerprint(bare('b')));
    assert.notEqual(fingerprint(bare('a')), fingerprint(bare('a', 'other')));
  });

  test('belongs to one namespace and one revision', () => {
    const metadata = ownedBy('ReplicaSet', 'web', 'u1');
    assert.notEqual(fingerprint({ metadata }), fingerprint({ metadata, namespace: 'other' }));
    assert.notEqual(fingerprint({ metadata }), fingerprint({ metadata, digest: 'd2' }));
  });

  test('is made of anything, JSON or not', () => {
    const odd = fc.oneof(
      fc.json(),
      fc.string(),
      fc.object().map((object) => JSON.stringify({ request: { object } })),
    );
    fc.assert(
      fc.property(odd, (review) => {
        const { fingerprint: made } = workloadOf({ ...suspect({}), review });
        assert.match(made, /^[0-9a-f]{16}$/);
      }),
      { numRuns: 300 },
    );
  });
});
