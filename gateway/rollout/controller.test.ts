/**
 * Controllers on one state folder: one measures, the others follow, and whoever ends, nothing is lost. The fleet is a list of what it
 * was told; all else is real.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Mesh, Snapshot } from '../snapshot.ts';
import type { Assignment } from './assignment.ts';
import { RolloutController } from './controller.ts';
import { FileLock } from './file-lock.ts';
import { NO_FURTHER_METRICS } from './investigate.ts';
import { Outbound } from './outbound.ts';
import { emptyTally, type Tally } from './revision-tally.ts';
import { type Metric, type Rollout, sealRollout } from './rollout.ts';
import { RolloutStore } from './store.ts';

const base = mkdtempSync(join(tmpdir(), 'meshgate-controller-'));
after(() => rmSync(base, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(base, `f${folders++}`);

const METRIC: Metric = {
  name: 'denied-rate',
  thresholdRange: { max: 1 },
  intervalMs: 300,
  minSamples: 1,
  onMissing: 'Fail',
  prometheus: null,
};

function snapshotOf(changes: Partial<Rollout> = {}, defaultRevision = 'v1'): Snapshot {
  const content = {
    ...{ name: 'r', mesh: 'm', from: 'v1', to: 'v2', namespaceSelector: null, objectSelector: null, intervalMs: 300 },
    ...{ threshold: 2, steps: [10, 20, 30, 40], iterations: 1, metrics: [METRIC], webhooks: [] },
    ...{ skipAnalysis: false, suspend: false },
    ...changes,
  };
  const revisions = new Map(['v1', 'v2'].map((name) => [name, { name, digest: name }]));
  return {
    revision: 's',
    loadedAt: new Date(0),
    meshes: new Map([['m', { name: 'm', defaultRevision, revisions } as unknown as Mesh]]),
    paths: new Map(),
    clusters: new Map(),
    policies: null,
    rollouts: new Map([['r', sealRollout(content, ['1', '2'])]]),
  };
}

/** On a disk that can be full. */
class FillingStore extends RolloutStore {
  full = false;
  override commit(...args: Parameters<RolloutStore['commit']>): Promise<boolean> {
    if (this.full) return Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    return super.commit(...args);
  }
}

/** A controller, and the weights that its fleet was told, one after the other. */
class Run {
  readonly weights: number[] = [];
  readonly errors: string[] = [];
  readonly controller: RolloutController;
  /** Requests with the new revision since the start, and how many of them were denied. */
  counts = () => ({ requests: Math.round(performance.now()), denied: 0 });
  asked = 0;
  last: readonly Assignment[] = [];
  constructor(place: string, store = new RolloutStore(place)) {
    const note = (_: unknown, text?: string) => this.errors.push(text ?? '');
    this.controller = new RolloutController({
      store,
      lock: new FileLock(place),
      outbound: new Outbound(),
      repository: () => 'https://git.example/policies',
      further: NO_FURTHER_METRICS,
      logger: { info: () => undefined, warn: () => undefined, error: note },
      fleet: {
        assign: async (assignments) => {
          this.last = assignments;
          this.weights.push(weightIn(assignments));
        },
        tallies: async (): Promise<readonly Tally[]> => {
          this.asked += 1;
          return [{ ...emptyTally('m', 'v2'), ...this.counts() }];
        },
      },
    });
  }
  async start(snapshot: Snapshot): Promise<this> {
    await this.adopt(snapshot);
    this.controller.begin();
    return this;
  }
  async adopt(snapshot: Snapshot): Promise<void> {
    await this.controller.prepare(snapshot);
    await this.controller.settle();
  }
  get weight(): number {
    return this.weights.at(-1) ?? 0;
  }
  get phase(): string {
    return this.controller.list()[0]?.state?.phase ?? '';
  }
}

/** 100 for what was promoted. */
function weightIn(assignments: readonly Assignment[]): number {
  const [own] = assignments;
  return own === undefined ? 0 : own.promoted ? 100 : own.weight;
}

