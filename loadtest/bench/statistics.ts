/**
 * What is reported of figures that were measured many times: the middle and the spread, for single figures mean little on a machine
 * whose speed changes from second to second.
 */

export interface Summary {
  readonly median: number;
  /** A quarter of the figures lies below `lower`, a quarter above `upper`. */
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** The value below which `share` (0 to 1) of the figures lies, between neighbours in proportion. NaN of none. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

export function summarize(figures: readonly number[]): Summary {
  return {
    median: median(figures),
    lower: quantile(figures, 0.25),
    upper: quantile(figures, 0.75),
    count: figures.length,
  };
}

/** `a[i] / b[i]` of each round: what both saw of the machine at nearly the same time cancels out. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new Error(`ratios of ${a.length} and ${b.length} rounds`);
  return a.map((figure, i) => figure / (b[i] ?? Number.NaN));
}
