/** How a canary's pods do, from the pods of a real apiserver whose statuses are written as kubelets write them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PodReadiness } from '../../../gateway/cluster/pod-readiness.ts';
import type { ReflectorState } from '../../../gateway/cluster/reflector.ts';
import { placeOf } from '../../../gateway/rollout/cohort.ts';
import { type Rollout, sealRollout } from '../../../gateway/rollout/rollout.ts';
import type { Mesh, Snapshot } from '../../../gateway/snapshot.ts';
import type { RevisionSource } from '../../../workers/protocol.ts';
import { pause, until, Workbench } from './workbench.ts';

const WINDOW_MS = 5_000;
const NAMESPACE = 'shop';

let bench: Workbench;
const readings: PodReadiness[] = [];
before(async () => {
  bench = await Workbench.start();
  await bench.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
});
after(async () => {
  await Promise.all(readings.map((each) => each.close()));
  await bench.stop();
});

interface Made {
  readonly rollout: Rollout;
  readonly readiness: PodReadiness;
  readonly states: ReflectorState[];
}

/** @param spec of both revisions; the template's mark is the revision's name. */
async function make(
  name: string,
  kubeconfig?: string,
  spec = (_: string): object => ({ provider: 'template' }),
): Promise<Made> {
  const metric = { name: 'readiness', thresholdRange: { min: 90 }, intervalMs: WINDOW_MS, minSamples: 1 } as const;
  const content = {
    ...{ name, mesh: name, from: 'v1', to: 'v2', namespaceSelector: null, objectSelector: null, intervalMs: 1_000 },
    ...{ threshold: 2, steps: [50], iterations: 1, webhooks: [], skipAnalysis: false, suspend: false },
    metrics: [{ ...metric, onMissing: 'Fail' as const, prometheus: null }],
  };
  const rollout = sealRollout(content, ['1', '2']);
  const revisions = new Map(
    ['v1', 'v2'].map((each) => [each, { name: each, mesh: name, digest: each, spec: spec(each) } as RevisionSource]),
  );
  const snapshot: Snapshot = {
    ...{ revision: 's', loadedAt: new Date(0), paths: new Map(), clusters: new Map(), policies: null },
    meshes: new Map([[name, { name, cluster: null, revisions } as unknown as Mesh]]),
  };
  const states: ReflectorState[] = [];
  const readiness = new PodReadiness({
    ...{ client: await bench.client(kubeconfig), snapshot: () => snapshot, watched: () => null },
    onState: (state) => states.push(state),
    onEnd: () => undefined,
  });
  readings.push(readiness);
  return { rollout, readiness, states };
}

/** A workload whose place in the rollout is below 50, or is not. */
function workload(rollout: string, inside: boolean, nth = 0): string {
  for (let i = 0; ; i++) {
    const name = `w${i}`;
    const below = placeOf(rollout, NAMESPACE, { kind: 'StatefulSet', name }) < 50;
    if (below === inside && nth-- === 0) return name;
  }
}

const RUNNING = { state: { running: { startedAt: '2026-01-01T00:00:00Z' } }, restartCount: 0 };
const PULLING = { state: { waiting: { reason: 'ImagePullBackOff' } }, restartCount: 0 };
const ready = (status: 'True' | 'False') => ({ conditions: [{ type: 'Ready', status }] });
/** A container that was started again so many seconds ago. */
const restarted = (agoSeconds: number) => {
  const finishedAt = new Date(Date.now() - agoSeconds * 1_000).toISOString().replace(/\.\d+/, '');
  return { ...RUNNING, restartCount: 1, lastState: { terminated: { exitCode: 1, finishedAt } } };
};

let pods = 0;
async function pod(
  owner: string,
  annotations: object,
  status: object | null,
  container: object = RUNNING,
): Promise<void> {
  const name = `${owner}-${pods++}`;
  const metadata = {
    ...{ name, namespace: NAMESPACE, annotations },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, uid: 'x', controller: true }],
  };
  const spec = { containers: [{ name: 'app', image: 'app:1' }] };
  const place = `/api/v1/namespaces/${NAMESPACE}/pods`;
  await bench.create(place, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
  if (status === null) return;
  const now = (await bench.admin.request('GET', `${place}/${name}`)) as object;
  const image = { name: 'app', image: 'app:1', imageID: '', ready: true };
  const full = { phase: 'Running', containerStatuses: [{ ...image, ...container }], ...status };
  await bench.admin.request('PUT', `${place}/${name}/status`, { body: { ...now, status: full } });
}

