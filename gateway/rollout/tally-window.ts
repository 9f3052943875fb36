/** The counts of the recent past, so that a metric can look back as far as it wants. */
import { type Tally, tallySince } from './revision-tally.ts';
import type { Metric, Rollout } from './rollout.ts';
import type { RolloutState } from './state.ts';

/** Moments that are remembered; one comes with each check. */
const MOMENT_LIMIT = 512;

/** What a check that decides changes, for better or worse. */
type Decided = Pick<RolloutState, 'weight' | 'iterations' | 'failedChecks'>;

interface Moment {
  readonly atMs: number;
  readonly decided: Decided;
  readonly tallies: readonly Tally[];
}

/** Of both revisions in the same time; null for one without requests. */
export interface Counts {
  readonly to: Tally | null;
  readonly from: Tally | null;
}

export class TallyWindow {
  readonly #moments: Moment[] = [];

  /** Remembers the counts of a moment; moments have to come in their order. */
  add(atMs: number, decided: Decided, tallies: readonly Tally[]): void {
    this.#moments.push({ atMs, decided, tallies });
    if (this.#moments.length > MOMENT_LIMIT) this.#moments.shift();
  }

  /**
   * What has come in a metric's interval until now. Where `to` has had fewer requests in it than the metric asks for, the time goes as
   * far back as that takes, but not beyond the last check that has decided: where few pods are created a check has to take longer, and
   * nothing is to count twice.
   */
  read(
    { mesh, from, to }: Pick<Rollout, 'mesh' | 'from' | 'to'>,
    { intervalMs, minSamples }: Pick<Metric, 'intervalMs' | 'minSamples'>,
    nowMs: number,
    now: readonly Tally[],
  ): Counts {
    const moments = this.#moments;
    const last = moments.at(-1);
    const isOpen = (moment: Moment | undefined) => moment !== undefined && last !== undefined && areSame(moment, last);
    const countsOf = (index: number, revision: string): Tally | null => {
      const of = (tallies: readonly Tally[]) =>
        tallies.find((each) => each.mesh === mesh && each.revision === revision);
      const current = of(now);
      return current === undefined ? null : tallySince(of(moments[index]?.tallies ?? []), current);
    };
    let index = Math.max(
      0,
      moments.findLastIndex(({ atMs }) => atMs <= nowMs - intervalMs),
    );
    while (isOpen(moments[index - 1]) && (countsOf(index, to)?.requests ?? 0) < minSamples) index--;
    return { to: countsOf(index, to), from: countsOf(index, from) };
  }
}

function areSame({ decided: a }: Moment, { decided: b }: Moment): boolean {
  return a.weight === b.weight && a.iterations === b.iterations && a.failedChecks === b.failedChecks;
}