async function until(what: string, holds: () => boolean, limitMs = 10_000): Promise<number> {
  const startMs = performance.now();
  while (!holds()) {
    if (performance.now() - startMs > limitMs) assert.fail(what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - startMs;
}

describe('controllers on one folder', () => {
  it('are one that measures and others that follow it, within two seconds, and one of these takes over', async () => {
    const place = folder();
    const snapshot = snapshotOf();
    const [first, second] = await Promise.all([new Run(place).start(snapshot), new Run(place).start(snapshot)]);
    await until('no leader', () => first.controller.controls || second.controller.controls);
    const [leader, follower] = first.controller.controls ? [first, second] : [second, first];
    await until('no step', () => leader.weight === 10);
    const late = await until('not followed', () => follower.weight === 10);
    assert.ok(late < 2_000);
    assert.equal(follower.asked, 0, 'a follower measures nothing');
    await until('no second step', () => leader.weight === 20);
    await leader.controller.stop();
    await until('not taken over', () => follower.controller.controls);
    await until('not promoted', () => follower.phase === 'Succeeded');
    assert.deepEqual(
      [...new Set(follower.weights)].sort((a, b) => a - b),
      [0, 10, 20, 30, 40, 100],
    );
    assert.deepEqual(
      follower.weights,
      [...follower.weights].sort((a, b) => a - b),
      'up all the way',
    );
    await follower.controller.stop();
  });

  it('make a step only after a whole interval, also when they take over again and again', async () => {
    const place = folder();
    const snapshot = snapshotOf({ intervalMs: 2_000 });
    let weight = 0;
    for (let i = 0; i < 8; i++) {
      const run = await new Run(place).start(snapshot);
      assert.equal(run.weight, weight, 'the first thing a fleet is told is where the rollout was');
      await until('no lock', () => run.controller.controls);
      await new Promise((resolve) => setTimeout(resolve, 180));
      // What it was about to do when it was stopped is done by then.
      await run.controller.stop();
      weight = run.weight;
    }
    assert.equal(weight, 10, 'a controller that never lives for an interval never goes beyond the first step');
    const patient = await new Run(place).start(snapshot);
    await until('no step', () => patient.weight === 20);
    await patient.controller.stop();
  });

  it('take commands wherever they are given, and only one of two that contradict', async () => {
    const place = folder();
    const snapshot = snapshotOf({ intervalMs: 3_600_000 });
    const runs = await Promise.all([new Run(place).start(snapshot), new Run(place).start(snapshot)]);
    await until('no step', () => runs.every(({ weight }) => weight === 10));
    const results = await Promise.allSettled(runs.map(({ controller }) => controller.command('r', 'pause')));
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const ends = await Promise.allSettled([
      runs[0]?.controller.command('r', 'abort'),
      runs[1]?.controller.command('r', 'promote'),
    ]);
    await until(
      'no agreement',
      () => new Set(runs.map(({ phase }) => phase)).size === 1 && runs[0]?.phase !== 'Progressing',
    );
    const { phase } = runs[0] as Run;
    // A promotion can be aborted, what was aborted can not be promoted.
    assert.equal(ends[0]?.status, 'fulfilled');
    assert.equal(phase, 'Failed');
    await Promise.all(runs.map(({ controller }) => controller.stop()));
  });
});

describe('a controller', () => {
  it('is not hurried by a clock that jumps', async (t) => {
    const run = await new Run(folder()).start(snapshotOf({ intervalMs: 60_000 }));
    await until('no step', () => run.weight === 10);
    for (const jumpMs of [86_400_000, -86_400_000]) {
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() + jumpMs });
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(run.weight, 10);
      t.mock.timers.reset();
    }
    await run.controller.stop();
  });

  it('rolls back even when that can not be stored, and stores it later', async () => {
    const place = folder();
    const store = new FillingStore(place);
    const run = await new Run(place, store).start(snapshotOf({ threshold: 1 }));
    await until('no step', () => run.weight === 10);
    const before = run.counts();
    run.counts = () => {
      const requests = Math.round(performance.now());
      return { requests, denied: requests - before.requests };
    };
    store.full = true;
    await until('not rolled back', () => run.weight === 0 && run.phase === 'Failed');
    assert.match(run.errors.join('\n'), /a roll-back could not be stored; it holds all the same/);
    assert.equal((await new RolloutStore(place).load()).stored.states.get('r')?.weight, 10);
    store.full = false;
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal((await new RolloutStore(place).load()).stored.states.get('r')?.phase, 'Failed');
    await run.controller.stop();
  });

  it('lets what was promoted serve until the files that say so are adopted', async () => {
    const run = await new Run(folder()).start(snapshotOf({ skipAnalysis: true }));
    await until('not promoted', () => run.phase === 'Succeeded');
    const agreed = { ...snapshotOf({}, 'v2'), rollouts: new Map() };
    await run.controller.prepare(agreed);
    assert.equal(run.last[0]?.promoted, true, 'the snapshot before still serves');
    await run.controller.settle();
    assert.deepEqual(run.last, []);
    await run.controller.stop();
  });

  it('looks at nothing where there is no rollout', async () => {
    const place = folder();
    const run = await new Run(place).start({ ...snapshotOf(), rollouts: new Map() });
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.deepEqual([run.asked, run.weights, await new RolloutStore(place).newest()], [0, [], 0]);
    assert.equal(existsSync(place), false, 'the folder was not even made');
    await run.controller.stop();
  });
});