const template = (mesh: string, revision: string) => ({
  'meshgate.dev/status': JSON.stringify({ [mesh]: { revision, digest: 'd', added: {} } }),
});

describe('readiness', { concurrency: 4 }, () => {
  it('counts pods with the new revision of workloads in the cohort, and says what is wrong with which', async () => {
    const { rollout, readiness } = await make('marks');
    const [inside, other, outside] = [workload('marks', true), workload('marks', true, 1), workload('marks', false)];
    await readiness.begin(rollout, 50);
    const none = await readiness.read(rollout);
    assert.deepEqual([none.value, none.scarce, none.reason], [null, true, 'the new revision has 0 pods']);
    await pod(inside, template('marks', 'v2'), ready('True'));
    await pod(inside, template('marks', 'v2'), ready('True'), restarted(3_600));
    // None of these is one: the old revision, another mesh, nothing injected, not in the cohort, without a status yet.
    await pod(outside, template('marks', 'v1'), ready('True'));
    await pod(inside, template('elsewhere', 'v2'), ready('False'));
    await pod(inside, {}, ready('False'));
    await pod(outside, template('marks', 'v2'), ready('False'));
    await pod(other, template('marks', 'v2'), null);
    const value = async () => (await readiness.read(rollout)).value;
    await until('not counted', async () => (await value()) === 100);
    await pod(other, template('marks', 'v2'), { ...ready('False'), phase: 'Pending' }, PULLING);
    await until('not seen', async () => Math.round((await value()) ?? 0) === 67);
    await pod(other, template('marks', 'v2'), ready('True'), restarted(1));
    await until('not seen', async () => (await value()) === 50);
    const { detail, baseline } = await readiness.read(rollout);
    assert.match(detail ?? '', /^of 4 pods 1 ImagePullBackOff, 1 restarted, as shop\/w\d+-\d+$/);
    assert.equal(baseline, 100);
    // Long ago is not now, and one that does not become ready is not starting for ever: 3 of 5.
    await until('not over', async () => (await value()) === 60);
    const late = await readiness.read(rollout);
    assert.match(late.detail ?? '', /^of 5 pods 1 ImagePullBackOff, 1 not ready, as/);
  });

  it('tells revisions that leave the same mark by when their pods were created', async () => {
    const name = 'times';
    const { rollout, readiness } = await make(name, undefined, () => ({ provider: 'istio', revision: 'default' }));
    const inside = workload(name, true);
    const istio = { 'sidecar.istio.io/status': '{"revision":"default"}' };
    await pod(inside, istio, ready('False'));
    await pause(WINDOW_MS + 100);
    await readiness.begin(rollout, 50);
    await pod(inside, istio, ready('True'));
    await until('not counted', async () => (await readiness.read(rollout)).value === 100);
    assert.equal((await readiness.read(rollout)).baseline, 0, 'the one before has the old revision');
    await pod(workload(name, false), istio, ready('True'));
    await until('not counted', async () => (await readiness.read(rollout)).baseline === 50);
  });

  it('has no data, and says why, where pods may not be watched', async () => {
    const { rollout, readiness, states } = await make('denied', await bench.account(NAMESPACE, 'nobody'));
    await readiness.begin(rollout, 50);
    await until('not told', () => states.length > 0);
    const { value, reason, scarce } = await readiness.read(rollout);
    assert.deepEqual([value, scarce], [null, undefined]);
    assert.match(
      reason,
      /^the pods can not be watched: the cluster refuses GET \/api\/v1\/pods: .*serviceaccount:shop:nobody/,
    );
  });

  it('reads more pods than a page of a list has', async () => {
    const { rollout, readiness } = await make('pages');
    const owner = workload('pages', true);
    const all = Array.from({ length: 520 }, () => pod(owner, template('pages', 'v2'), null));
    await Promise.all(all);
    await pause(WINDOW_MS);
    await readiness.begin(rollout, 50);
    assert.match((await readiness.read(rollout)).detail ?? '', /^of 520 pods 520 not ready, as /);
  });
});
