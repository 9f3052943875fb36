/**
 * Reads the figures that k6 wrote at its end.
 */
import type { AnswerCounts, Check, IntervalFigures, PhaseFigures, RunRecord, Spread } from '../report/record.ts';
import type { Answered } from './classify.ts';
import { intervalsOf, QUANTILES } from './measures.ts';
import { type Plan, TIMEOUTS_SECONDS } from './plan.ts';

interface Metric {
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface Summary {
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly setup_data?: { readonly startedAtMs: number };
}

export function spreadOf(summary: Summary, metric: string): Spread {
  const values = summary.metrics[metric]?.values ?? {};
  const value = (name: string): number => values[name] ?? 0;
  return {
    count: value('count'),
    mean: value('avg'),
    min: value('min'),
    max: value('max'),
    quantiles: QUANTILES.map((each) => [each, value(`p(${each})`)] as const),
  };
}

const countOf = (summary: Summary, metric: string): number => summary.metrics[metric]?.values.count ?? 0;

const ANSWERED: readonly Answered[] = ['patched', 'unpatched', 'missed', 'refused', 'denied', 'failed'];

/** `tag` as in `{phase:calm}`, or '' for the whole run. */
export function answersOf(summary: Summary, tag = ''): AnswerCounts {
  const entries = ANSWERED.map((each) => [each, countOf(summary, `answers_${each}${tag}`)] as const);
  return Object.fromEntries(entries) as Record<Answered, number>;
}

/** Answers that came later than each of the usual timeouts. */
export function lateOf(summary: Summary): RunRecord['late'] {
  return TIMEOUTS_SECONDS.map((seconds) => [seconds, countOf(summary, `later_than_${seconds}`)] as const);
}

export function droppedOf(summary: Summary): number {
  return countOf(summary, 'dropped_iterations');
}

export function phasesOf(summary: Summary, plan: Plan): readonly PhaseFigures[] {
  if (plan.load.kind === 'closed') return [];
  let fromSeconds = 0;
  return plan.load.phases.map(({ name, rate, seconds }) => {
    const tag = `{phase:${name}}`;
    const latency = spreadOf(summary, `latency${tag}`);
    const figures = { name, fromSeconds, seconds, offered: rate, latency, answers: answersOf(summary, tag) };
    fromSeconds += seconds;
    return figures;
  });
}

export function intervalFigures(summary: Summary, plan: Plan): readonly IntervalFigures[] {
  return Array.from({ length: intervalsOf(plan) }, (_, interval) => {
    const tag = `{interval:${interval}}`;
    const { missed, refused, denied, failed } = answersOf(summary, tag);
    const latency = spreadOf(summary, `latency${tag}`);
    return { fromSeconds: interval * plan.intervalSeconds, latency, answers: { missed, refused, denied, failed } };
  });
}

/** The plan's own thresholds as k6 judged them. */
export function thresholdChecks(summary: Summary, plan: Plan): readonly Check[] {
  return Object.entries(plan.thresholds).flatMap(([name, expressions]) =>
    expressions.map((expression) => {
      const metric = summary.metrics[name];
      const value = metric?.values[/^[^<>=!]+/.exec(expression)?.[0].trim() ?? ''] ?? 0;
      const measured = /latency/.test(name) ? `${value.toFixed(1)} ms` : String(Math.round(value * 1_000) / 1_000);
      return {
        name: nameOf(name),
        limit: readable(expression),
        measured,
        ok: metric?.thresholds?.[expression]?.ok ?? isUnused(metric),
      };
    }),
  );
}

/** A counter that nothing was added to is not in the summary, and crossed no limit. */
function isUnused(metric: Metric | undefined): boolean {
  return metric === undefined;
}

/** `latency{phase:calm}` as a person says it. */
function nameOf(metric: string): string {
  const [, name = metric, phase] = /^(\w+)(?:\{phase:(.+)\})?$/.exec(metric) ?? [];
  const said = THRESHOLD_NAMES[name] ?? name;
  return phase === undefined ? said : `${said} in phase ${phase}`;
}

/** `count==0` as a person says it. */
function readable(expression: string): string {
  if (expression === 'count==0') return 'none';
  return expression.replace(/^p\((\d+)\)<(\d+)$/, 'p$1 < $2 ms');
}

const THRESHOLD_NAMES: Readonly<Record<string, string>> = {
  latency: 'latency',
  answers_failed: 'reviews without an answer',
  answers_denied: 'pods denied',
  answers_refused: 'reviews refused for want of time or room',
  answers_missed: 'pods admitted without their sidecar',
  answers_unpatched: 'answers without a patch',
  answers_patched: 'pods patched',
  dropped_iterations: 'reviews that the generator could not send',
};
