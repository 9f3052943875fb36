/** The built-in metrics that the gateway's own counts give, in percent. */
import type { Reading } from './check.ts';
import { p99Share, SHARE_BOUNDS_PERCENT, type Tally } from './revision-tally.ts';
import type { BuiltInMetric, Metric } from './rollout.ts';
import type { Counts } from './tally-window.ts';

/** Built-in metrics that are made from counts. */
export type CountedMetric = Exclude<BuiltInMetric, 'difference-rate' | 'readiness'>;

/** Differences of two shares of less than so many standard errors are taken for chance: where the old revision keeps the limit, or not. */
const CHANCE_STANDARD_ERRORS = { within: 2, beyond: 4 };
/** Up to so many times what a metric asks for, requests are few. */
const FEW = 2;
/** A 99th percentile is beyond a limit when more than this part of the requests is. */
const BEYOND_P99 = 0.01;

export function isCounted(name: string): name is CountedMetric {
  return name === 'error-rate' || name === 'denied-rate' || name === 'budget-share-p99';
}

/** `to` is the new revision, `from` the old one. */
export function readCounted(
  name: CountedMetric,
  { minSamples, thresholdRange: { max } }: Pick<Metric, 'minSamples' | 'thresholdRange'>,
  { to, from }: Counts,
): Reading {
  const requests = to?.requests ?? 0;
  const baseline = from === null ? null : percentOf(name, from);
  if (to === null || requests < minSamples || requests === 0) {
    const asked = minSamples > 1 ? ` of at least ${minSamples}` : '';
    // Many others say that the canary is small, or that its selectors match nobody.
    const others = from === null || from.requests === 0 ? '' : `, the old one ${from.requests}`;
    return { value: null, reason: `the revision had ${requests} requests${asked}${others}`, scarce: true, baseline };
  }
  const reading = { value: percentOf(name, to), reason: '', baseline };
  if (from === null || baseline === null) return reading;
  if (max === undefined) return from.requests < minSamples ? { ...reading, alike: false } : reading;
  return { ...reading, alike: areAlike(beyond(name, to, max), beyond(name, from, max), minSamples) };
}

function percentOf(name: CountedMetric, tally: Tally): number | null {
  if (tally.requests === 0) return null;
  switch (name) {
    case 'error-rate':
      return (tally.errors / tally.requests) * 100;
    case 'denied-rate':
      return (tally.denied / tally.requests) * 100;
    case 'budget-share-p99':
      return p99Share(tally);
  }
}

/** Of so many, how many are bad, and what part of them may be. */
interface Beyond {
  readonly bad: number;
  readonly total: number;
  readonly limit: number;
}

function beyond(name: CountedMetric, tally: Tally, max: number): Beyond {
  switch (name) {
    case 'error-rate':
      return { bad: tally.errors, total: tally.requests, limit: max / 100 };
    case 'denied-rate':
      return { bad: tally.denied, total: tally.requests, limit: max / 100 };
    case 'budget-share-p99': {
      const total = tally.shares.reduce((sum, count) => sum + count, 0);
      const slow = (index: number) => (SHARE_BOUNDS_PERCENT[index] ?? Number.POSITIVE_INFINITY) > max;
      const bad = tally.shares.reduce((sum, count, index) => (slow(index) ? sum + count : sum), 0);
      return { bad, total, limit: BEYOND_P99 };
    }
  }
}

/**
 * Whether the old revision is beyond the limit too, or near it, and the new one is worse by no more than chance: trouble that begins or ends
 * within an interval takes both near the limit, and then luck says on which side of it each of them is. A new revision that is much worse
 * is so by itself; it may be what takes the old one beyond the limit, as one does that keeps the workers busy.
 */
function areAlike(to: Beyond, from: Beyond, minSamples: number): boolean {
  if (to.total === 0 || from.total === 0) return false;
  const share = from.bad / from.total;
  const known = from.total >= minSamples;
  // Of a few requests of either no trouble is no sign of health.
  if (share <= from.limit / 2 && (known || to.total >= FEW * minSamples)) return false;
  const pooled = (to.bad + from.bad) / (to.total + from.total);
  const standardError = Math.sqrt(pooled * (1 - pooled) * (1 / to.total + 1 / from.total));
  const chance = known && share > from.limit ? CHANCE_STANDARD_ERRORS.beyond : CHANCE_STANDARD_ERRORS.within;
  return to.bad / to.total - share < chance * standardError;
}
