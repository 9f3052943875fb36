/**
 * Shadows of rollouts: what a rollout's analysis reads as its difference rate. A rollout's shadow starts when the rollout begins, if it has the
 * part `shadow`, else when its analysis asks for the first time, and ends when nothing was asked for a while. Both ways are compared: what `from` answers with what `to` would have, and,
 * since the canary's share of the answers grows, what `to` answers with what `from` would have.
 */
import type { AllowedDifference } from './allowed-differences.ts';
import type { ShadowController } from './shadow-controller.ts';
import type { ShadowGate, ShadowSpec, ShadowUpstream } from './shadow-spec.ts';

/** Intervals without a question, and the least time, after which a rollout's shadows end. */
const IDLE_INTERVALS = 5;
const IDLE_MS = 10 * 60_000;
/** What was counted at earlier questions of one rollout. */
const HISTORY_LIMIT = 512;

/** The part `shadow` of a rollout. */
export interface RolloutShadow {
  /** Part of the reviews. */
  readonly sample: number;
  readonly perSecond: number;
  readonly allowedDifferences: readonly AllowedDifference[];
  /** What `to` would have answered is compared with this injector's answers instead of `from`'s. */
  readonly upstream: ShadowUpstream | null;
}

export const DEFAULT_ROLLOUT_SHADOW: RolloutShadow = {
  sample: 1,
  perSecond: 20,
  allowedDifferences: [],
  upstream: null,
};

export interface ShadowedRollout {
  readonly name: string;
  readonly mesh: string;
  readonly from: string;
  readonly to: string;
  /** Left out: the defaults. */
  readonly shadow?: RolloutShadow | null;
}

/** What an analysis is told. */
export interface DifferenceReading {
  /** In percent of what was compared; null: there is no data, for `reason`. */
  readonly value: number | null;
  readonly reason: string;
  /** Whether more time brings data. */
  readonly scarce?: boolean;
  readonly baseline: null;
}

/** How a metric asks. */
export interface DifferenceQuestion {
  /** How far it looks back. */
  readonly intervalMs: number;
  /** Reviews that have to be compared; with `max` 0, so many without a difference that is not allowed. */
  readonly minSamples: number;
  readonly thresholdRange: { readonly max?: number };
}

interface Moment {
  readonly atMs: number;
  readonly gate: ShadowGate;
  /** How much the question asked for that had its answer then: for it, what was compared before has had its say. 0: none had. */
  readonly answered: number;
}

interface Followed {
  readonly specs: readonly ShadowSpec[];
  readonly history: Moment[];
  readonly idle: NodeJS.Timeout;
}

export class RolloutShadows {
  readonly #shadows: Pick<ShadowController, 'start' | 'find' | 'remove'>;
  readonly #now: () => number;
  readonly #followed = new Map<string, Followed>();

  /** @param now monotonic milliseconds */
  constructor(shadows: Pick<ShadowController, 'start' | 'find' | 'remove'>, now: () => number) {
    this.#shadows = shadows;
    this.#now = now;
  }

  /**
   * Share of what was compared in about the last interval that differs in a way that is not allowed. Where that is less than is asked for,
   * the time goes as far back as it takes, to the last answer. Never rejects.
   */
  async differenceRate(rollout: ShadowedRollout, question: DifferenceQuestion): Promise<DifferenceReading> {
    const refused = await this.begin(rollout, question.intervalMs);
    if (refused !== null) return { value: null, reason: refused, baseline: null };
    const { compared, notAllowed, failed } = this.#recent(rollout.name, question);
    const { minSamples, thresholdRange } = question;
    // Where the rest could be without difference, and the limit were broken all the same, there is nothing to wait for.
    const lost = notAllowed > 0 && (notAllowed / Math.max(compared, minSamples)) * 100 > (thresholdRange.max ?? 100);
    const answered = compared >= minSamples || lost;
    this.mark(rollout.name, answered ? minSamples : 0);
    if (answered) return { value: (notAllowed / compared) * 100, reason: '', baseline: null };
    if (compared === 0 && failed > 0) {
      return { value: null, reason: `${failed} reviews could not be compared`, scarce: false, baseline: null };
    }
    const some = `${compared} reviews of at least ${minSamples} were compared`;
    return { value: null, reason: compared === 0 ? 'no review was compared yet' : some, scarce: true, baseline: null };
  }

