/** What a scenario is made of, and what several of them share. */
import type { Phase } from '../k6/plan.ts';
import type { Check, RunFigures, RunSettings } from '../report/record.ts';

export type ScenarioDefaults = Omit<RunSettings, 'seed'>;

export interface Judgement {
  readonly checks: readonly Check[];
  readonly findings: readonly string[];
}

export interface Scenario {
  /** For the report and the help: what it shows, and what --rate means for it. */
  readonly about: string;
  readonly defaults: ScenarioDefaults;
  readonly pods: 'usual' | 'big' | 'one-workload';
  /** The gateway gets a generated policy folder with many meshes. */
  readonly manyMeshes: boolean;
  /**
   * What goes before: nothing; some seconds for compilers and caches to warm up; or a closed loop that finds the capacity, where
   * --rate does not say it.
   */
  readonly before: 'nothing' | 'warm-up' | 'capacity';
  /** How long the target may be silent before the generator has no client left to send with, in seconds. */
  readonly patienceSeconds: number;
  /** Answers that are checked by applying their patch. */
  readonly sample: number;
  /** `capacity` in reviews a second, found or given as rate. */
  phases(settings: RunSettings, capacity: number): readonly Phase[];
  /** What k6 itself holds the run to. */
  thresholds(settings: RunSettings): Readonly<Record<string, readonly string[]>>;
  /** What has to be computed from all figures. */
  judge(run: RunFigures): Judgement;
}

/** Name of a phase in which connections are opened: it is shown, but not judged. */
export const LEAD_IN = 'start';
const LEAD_IN_SECONDS = 3;

/** A few seconds at half of a constant rate, then that rate. */
export function constantRate({ rate, seconds }: RunSettings): readonly Phase[] {
  const half = Math.max(1, Math.round(rate / 2));
  return [
    { name: LEAD_IN, rate: half, seconds: LEAD_IN_SECONDS },
    { name: 'constant', rate, seconds },
  ];
}

/** No review of the phase may go wrong in any way, and all have to be sent. */
export function flawless({ p99LimitMs }: RunSettings, phase: string): Record<string, readonly string[]> {
  return {
    [`latency{phase:${phase}}`]: [`p(99)<${p99LimitMs}`],
    answers_failed: ['count==0'],
    answers_denied: ['count==0'],
    answers_refused: ['count==0'],
    answers_missed: ['count==0'],
    answers_unpatched: ['count==0'],
    dropped_iterations: ['count==0'],
  };
}

/** Every answer came before the apiserver would have given up. */
export function inTime({ phases, settings }: Pick<RunFigures, 'phases' | 'settings'>): Check {
  const limitMs = settings.timeoutSeconds * 1_000;
  const judged = phases.filter(({ name }) => name !== LEAD_IN);
  const slowest = Math.max(0, ...judged.map(({ latency }) => latency.max));
  const ok = judged.some(({ latency }) => latency.count > 0) && slowest < limitMs;
  return {
    name: 'slowest answer',
    limit: `< the timeout, ${settings.timeoutSeconds} s`,
    measured: `${slowest.toFixed(1)} ms`,
    ok,
  };
}
