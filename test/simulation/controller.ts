/**
 * Controllers of a simulated rollout. What decides, measures and remembers is the gateway's own (reducer, plan, investigation, windows,
 * ledger); disk and clock are the simulation's.
 */
import type { Reading } from '../../gateway/rollout/check.ts';
import { investigate, NO_FURTHER_METRICS } from '../../gateway/rollout/investigate.ts';
import { Ledger } from '../../gateway/rollout/ledger.ts';
import { planOf } from '../../gateway/rollout/plan.ts';
import { type Happening, reduce } from '../../gateway/rollout/reduce.ts';
import type { Rollout } from '../../gateway/rollout/rollout.ts';
import { isPromoted, type RolloutState } from '../../gateway/rollout/state.ts';
import type { RolloutStates } from '../../gateway/rollout/state-text.ts';
import { NOTHING_STORED, type StoredStates } from '../../gateway/rollout/store.ts';
import { TallyWindow } from '../../gateway/rollout/tally-window.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;

/** Compare and swap, as files give it. */
export class Disk {
  #stored: StoredStates = NOTHING_STORED;
  async newest(): Promise<number> {
    return this.#stored.version;
  }
  async load() {
    return { stored: this.#stored, problems: [] };
  }
  async commit(from: number, states: RolloutStates): Promise<boolean> {
    if (from !== this.#stored.version) return false;
    this.#stored = { version: from + 1, states };
    return true;
  }
  get state(): RolloutState | undefined {
    return this.#stored.states.get('sim');
  }
}

export class SimulatedController {
  readonly #world: World;
  readonly #rollout: Rollout;
  readonly #ledger: Ledger;
  #watched: { generation: number; since: number } | null = null;
  #window = new TallyWindow();
  /** Where its next change ends it; null: it lives. */
  dies: 'before' | 'after' | null = null;
  dead = false;

  constructor(world: World, rollout: Rollout, disk: Disk) {
    this.#world = world;
    this.#rollout = rollout;
    const never = (what: unknown): never => {
      throw new Error(String(what));
    };
    this.#ledger = new Ledger({ store: disk, onProblem: never, onUnsaved: never });
  }

  /** Looks around once, and goes on as long as something follows at once. */
  async turn(): Promise<void> {
    await this.#ledger.refresh();
    await this.#apply({ type: 'observed', position: 'from' });
    for (let i = 0; i < 10 && !this.dead; i++) {
      this.#assign();
      if (!(await this.#advance())) return;
    }
  }

  async command(command: 'pause' | 'resume'): Promise<void> {
    await this.#ledger.refresh();
    await this.#apply({ type: 'commanded', command });
  }

  async #advance(): Promise<boolean> {
    const state = this.#ledger.states.get('sim');
    const plan = state === undefined ? null : planOf(this.#rollout, state, true);
    if (state === undefined || plan === null) return false;
    const { minute } = this.#world;
    const nowMs = minute * MINUTE_MS;
    if (this.#watched?.generation !== state.generation) {
      if (this.#watched === null || state.weight === 0) this.#window = new TallyWindow();
      this.#watched = { generation: state.generation, since: minute };
      this.#window.add(nowMs, state, this.#world.counts());
    }
    if ((minute - this.#watched.since) * MINUTE_MS < plan.afterMs) return false;
    const tallies = this.#world.counts();
    const checked = await investigate(this.#rollout, state, plan, {
      outbound: { query: never, callWebhook: never, openChange: never },
      change: null,
      further: {
        ...NO_FURTHER_METRICS,
        differenceRate: async (_, { intervalMs }) => differenceReading(this.#world, intervalMs),
      },
      counts: (metric) => this.#window.read(this.#rollout, metric, nowMs, tallies),
    });
    if (this.dies === 'before') this.dead = true;
    else await this.#apply(checked);
    return !this.dead && this.#ledger.states.get('sim')?.generation !== state.generation;
  }

  async #apply(happening: Happening): Promise<void> {
    const at = new Date(this.#world.minute * MINUTE_MS).toISOString();
    await this.#ledger.change((states) => {
      const before = states.get('sim') ?? null;
      const after = reduce(this.#rollout, before, happening, at);
      return after === before ? states : new Map([...states, ['sim', after]]);
    });
    if (this.dies === 'after' && happening.type === 'checked') this.dead = true;
  }

  #assign(): void {
    const state = this.#ledger.states.get('sim');
    if (state === undefined) return;
    this.#world.weight = state.weight;
    this.#world.promoted = isPromoted(state.phase);
  }
}

function differenceReading(world: World, backMs: number): Reading {
  const value = world.differenceRate(backMs / MINUTE_MS);
  const scarce = value === null;
  return { value, reason: scarce ? 'hardly any reviews came' : '', scarce, baseline: null };
}

async function never(): Promise<never> {
  throw new Error('the simulation has no outside');
}