  /** Has reviews shadowed from now on, if they are not yet. Resolves with why they are not; null when they are. Never rejects. */
  async begin(rollout: ShadowedRollout, intervalMs: number): Promise<string | null> {
    try {
      await this.#follow(rollout, intervalMs);
      return null;
    } catch (error) {
      return `no reviews are shadowed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** A metric looks back to here, when it asks an interval later. */
  mark(name: string, answered = 0): void {
    const followed = this.#followed.get(name);
    if (followed === undefined) return;
    followed.history.push({ atMs: this.#now(), gate: this.#gateOf(followed), answered });
    if (followed.history.length > HISTORY_LIMIT) followed.history.shift();
  }

  /** What all shadows of a rollout have found; null where there are none. */
  gate(name: string): ShadowGate | null {
    const followed = this.#followed.get(name);
    return followed === undefined ? null : this.#gateOf(followed);
  }

  /** Ends a rollout's shadows. */
  end(name: string): void {
    const followed = this.#followed.get(name);
    if (followed === undefined) return;
    clearTimeout(followed.idle);
    this.#followed.delete(name);
    for (const spec of followed.specs) this.#shadows.remove(spec.name);
  }

  close(): void {
    for (const name of [...this.#followed.keys()]) this.end(name);
  }

  async #follow(rollout: ShadowedRollout, backMs: number): Promise<void> {
    const specs = specsOf(rollout);
    const known = this.#followed.get(rollout.name);
    if (known !== undefined && JSON.stringify(known.specs) === JSON.stringify(specs)) {
      known.idle.refresh();
      return;
    }
    this.end(rollout.name);
    const idleMs = Math.max(IDLE_MS, IDLE_INTERVALS * backMs);
    const idle = setTimeout(() => this.end(rollout.name), idleMs).unref();
    this.#followed.set(rollout.name, { specs, history: [], idle });
    try {
      for (const spec of specs) await this.#shadows.start(spec);
    } catch (error) {
      this.end(rollout.name);
      throw error;
    }
  }

  #gateOf({ specs }: Followed): ShadowGate {
    const gates = specs.flatMap(({ name }) => this.#shadows.find(name)?.gate() ?? []);
    const sum = (of: (gate: ShadowGate) => number) => gates.reduce((total, gate) => total + of(gate), 0);
    return {
      compared: sum(({ compared }) => compared),
      different: sum(({ different }) => different),
      notAllowed: sum(({ notAllowed }) => notAllowed),
      failed: sum(({ failed }) => failed),
    };
  }

  /** Since the youngest moment that is as long ago as asked, or as an answer or the beginning, where that leaves too little. */
  #recent(name: string, { intervalMs, minSamples }: DifferenceQuestion): ShadowGate {
    const followed = this.#followed.get(name);
    if (followed === undefined) return NOTHING;
    const [atMs, gate] = [this.#now(), this.#gateOf(followed)];
    const { history } = followed;
    // Questions come once an interval, sooner or later by a turn.
    let index = history.findLastIndex((each) => atMs - each.atMs >= intervalMs * 0.9);
    const isEnough = (since: ShadowGate) => gate.compared - since.compared >= minSamples;
    for (let each = history[index]; each !== undefined; each = history[index]) {
      if (each.answered >= minSamples || isEnough(each.gate)) break;
      index -= 1;
    }
    const before = history[index]?.gate ?? NOTHING;
    // It has begun anew meanwhile.
    if (gate.compared < before.compared || gate.failed < before.failed) return gate;
    return {
      compared: gate.compared - before.compared,
      different: gate.different - before.different,
      notAllowed: gate.notAllowed - before.notAllowed,
      failed: gate.failed - before.failed,
    };
  }
}

/** Names of a rollout's shadows: of `to` beside `from`, and of `from` beside `to`. */
export function shadowNames(rollout: string): { readonly forth: string; readonly back: string } {
  return { forth: `rollout/${rollout}`, back: `rollout/${rollout}/back` };
}

const NOTHING: ShadowGate = { compared: 0, different: 0, notAllowed: 0, failed: 0 };

function specsOf({ name, mesh, from, to, shadow }: ShadowedRollout): readonly ShadowSpec[] {
  const { sample, perSecond, allowedDifferences, upstream } = shadow ?? DEFAULT_ROLLOUT_SHADOW;
  const common = { mesh, sample, perSecond, lifetimeMs: null };
  const names = shadowNames(name);
  const forth = { ...common, name: names.forth, to, upstream, allowedDifferences };
  if (upstream !== null) return [{ ...forth, from: null }];
  const back = { ...common, name: names.back, from: to, to: from, upstream };
  return [
    { ...forth, from },
    { ...back, allowedDifferences: allowedDifferences.map(turned) },
  ];
}

/** The same difference seen from the other side. */
function turned({ path, from, to }: AllowedDifference): AllowedDifference {
  return { path, ...(to === undefined ? {} : { from: to }), ...(from === undefined ? {} : { to: from }) };
}
