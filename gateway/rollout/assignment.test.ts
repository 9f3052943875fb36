import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeReview } from '../admission/decode.ts';
import { Router } from '../routing/router.ts';
import type { ClusterSnapshot, Mesh, Snapshot } from '../snapshot.ts';
import type { Assignment } from './assignment.ts';
import { placeOf } from './cohort.ts';
import { type Rollout, sealRollout } from './rollout.ts';

const spec = { provider: 'template', template: '', values: '', injectKey: '', policy: 'enabled' } as const;

function snapshotOf(defaultRevision = 'v1', changes: Partial<Rollout> = {}): Snapshot {
  const revisions = new Map(['v1', 'v2', 'v3'].map((name) => [name, { digest: name, mesh: 'm', name, spec }]));
  const mesh = { name: 'm', provider: 'template', defaultRevision, tags: new Map([['next', 'v2']]), revisions };
  const labels = { revisionLabel: 'meshgate.dev/rev', unknownRevision: 'Default' };
  const rest = { ...labels, paths: ['/inject'], onError: 'Fail', ignoredNamespaces: [], cluster: null };
  const steps = { intervalMs: 1, threshold: 1, steps: [10], iterations: 1, metrics: [], webhooks: [] };
  const select = { namespaceSelector: null, objectSelector: null, skipAnalysis: false, suspend: false };
  const rollout = sealRollout({ name: 'r', mesh: 'm', from: 'v1', to: 'v2', ...steps, ...select, ...changes }, [
    'v1',
    'v2',
  ]);
  const cluster: ClusterSnapshot = {
    name: 'c',
    namespaces: new Map([['quiet', { labels: {}, annotations: { 'meshgate.dev/rollout': 'disabled' } }]]),
    owners: new Map(),
    nodes: [],
  };
  return {
    revision: 's',
    loadedAt: new Date(0),
    meshes: new Map([['m', { ...mesh, ...rest } as unknown as Mesh]]),
    paths: new Map([['/inject', 'm']]),
    clusters: new Map([['c', cluster]]),
    policies: null,
    rollouts: new Map([['r', rollout]]),
  };
}

function assigned(snapshot: Snapshot, weight: number, promoted = false): Assignment {
  return { rollout: 'r', digest: snapshot.rollouts?.get('r')?.digest ?? '', weight, promoted };
}

function chosen(router: Router, metadata: object, url = '/inject', namespace = 'shop') {
  const request = { uid: 'u', namespace, object: { metadata, spec: {} } };
  const text = JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
  const decoded = decodeReview(Buffer.from(text));
  const resolution = router.resolve(url);
  assert.ok(decoded.ok && resolution.ok);
  const choice = router.choose(resolution.route, decoded.header);
  assert.ok(choice.ok);
  return { name: choice.revision.name, settled: choice.settled };
}

const owned = (name: string) => ({ ownerReferences: [{ kind: 'StatefulSet', name, controller: true }] });

describe('a rollout that is under way', () => {
  it('gives the new revision to the workloads of its cohort, and to no others', () => {
    const snapshot = snapshotOf();
    const router = new Router(snapshot, [assigned(snapshot, 30)]);
    for (let i = 0; i < 200; i++) {
      const expected = placeOf('r', 'shop', { kind: 'StatefulSet', name: `w${i}` }) < 30 ? 'v2' : 'v1';
      assert.equal(chosen(router, owned(`w${i}`)).name, expected);
    }
  });

  it('has no say where the address names a revision or tag, or the namespace takes no part', () => {
    const snapshot = snapshotOf();
    const router = new Router(snapshot, [assigned(snapshot, 100)]);
    assert.equal(chosen(router, owned('w')).name, 'v2');
    assert.equal(chosen(router, owned('w'), '/inject/mesh/m').name, 'v2');
    assert.equal(chosen(router, owned('w'), '/inject/mesh/m/rev/v1').name, 'v1');
    assert.equal(chosen(router, owned('w'), '/inject/mesh/m/rev/v3').name, 'v3');
    assert.equal(chosen(router, owned('w'), '/inject', 'quiet').name, 'v1');
  });

  it('comes after labels, and before the default', () => {
    const snapshot = snapshotOf();
    const router = new Router(snapshot, [assigned(snapshot, 100)]);
    const labelled = (name: string) => chosen(router, { ...owned('w'), labels: { 'meshgate.dev/rev': name } }).name;
    assert.deepEqual([labelled('v3'), labelled('v1'), labelled('next')], ['v3', 'v1', 'v2']);
    assert.equal(labelled('gone'), 'v1', 'who asks for what is not there gets the default');
  });

  it('lets an answer be kept for replicas, unless the pod is told by its own name', () => {
    const snapshot = snapshotOf();
    const router = new Router(snapshot, [assigned(snapshot, 50)]);
    assert.equal(chosen(router, { name: 'alone' }).settled, false);
    assert.equal(chosen(router, { name: 'alone', generateName: 'al-' }).settled, true);
    assert.equal(chosen(router, owned('w')).settled, true);
  });
});

describe('a rollout', () => {
  const plain = (snapshot: Snapshot, ...assignments: Assignment[]) => {
    return chosen(new Router(snapshot, assignments), owned('w')).name;
  };

  it('changes nothing before its first step, and the default at its promotion', () => {
    const snapshot = snapshotOf();
    assert.equal(plain(snapshot), 'v1');
    assert.equal(plain(snapshot, assigned(snapshot, 0)), 'v1');
    assert.equal(plain(snapshot, assigned(snapshot, 0, true)), 'v2');
  });

  it('is for its own files alone: another default or another digest, and it has no say', () => {
    const snapshot = snapshotOf();
    assert.equal(plain(snapshotOf('v3'), assigned(snapshot, 100, true)), 'v3');
    assert.equal(plain(snapshotOf('v2'), assigned(snapshot, 100)), 'v2');
    assert.equal(plain(snapshotOf('v1', { threshold: 9 }), assigned(snapshot, 100)), 'v1');
    assert.equal(plain(snapshot, { ...assigned(snapshot, 100), rollout: 'other' }), 'v1');
  });
});
