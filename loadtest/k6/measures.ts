/**
 * Which figures k6 keeps. A sub-metric for each interval and phase comes of a threshold that always holds: that is k6's way to keep
 * one, and spares a stream of every single sample, which would cost the generator as much as sending.
 */
import { type Plan, secondsOf } from './plan.ts';

/** Percentiles of the latency that are kept, close together towards the end. */
export const QUANTILES: readonly number[] = [
  1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92, 94, 95, 96, 97, 98, 98.5, 99, 99.3, 99.5, 99.7, 99.8, 99.9,
  99.95, 99.99,
];

/** Metrics that are kept for each interval. */
const BY_INTERVAL = ['latency', 'answers_missed', 'answers_refused', 'answers_denied', 'answers_failed'];
const ALWAYS: Readonly<Record<string, string>> = { latency: 'max>=0' };

export function intervalsOf(plan: Plan): number {
  return Math.ceil(secondsOf(plan.load) / plan.intervalSeconds);
}

export function thresholdsOf(plan: Plan): Record<string, string[]> {
  const thresholds: Record<string, string[]> = {};
  const keep = (metric: string, tag: string): void => {
    thresholds[`${metric}{${tag}}`] = [ALWAYS[metric] ?? 'count>=0'];
  };
  for (let interval = 0; interval < intervalsOf(plan); interval++) {
    for (const metric of BY_INTERVAL) keep(metric, `interval:${interval}`);
  }
  if (plan.load.kind === 'arrivals') {
    for (const { name } of plan.load.phases)
      for (const metric of [...BY_INTERVAL, 'answers_patched']) keep(metric, `phase:${name}`);
  }
  for (const [metric, expressions] of Object.entries(plan.thresholds)) {
    thresholds[metric] = [...(thresholds[metric] ?? []), ...expressions];
  }
  return thresholds;
}
