/** Prometheus histograms: summed over their series, subtracted from each other, and read. */
import type { Sample } from './exposition.ts';

export interface Histogram {
  /** Upper bounds ascending, the last one infinite, with the number of values within each. */
  readonly buckets: readonly (readonly [bound: number, count: number])[];
  readonly sum: number;
  readonly count: number;
}

/** All series of a histogram together; null when there is none of that name. */
export function histogramOf(
  samples: readonly Sample[],
  name: string,
  keep: (sample: Sample) => boolean = () => true,
): Histogram | null {
  const buckets = new Map<number, number>();
  let sum = 0;
  let count = 0;
  for (const sample of samples) {
    if (!sample.name.startsWith(name) || !keep(sample)) continue;
    if (sample.name === `${name}_bucket`) {
      const le = sample.labels.get('le') ?? '+Inf';
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      buckets.set(bound, (buckets.get(bound) ?? 0) + sample.value);
    } else if (sample.name === `${name}_sum`) sum += sample.value;
    else if (sample.name === `${name}_count`) count += sample.value;
  }
  if (buckets.size === 0) return null;
  return { buckets: [...buckets].sort(([a], [b]) => a - b), sum, count };
}

/** What was added since an earlier reading of the same histogram. */
export function since(now: Histogram, before: Histogram | null): Histogram {
  if (before === null) return now;
  const earlier = new Map(before.buckets);
  return {
    buckets: now.buckets.map(([bound, count]) => [bound, Math.max(0, count - (earlier.get(bound) ?? 0))] as const),
    sum: Math.max(0, now.sum - before.sum),
    count: Math.max(0, now.count - before.count),
  };
}

/**
 * The value that the given part (0 to 1) of all values does not exceed, taken as evenly spread within a bucket as Prometheus'
 * histogram_quantile does; the last finite bound when it is beyond that. Null when the histogram is empty.
 */
export function estimateQuantile({ buckets, count }: Histogram, part: number): number | null {
  if (count === 0) return null;
  const rank = part * count;
  let [lowerBound, lowerCount] = [0, 0];
  for (const [bound, cumulative] of buckets) {
    if (cumulative >= rank && cumulative > lowerCount) {
      if (bound === Number.POSITIVE_INFINITY) return lowerBound;
      return lowerBound + ((bound - lowerBound) * (rank - lowerCount)) / (cumulative - lowerCount);
    }
    [lowerBound, lowerCount] = [bound, cumulative];
  }
  return lowerBound;
}

/** The part of all values that is at most `bound`, which has to be one of the bounds; null when it is not, or there are no values. */
export function partWithin({ buckets, count }: Histogram, bound: number): number | null {
  const found = buckets.find(([each]) => each === bound);
  return found === undefined || count === 0 ? null : found[1] / count;
}
