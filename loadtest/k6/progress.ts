/** Tells how a run of k6 goes while it lasts, from k6's own REST API. */
import { request } from 'undici';
import { type Plan, secondsOf } from './plan.ts';

const PERIOD_MS = 1_000;
const ANSWER_LIMIT_MS = 900;

export interface Progress {
  readonly atSeconds: number;
  readonly totalSeconds: number;
  /** The phase's name and rate; '' and 0 in a closed loop. */
  readonly phase: string;
  readonly offered: number;
  readonly answered: number;
  readonly p95Ms: number;
  /** Answers other than an injected or a skipped pod. */
  readonly lost: number;
}

export type ProgressListener = (progress: Progress) => void;

interface Metrics {
  readonly data: readonly {
    readonly id: string;
    readonly attributes: { readonly sample: Readonly<Record<string, number>> };
  }[];
}

const LOST = ['answers_missed', 'answers_refused', 'answers_denied', 'answers_failed'];

/** k6's API can not be reached before its scripts are read, nor after the end: then nothing is told. */
export function watchProgress(api: string, plan: Plan, listener: ProgressListener): { stop(): void } {
  const totalSeconds = secondsOf(plan.load);
  let startedAt: number | null = null;
  const look = async (): Promise<void> => {
    const answer = await request(`${api}/v1/metrics`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    const { data } = (await answer.body.json()) as Metrics;
    const value = (id: string, member: string): number =>
      data.find((each) => each.id === id)?.attributes.sample[member] ?? 0;
    const answered = value('iterations', 'count');
    if (answered === 0) return;
    startedAt ??= performance.now() - PERIOD_MS;
    const atSeconds = Math.min(totalSeconds, Math.round((performance.now() - startedAt) / 1_000));
    const lost = LOST.reduce((sum, id) => sum + value(id, 'count'), 0);
    listener({
      atSeconds,
      totalSeconds,
      ...phaseAt(plan, atSeconds),
      answered,
      p95Ms: value('latency', 'p(95)'),
      lost,
    });
  };
  const timer = setInterval(() => void look().catch(() => undefined), PERIOD_MS);
  return { stop: () => clearInterval(timer) };
}

function phaseAt({ load }: Plan, atSeconds: number): { phase: string; offered: number } {
  if (load.kind === 'closed') return { phase: '', offered: 0 };
  let end = 0;
  for (const { name, rate, seconds } of load.phases) {
    end += seconds;
    if (atSeconds < end) return { phase: name, offered: rate };
  }
  return { phase: load.phases.at(-1)?.name ?? '', offered: 0 };
}
