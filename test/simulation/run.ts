/** One simulated rollout from its first minute to its end, and what became of it. */
import { type Metric, type OnMissing, type Rollout, sealRollout } from '../../gateway/rollout/rollout.ts';
import { isOver, type RolloutState } from '../../gateway/rollout/state.ts';
import { Chance } from './chance.ts';
import { Disk, SimulatedController } from './controller.ts';
import { type Character, type Faults, NO_FAULTS, World } from './world.ts';

export const INTERVAL = 5;
const LIMIT_MINUTES = 48 * 60;
/** Faults come in the first hours: rollouts are under way then. */
const FAULT_HORIZON = 150;
/** A lull may take all data of many intervals. */
const LULL_MINUTES = 90;

export interface Outcome {
  readonly seed: number;
  readonly character: Character;
  readonly rollout: Rollout;
  readonly faults: Faults;
  readonly state: RolloutState;
  readonly wasPromoted: boolean;
  /** Whenever the weight changed: the minute, and the new weight. */
  readonly weights: readonly { readonly minute: number; readonly weight: number }[];
  readonly minutes: number;
}

export function simulatedRollout(changes: Partial<Rollout> = {}, onMissing: OnMissing = 'Wait'): Rollout {
  const metric = (name: string, max: number): Metric => {
    return {
      name,
      thresholdRange: { max },
      intervalMs: INTERVAL * 60_000,
      minSamples: 20,
      onMissing,
      prometheus: null,
    };
  };
  const metrics = [
    metric('error-rate', 5),
    metric('denied-rate', 5),
    metric('budget-share-p99', 50),
    metric('difference-rate', 5),
  ];
  const content = {
    ...{ name: 'sim', mesh: 'm', from: 'v1', to: 'v2', namespaceSelector: null, objectSelector: null },
    ...{ intervalMs: INTERVAL * 60_000, threshold: 2, steps: [10, 20, 30, 40, 50], iterations: 1, metrics },
    ...{ webhooks: [], skipAnalysis: false, suspend: false },
    ...changes,
  };
  return sealRollout(content, ['1', '2']);
}

/** Draws character, settings and faults by the seed, and runs. */
export function simulateSeed(seed: number, onMissing: OnMissing = 'Wait'): Promise<Outcome> {
  const chance = new Chance(seed);
  const character = chance.of<Character>([
    'good',
    'good',
    'good',
    'good',
    'crashing',
    'slow',
    'hogging',
    'different',
    'denying',
  ]);
  const steps = chance.of([
    [10, 20, 30, 40, 50],
    [5, 25, 60],
    [8, 50],
    [12, 24, 36, 48],
  ]);
  const rollout = simulatedRollout({ steps, threshold: chance.of([2, 2, 3]) }, onMissing);
  return simulate(seed, character, rollout, drawFaults(chance));
}

export async function simulate(
  seed: number,
  character: Character,
  rollout: Rollout,
  faults = NO_FAULTS,
): Promise<Outcome> {
  const world = new World(new Chance(seed + 1_000_000), character, faults);
  const disk = new Disk();
  const create = () => new SimulatedController(world, rollout, disk);
  let controllers = [create()];
  let nextAt = 0;
  let paused = false;
  let wasPromoted = false;
  const weights: { minute: number; weight: number }[] = [];
  while (world.minute < LIMIT_MINUTES) {
    world.pass();
    const kill = faults.kills.find(({ at }) => at === world.minute);
    for (const each of controllers) if (kill !== undefined) each.dies = kill.point;
    if (kill !== undefined) nextAt = world.minute + kill.pause;
    if (controllers.length === 0 && world.minute >= nextAt) controllers = [create()];
    if (world.hasTwoControllers && controllers.length === 1) controllers.push(create());
    if (!world.hasTwoControllers) controllers = controllers.slice(0, 1);
    if (world.isPaused !== paused) {
      paused = world.isPaused;
      await controllers[0]?.command(paused ? 'pause' : 'resume');
    }
    // Both measure before either stores what it has found.
    await Promise.all(controllers.map((each) => each.turn()));
    controllers = controllers.filter(({ dead }) => !dead);
    if (weights.at(-1)?.weight !== world.weight) weights.push({ minute: world.minute, weight: world.weight });
    wasPromoted ||= world.promoted;
    if (disk.state !== undefined && isOver(disk.state.phase) && controllers.length > 0) break;
  }
  if (disk.state === undefined) throw new Error('nothing was stored');
  const { minute: minutes } = world;
  return { seed, character, rollout, faults, state: disk.state, wasPromoted, weights, minutes };
}

function drawFaults(chance: Chance): Faults {
  const spans = (probability: number, longest: number) => {
    const count = chance.happens(probability) ? 1 + chance.below(2) : 0;
    return Array.from({ length: count }, () => {
      const from = 1 + chance.below(FAULT_HORIZON);
      return { from, to: from + 1 + chance.below(longest) };
    });
  };
  const moments = (probability: number, most: number) => {
    const count = chance.happens(probability) ? 1 + chance.below(most) : 0;
    return Array.from({ length: count }, () => 1 + chance.below(FAULT_HORIZON));
  };
  return {
    lulls: spans(0.2, LULL_MINUTES),
    storms: spans(0.25, 30),
    restarts: moments(0.4, 5),
    kills: moments(0.5, 6).map((at) => ({
      at,
      point: chance.of(['before', 'after'] as const),
      pause: chance.below(20),
    })),
    races: spans(0.3, 60),
    pauses: spans(0.2, 40),
  };
}
