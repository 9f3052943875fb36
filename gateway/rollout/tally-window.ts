/** The counts of the recent past, so that a metric can look back as far as it wants. */
import { type Tally, tallySince } from './revision-tally.ts';

/** Moments that are remembered; one comes with each check. */
const MOMENT_LIMIT = 512;

interface Moment {
  readonly atMs: number;
  readonly tallies: readonly Tally[];
}

export class TallyWindow {
  readonly #moments: Moment[] = [];

  /** Remembers the counts of a moment; moments have to come in their order. */
  add(atMs: number, tallies: readonly Tally[]): void {
    this.#moments.push({ atMs, tallies });
    if (this.#moments.length > MOMENT_LIMIT) this.#moments.shift();
  }

  /** What has come since `sinceMs`, or since the first moment that is known; null for a revision without requests. */
  since(sinceMs: number, now: readonly Tally[], mesh: string, revision: string): Tally | null {
    const base = this.#moments.findLast(({ atMs }) => atMs <= sinceMs) ?? this.#moments[0];
    const of = (tallies: readonly Tally[]) => tallies.find((each) => each.mesh === mesh && each.revision === revision);
    const current = of(now);
    return current === undefined ? null : tallySince(of(base?.tallies ?? []), current);
  }
}
