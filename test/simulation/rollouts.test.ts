/**
 * Rollouts of a simulated fleet of 10,000 workloads and 100,000 pods over hours, with a clock of its own: weights are hit, nothing flaps,
 * bad revisions are out again within two intervals at the first step's weight, good ones arrive; and over 1,000 seeds with faults no bad
 * revision is promoted and no good one is lost.
 *
 * A good revision is lost when its rollout ends as Failed, whatever fails, denies, slows down or ends in these runs: times without pods,
 * storms over both revisions, restarts, kills, races and pauses are not the new revision's doing. Metrics have `onMissing: Wait`. With the
 * default, `Fail`, a time without pods may end a rollout: missing data is a failed check then.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cohort } from '../../gateway/rollout/cohort.ts';
import { readPodMetadata } from '../../gateway/rollout/pod-metadata.ts';
import { Chance } from './chance.ts';
import { INTERVAL, type Outcome, simulate, simulatedRollout, simulateSeed } from './run.ts';
import { shareOf, WORKLOADS } from './world.ts';

const SEEDS = 1_000;
/** Of these, those that are run again with another `onMissing`. */
const TOLD_SEEDS = 400;
const PODS = 100_000;

/** What a failed run tells. */
function shown({ seed, character, state, weights, faults }: Outcome): string {
  const facts = { seed, character, phase: state.phase, failure: state.failure, weights, faults };
  return JSON.stringify({ ...facts, events: state.events.map(({ message }) => message) });
}

describe('a fleet of 10,000 workloads and 100,000 pods', () => {
  const metadata = (workload: number, generation: number, replica: number) => {
    const hash = (generation * 7_919 + workload).toString(36);
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `app-${workload}-${hash}`, controller: true };
    const labels = { 'pod-template-hash': hash };
    const pod = { metadata: { name: `app-${workload}-${hash}-${replica}`, labels, ownerReferences: [owner] } };
    return readPodMetadata(Buffer.from(JSON.stringify(pod)));
  };

  it('has the weight of each step to one percent, in workloads and in pods, and no workload flaps', async () => {
    const rollout = simulatedRollout();
    const { weights, state } = await simulate(1, 'good', rollout);
    assert.equal(state.phase, 'Succeeded');
    assert.deepEqual(
      weights.map(({ weight }) => weight),
      rollout.steps,
    );
    const chance = new Chance(7);
    const current = new Array<boolean>(WORKLOADS).fill(false);
    for (const [generation, { weight }] of weights.entries()) {
      const cohort = new Cohort(rollout, weight);
      let pods = 0;
      for (let i = 0; i < WORKLOADS; i++) {
        const ask = (replica: number) =>
          cohort.ask(metadata(i, generation, replica), `ns-${i % 40}`, null, () => undefined).included;
        const included = ask(0);
        // Workloads have ten pods on average; that a further one agrees is looked at for some.
        if (chance.happens(0.05)) assert.equal(ask(1 + chance.below(100)), included);
        if (included) pods += 1 + ((i * 7) % 19);
        assert.ok(included || current[i] !== true, `app-${i} went back at weight ${weight}`);
        current[i] = included;
      }
      const workloads = current.filter(Boolean).length;
      assert.ok(Math.abs((workloads / WORKLOADS) * 100 - weight) <= 1, `${workloads} workloads at ${weight} %`);
      assert.ok(Math.abs((pods / PODS) * 100 - weight) <= 1, `${pods} pods at ${weight} %`);
      assert.equal(workloads / WORKLOADS, shareOf(weight), 'the simulation counts as the gateway does');
    }
  });

  for (const character of ['crashing', 'slow', 'hogging', 'different', 'denying'] as const) {
    it(`is rid of a ${character} revision two intervals after the first step, at its weight`, async () => {
      for (let seed = 0; seed < 50; seed++) {
        const outcome = await simulate(seed, character, simulatedRollout());
        assert.deepEqual(
          outcome.weights.map(({ weight }) => weight),
          [10, 0],
        );
        const [begun, ended] = outcome.weights.slice(-2);
        assert.ok((ended?.minute ?? 0) - (begun?.minute ?? 0) <= 2 * INTERVAL, shown(outcome));
        assert.equal(outcome.state.phase, 'Failed');
        const metric = {
          crashing: 'error-rate',
          slow: 'budget-share-p99',
          hogging: 'budget-share-p99',
          different: 'difference-rate',
          denying: 'denied-rate',
        };
        assert.equal(outcome.state.failure?.check, metric[character]);
        assert.ok((outcome.state.failure?.value ?? 0) > 5);
      }
    });
  }
});

describe(`${SEEDS} seeds with faults`, async () => {
  const outcomes: Outcome[] = [];
  for (let seed = 0; seed < SEEDS; seed++) outcomes.push(await simulateSeed(seed));
  const good = outcomes.filter(({ character }) => character === 'good');
  const bad = outcomes.filter(({ character }) => character !== 'good');

  it('are of all kinds, and all come to an end', () => {
    assert.ok(good.length > 400 && bad.length > 400);
    const faulty = (of: keyof Outcome['faults']) => outcomes.filter(({ faults }) => faults[of].length > 0).length;
    for (const each of ['lulls', 'storms', 'restarts', 'kills', 'races', 'pauses'] as const)
      assert.ok(faulty(each) > 150, each);
    for (const outcome of outcomes) assert.match(outcome.state.phase, /^(Succeeded|Failed)$/, shown(outcome));
  });

  it('end with no bad revision promoted, nor beyond the weight of the first step', () => {
    for (const outcome of bad) {
      assert.ok(!outcome.wasPromoted && outcome.state.phase === 'Failed', shown(outcome));
      const highest = Math.max(...outcome.weights.map(({ weight }) => weight));
      assert.ok(highest <= (outcome.rollout.steps[0] ?? 0), shown(outcome));
    }
  });

  it('end with no good revision lost', () => {
    for (const outcome of good) assert.equal(outcome.state.phase, 'Succeeded', shown(outcome));
  });

  it('jump no step, and make none before its interval is over', () => {
    for (const outcome of outcomes) {
      const ladder = [0, ...outcome.rollout.steps];
      for (const [i, { minute, weight }] of outcome.weights.entries()) {
        const before = outcome.weights[i - 1];
        if (before === undefined || weight < before.weight) continue;
        assert.equal(ladder.indexOf(weight), ladder.indexOf(before.weight) + 1, shown(outcome));
        if (before.weight > 0) assert.ok(minute - before.minute >= INTERVAL, shown(outcome));
      }
    }
  });
});

describe(`${TOLD_SEEDS} seeds with faults whose files say what missing data is`, () => {
  it('lose a good revision to a time without pods with Fail, and to nothing else', async () => {
    let lost = 0;
    for (let seed = 0; seed < TOLD_SEEDS; seed++) {
      const outcome = await simulateSeed(seed, 'Fail');
      const { character, state, faults, wasPromoted } = outcome;
      if (character !== 'good') assert.ok(!wasPromoted && state.phase === 'Failed', shown(outcome));
      else if (state.phase !== 'Succeeded') {
        assert.ok(state.failure?.value === null && faults.lulls.length > 0, shown(outcome));
        lost += 1;
      }
    }
    assert.ok(lost > 0, 'or there is nothing that Wait would spare');
  });

  it('lose and promote none with Ignore', async () => {
    for (let seed = 0; seed < TOLD_SEEDS; seed++) {
      const outcome = await simulateSeed(seed, 'Ignore');
      const wanted = outcome.character === 'good' ? 'Succeeded' : 'Failed';
      assert.equal(outcome.state.phase, wanted, shown(outcome));
    }
  });
});
