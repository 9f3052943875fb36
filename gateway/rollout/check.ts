/** From what was measured to whether a check has passed. */
import type { Metric, Rollout } from './rollout.ts';
import type { FailedCheck } from './state.ts';

/** What a source says of one metric. */
export interface Reading {
  /** Null: there is no data, for `reason`. */
  readonly value: number | null;
  readonly reason: string;
  /** Whether more time brings data: there were too few requests so far. */
  readonly scarce?: boolean;
  /** The same of the revision `from` in the same time, where that is known: what holds for both is no fault of `to`. */
  readonly baseline: number | null;
  /** Whether `from` is as bad; left out: where `baseline` is beyond the limit too. */
  readonly alike?: boolean;
  /** What the value comes from, for people. */
  readonly detail?: string;
}

export interface HookAnswer {
  readonly name: string;
  readonly ok: boolean;
  /** Why not; of an open-change webhook that says yes, what it says. */
  readonly message: string;
}

export interface Measured {
  /** In the order of the rollout's metrics. */
  readonly readings: readonly Reading[];
  /** Answers of webhooks that have a say in the check. */
  readonly hooks: readonly HookAnswer[];
}

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly failure: FailedCheck }
  /** Neither: it counts for nothing, and nothing goes on. */
  | { readonly kind: 'undecided'; readonly message: string };

/** The first thing that fails decides. */
export function judge(rollout: Rollout, { readings, hooks }: Measured): Verdict {
  const refused = hooks.find(({ ok }) => !ok);
  if (refused !== undefined) {
    const message = `webhook ${refused.name} says no: ${refused.message}`;
    return { kind: 'failed', failure: { check: refused.name, value: null, limit: 'status 2xx', message } };
  }
  let undecided: string | null = null;
  let known = 0;
  for (const [index, metric] of rollout.metrics.entries()) {
    const reading = readings[index] ?? { value: null, reason: 'it was not measured', baseline: null };
    if (reading.value === null) {
      if (reading.scarce === true && metric.onMissing !== 'Fail') {
        // To pass for want of requests would let a revision go on that nobody has tried.
        undecided ??= `${metric.name} waits for data: ${reading.reason}`;
        continue;
      }
      if (metric.onMissing === 'Ignore') continue;
      const message = `${metric.name} has no data: ${reading.reason}`;
      return { kind: 'failed', failure: { check: metric.name, value: null, limit: limitOf(metric), message } };
    }
    known += 1;
    const limit = brokenLimit(metric, reading.value);
    if (limit === null) continue;
    const { baseline } = reading;
    const broken = baseline !== null && brokenLimit(metric, baseline) !== null;
    if (baseline !== null && (reading.alike ?? broken)) {
      const same = broken ? 'so is' : 'hardly better is';
      undecided ??= `${metric.name} is ${shown(reading.value)}, beyond ${limit}, and ${same} revision ${rollout.from} with ${shown(baseline)}`;
      continue;
    }
    const detail = reading.detail === undefined ? '' : ` (${reading.detail})`;
    const message = `${metric.name} is ${shown(reading.value)}, beyond ${limit}${detail}`;
    return { kind: 'failed', failure: { check: metric.name, value: reading.value, limit, message } };
  }
  if (undecided !== null) return { kind: 'undecided', message: undecided };
  if (rollout.metrics.length > 0 && known === 0) return { kind: 'undecided', message: 'no metric has any data' };
  return { kind: 'passed' };
}

function brokenLimit({ thresholdRange: { min, max } }: Metric, value: number): string | null {
  if (Number.isNaN(value)) return limitOf({ thresholdRange: { ...(min === undefined ? { max: max ?? 0 } : { min }) } });
  if (min !== undefined && value < min) return `min ${min}`;
  return max !== undefined && value > max ? `max ${max}` : null;
}

function limitOf({ thresholdRange: { min, max } }: Pick<Metric, 'thresholdRange'>): string {
  return [...(min === undefined ? [] : [`min ${min}`]), ...(max === undefined ? [] : [`max ${max}`])].join(', ');
}

function shown(value: number): string {
  return String(Math.round(value * 1_000) / 1_000);
}
