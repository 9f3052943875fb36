import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { OwnerRecord } from '../../workers/protocol.ts';
import { Cohort, placeOf } from './cohort.ts';
import { rolloutOf } from './fixture.ts';
import { readPodMetadata } from './pod-metadata.ts';
import type { Rollout } from './rollout.ts';
import { type FindOwner, workloadOf } from './workload.ts';

const NOBODY: FindOwner = () => undefined;

const podOf = (metadata: object) => readPodMetadata(Buffer.from(JSON.stringify({ spec: {}, metadata })));
const replica = (owner: string, hash: string, name = 'x') =>
  podOf({
    name,
    labels: { 'pod-template-hash': hash },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${owner}-${hash}`, controller: true }],
  });
const included = (rollout: Rollout, weight: number, pod: ReturnType<typeof podOf>, namespace = 'shop') =>
  new Cohort(rollout, weight).ask(pod, namespace, null, NOBODY).included;

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/);
const hash = fc.stringMatching(/^[bcdf2-9]{8,10}$/);

describe('the workload of a pod', () => {
  it('is what its owners and their names lead to', () => {
    const owned = (kind: string, owner: string, labels: object = {}) => {
      const { kind: top, name: of } = workloadOf(
        podOf({ name: 'p', labels, ownerReferences: [{ kind, name: owner }] }),
        NOBODY,
      );
      return `${top}/${of}`;
    };
    assert.equal(owned('ReplicaSet', 'web-5f', { 'pod-template-hash': '5f' }), 'Deployment/web');
    assert.equal(owned('ReplicaSet', 'web-5f', { 'rollouts-pod-template-hash': '5f' }), 'Rollout/web');
    assert.equal(owned('ReplicaSet', 'web-5f', { 'pod-template-hash': '6f' }), 'ReplicaSet/web-5f');
    assert.equal(owned('ReplicaSet', '-5f', { 'pod-template-hash': '5f' }), 'ReplicaSet/-5f');
    assert.equal(owned('Job', 'backup-28912340'), 'CronJob/backup');
    assert.equal(owned('Job', 'backup-7'), 'Job/backup-7');
    assert.equal(owned('StatefulSet', 'db-5f', { 'pod-template-hash': '5f' }), 'StatefulSet/db-5f');
    assert.equal(owned('ReplicationController', 'app-3', { deploymentconfig: 'app' }), 'DeploymentConfig/app');
  });

  it('is the controller among several owners, and the pod itself without one', () => {
    const owners = [
      { kind: 'Node', name: 'n' },
      { kind: 'DaemonSet', name: 'agent', controller: true },
    ];
    assert.equal(workloadOf(podOf({ ownerReferences: owners }), NOBODY).name, 'agent');
    assert.deepEqual(workloadOf(podOf({ name: 'a', generateName: 'run-' }), NOBODY), {
      kind: 'Pod',
      name: 'run-',
      byPodName: false,
    });
    assert.deepEqual(workloadOf(podOf({ name: 'a' }), NOBODY), { kind: 'Pod', name: 'a', byPodName: true });
  });

  it('follows the owners that the cluster knows, and not in circles', () => {
    const record = (kind: string, of: string, above: [string, string]): OwnerRecord => ({
      apiVersion: 'v1',
      kind,
      name: of,
      namespace: 'shop',
      ownerReferences: [{ apiVersion: 'v1', kind: above[0], name: above[1], controller: true }],
    });
    const known = new Map([
      ['ReplicaSet/web-5f', record('ReplicaSet', 'web-5f', ['Deployment', 'web'])],
      ['Deployment/web', record('Deployment', 'web', ['Application', 'shop'])],
      ['Job/loop', record('Job', 'loop', ['Job', 'loop'])],
    ]);
    const find: FindOwner = (kind, of) => known.get(`${kind}/${of}`);
    const top = (kind: string, of: string) =>
      workloadOf(podOf({ ownerReferences: [{ kind, name: of, controller: true }] }), find).name;
    assert.equal(top('ReplicaSet', 'web-5f'), 'shop');
    assert.equal(top('Job', 'loop'), 'loop');
  });

  it('survives what is no pod', () => {
    for (const text of [
      '',
      '[]',
      'null',
      '{"metadata":5}',
      '{"metadata":{"labels":[],"ownerReferences":{}}}',
      '{"meta',
    ]) {
      assert.equal(workloadOf(readPodMetadata(Buffer.from(text)), NOBODY).kind, 'Pod', text);
    }
    const odd = Buffer.from('{"met\\u0061data":{"name":"a","labels":{"x":"y","n":5}}}');
    assert.deepEqual({ ...readPodMetadata(odd).labels }, { x: 'y' });
    assert.equal(readPodMetadata(Buffer.from('{"metadata":{"name":"a"},"metadata":{"name":"b"}}')).name, 'b');
  });
});

describe('a cohort', () => {
  it('is one for all replicas, in every generation of a workload', () => {
    fc.assert(
      fc.property(
        name,
        fc.array(hash, { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 0, max: 100 }),
        (of, hashes, weight) => {
          const answers = hashes.map((each, i) =>
            included(rolloutOf(), weight, replica(of, each, `${of}-${each}-${i}`)),
          );
          assert.equal(new Set(answers).size, 1);
        },
      ),
    );
  });

  it('only grows with the weight: nobody at 0, everybody at 100', () => {
    fc.assert(
      fc.property(name, fc.nat(100), fc.nat(100), (of, a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const pod = replica(of, '5f');
        assert.ok(!included(rolloutOf(), low, pod) || included(rolloutOf(), high, pod));
        assert.equal(included(rolloutOf(), 0, pod), false);
        assert.equal(included(rolloutOf(), 100, pod), true);
      }),
    );
  });

  it('has as many workloads as the weight says, to half a percent of 100,000', () => {
    const places = Array.from({ length: 100_000 }, (_, i) =>
      placeOf('r', `ns-${i % 97}`, { kind: 'Deployment', name: `w${i}` }),
    );
    for (const weight of [1, 5, 10, 25, 50, 90]) {
      const share = (places.filter((place) => place < weight).length / places.length) * 100;
      assert.ok(Math.abs(share - weight) < 0.5, `${weight}: ${share}`);
    }
    assert.equal(new Set(places).size, places.length);
  });

  it('is another one for another rollout, namespace, kind or name', () => {
    const places = [
      placeOf('r', 'ns', { kind: 'Deployment', name: 'web' }),
      placeOf('s', 'ns', { kind: 'Deployment', name: 'web' }),
      placeOf('r', 'nt', { kind: 'Deployment', name: 'web' }),
      placeOf('r', 'ns', { kind: 'StatefulSet', name: 'web' }),
      placeOf('r', 'ns', { kind: 'Deployment', name: 'web2' }),
    ];
    assert.equal(new Set(places).size, places.length);
    assert.equal(placeOf('r', 'ns', { kind: 'Deployment', name: 'web' }), places[0], 'and the same every time');
  });

  it('keeps to the selectors, and leaves out who does not want to take part', () => {
    const only = rolloutOf({ objectSelector: { matchLabels: { tier: 'test' } } });
    assert.equal(included(only, 100, podOf({ labels: { tier: 'test' } })), true);
    assert.equal(included(only, 100, podOf({ labels: {} })), false);
    const optOut = { 'meshgate.dev/rollout': 'disabled' };
    assert.equal(included(rolloutOf(), 100, podOf({ annotations: optOut })), false);
    const named = rolloutOf({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } });
    assert.equal(included(named, 100, podOf({}), 'shop'), true);
    assert.equal(included(named, 100, podOf({}), 'other'), false);
    const labelled = rolloutOf({ namespaceSelector: { matchLabels: { team: 'a' } } });
    const ask = (labels: Record<string, string>, annotations: Record<string, string> = {}) =>
      new Cohort(labelled, 100).ask(podOf({}), 'shop', { labels, annotations }, NOBODY).included;
    assert.equal(ask({ team: 'a' }), true);
    assert.equal(ask({ team: 'b' }), false);
    assert.equal(ask({ team: 'a' }, optOut), false);
    assert.equal(included(labelled, 100, podOf({})), false, 'a namespace that nothing is known about');
  });
});
