/**
 * Everything that is known of one run, as it is written with `--json` and read with `--compare`. Times in milliseconds unless a name
 * says seconds.
 */
import type { Answered } from '../k6/classify.ts';

export const RECORD_FORMAT = 'meshgate-loadtest/1';

export interface RunSettings {
  /** Reviews a second; what it means for the scenario is in its description. */
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
  /** What the apiserver would have given, in `?timeout=`. */
  readonly timeoutSeconds: number;
  /** The 99th percentile that the run has to keep. */
  readonly p99LimitMs: number;
  /** Meshes of a generated policy folder; 0 where none is generated. */
  readonly meshes: number;
}

/** Figures of a set of latencies; all zero when the set is empty. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Pairs of percentile (0 to 100) and latency, ascending. */
  readonly quantiles: readonly (readonly [number, number])[];
}

export type AnswerCounts = Readonly<Record<Answered, number>>;

export interface PhaseFigures {
  readonly name: string;
  readonly fromSeconds: number;
  readonly seconds: number;
  /** Reviews a second that were to arrive. */
  readonly offered: number;
  readonly latency: Spread;
  readonly answers: AnswerCounts;
}

/** What arrived within one interval. */
export interface IntervalFigures {
  readonly fromSeconds: number;
  readonly latency: Spread;
  readonly answers: Readonly<Record<Exclude<Answered, 'patched' | 'unpatched'>, number>>;
}

/** One curve; values are per interval of about a second. */
export interface Line {
  readonly name: string;
  /** Pairs of seconds from the run's start and value. */
  readonly points: readonly (readonly [number, number])[];
}

/** A plot over time of what the gateway told about itself. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly unit: 'ms' | 's' | '%' | '/s' | 'MB' | 'count';
  readonly lines: readonly Line[];
}

/** What the admin port told; null where there is none. */
export interface AdminFigures {
  readonly panels: readonly Panel[];
  /** Upper bounds of the used share of the budget, with the part of all requests that stayed within it. */
  readonly budgetShares: readonly (readonly [number, number])[];
  /** Part of the requests that were not done, which were answered within 50 ms; null when there were none. */
  readonly refusedIn50Ms: number | null;
  readonly peakMemoryMb: number;
  /** Before the load. */
  readonly startMemoryMb: number;
}

/** One thing that the run had to show. */
export interface Check {
  readonly name: string;
  readonly limit: string;
  readonly measured: string;
  readonly ok: boolean;
}

export interface SampleFigures {
  readonly checked: number;
  readonly wrong: number;
  /** The first few. */
  readonly problems: readonly string[];
}

export interface RunRecord {
  readonly format: typeof RECORD_FORMAT;
  readonly scenario: string;
  readonly about: string;
  readonly startedAt: string;
  readonly target: string;
  readonly settings: RunSettings;
  readonly environment: Readonly<Record<string, string>>;
  readonly intervalSeconds: number;
  readonly latency: Spread;
  readonly refused: Spread;
  readonly answers: AnswerCounts;
  /** Pairs of a timeout in seconds and how many answers came later. */
  readonly late: readonly (readonly [seconds: number, count: number])[];
  /** Reviews that were not sent, because all clients were waiting for answers. */
  readonly dropped: number;
  readonly phases: readonly PhaseFigures[];
  readonly intervals: readonly IntervalFigures[];
  readonly admin: AdminFigures | null;
  readonly sample: SampleFigures;
  /** Reviews a second that the target did in a closed loop before the run; null where that was not asked for. */
  readonly capacity: number | null;
  readonly checks: readonly Check[];
  /** What the scenario found, in sentences. */
  readonly findings: readonly string[];
  readonly passed: boolean;
}

/** What is known before the scenario has judged. */
export type RunFigures = Omit<RunRecord, 'checks' | 'findings' | 'passed'>;

export function quantile(spread: Spread, percent: number): number {
  return spread.quantiles.find(([each]) => each === percent)?.[1] ?? 0;
}

/** Reads what `--json` wrote. Throws an Error that says what is wrong with it. */
export function parseRecord(text: string): RunRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  const isRecord = typeof value === 'object' && value !== null && 'format' in value && value.format === RECORD_FORMAT;
  if (!isRecord) throw new Error(`it is not a run's JSON (format ${RECORD_FORMAT})`);
  return value as unknown as RunRecord;
}
