/** Makes runs for tests: a flawless one, of which a test says what is different. */
import type { Answered } from '../k6/classify.ts';
import { QUANTILES } from '../k6/measures.ts';
import { type AnswerCounts, type PhaseFigures, RECORD_FORMAT, type RunFigures, type Spread } from './record.ts';

/** All quantiles at one latency, but for the slowest. */
export function spread(count: number, ms: number, max = ms): Spread {
  return { count, mean: ms, min: ms, max, quantiles: QUANTILES.map((percent) => [percent, ms] as const) };
}

export function answers(counts: Partial<Record<Answered, number>> = {}): AnswerCounts {
  return { patched: 0, unpatched: 0, missed: 0, refused: 0, denied: 0, failed: 0, ...counts };
}

export function phase(
  name: string,
  offered: number,
  seconds: number,
  changes: Partial<PhaseFigures> = {},
): PhaseFigures {
  const count = offered * seconds;
  return {
    name,
    fromSeconds: 0,
    seconds,
    offered,
    latency: spread(count, 5),
    answers: answers({ patched: count }),
    ...changes,
  };
}

/** Ten seconds at 100 reviews a second, each answered in 5 ms. */
export function exampleRun(changes: Partial<RunFigures> = {}): RunFigures {
  return {
    format: RECORD_FORMAT,
    scenario: 'steady',
    about: 'An example.',
    startedAt: '2026-11-21T10:00:00.000Z',
    target: 'this checkout',
    settings: { rate: 100, seconds: 10, seed: 1, timeoutSeconds: 10, p99LimitMs: 100, meshes: 0 },
    environment: { generator: 'k6' },
    intervalSeconds: 1,
    latency: spread(1_000, 5, 8),
    refused: spread(0, 0),
    answers: answers({ patched: 1_000 }),
    late: [[1, 0]],
    dropped: 0,
    phases: [phase('constant', 100, 10)],
    intervals: Array.from({ length: 10 }, (_, index) => ({
      fromSeconds: index,
      latency: spread(100, 5),
      answers: answers(),
    })),
    admin: null,
    sample: { checked: 10, wrong: 0, problems: [] },
    capacity: null,
    ...changes,
  };
}
