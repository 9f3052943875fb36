/** The built-in metrics that the gateway's own counts give, in percent. */
import type { Reading } from './check.ts';
import { p99Share, type Tally } from './revision-tally.ts';
import type { BuiltInMetric } from './rollout.ts';

/** Built-in metrics that are made from counts. */
export type CountedMetric = Exclude<BuiltInMetric, 'difference-rate' | 'readiness'>;

export function isCounted(name: string): name is CountedMetric {
  return name === 'error-rate' || name === 'denied-rate' || name === 'budget-share-p99';
}

/** @param to counts of the new revision in the metric's window, null where it had no requests; `from` those of the old one. */
export function readCounted(name: CountedMetric, minSamples: number, to: Tally | null, from: Tally | null): Reading {
  const requests = to?.requests ?? 0;
  const baseline = from === null || from.requests < minSamples ? null : percentOf(name, from);
  if (to === null || requests < minSamples || requests === 0) {
    const asked = minSamples > 1 ? ` of at least ${minSamples}` : '';
    return { value: null, reason: `the revision had ${requests} requests${asked}`, scarce: true, baseline };
  }
  return { value: percentOf(name, to), reason: '', baseline };
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
