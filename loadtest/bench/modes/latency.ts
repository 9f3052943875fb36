/**
 * How long answers take at half of what a server could do: reviews are due at a fixed rate, and a latency counts from when its review
 * was due, so that a server that falls behind can not hide it.
 */
import { errorsOf, type Figure, figure, type Section } from '../figures.ts';
import { measureRounds } from '../rounds.ts';
import type { BenchRun } from '../run.ts';
import { median } from '../statistics.ts';
import type { WarmRule } from '../steadiness.ts';
import { capacitySubject, withServers } from './servers.ts';

/** Rounds that tell the capacity, after the warming. */
const CAPACITY_ROUNDS = 5;
const SHARE = 0.5;
/** A p99 wants more requests than a throughput does. */
const WINDOW_FACTOR = 2;
/** Capacity rounds have warmed it. */
const ALREADY_WARM: WarmRule = { requests: 0, seconds: 0, limitSeconds: 0 };

export function measureLatency(run: BenchRun): Promise<Section> {
  const { options, warm } = run;
  return withServers(run, 'distinct', async ({ generator, subjects, policy }) => {
    const capacity = await measureRounds(
      subjects.map((subject) => capacitySubject(generator, subject)),
      { rounds: CAPACITY_ROUNDS, windowMs: options.windowMs, warm },
    );
    const rates = capacity.map((rounds) => SHARE * median(rounds.map(({ perSecond }) => perSecond)));
    const measured = await measureRounds(
      subjects.map(({ name, pid }, i) => ({
        name,
        pid,
        run: (ms: number) => generator.rate(name, ms, rates[i] ?? 1),
      })),
      { rounds: options.rounds, windowMs: WINDOW_FACTOR * options.windowMs, warm: ALREADY_WARM },
    );
    const figures: Figure[] = subjects.flatMap(({ name }, i) => {
      const windows = (measured[i] ?? []).map(({ window }) => window);
      return [
        figure(`${name}: rate`, '/s', [rates[i] ?? Number.NaN]),
        figure(
          `${name}: p50`,
          'ms',
          windows.map(({ p50Ms }) => p50Ms),
        ),
        figure(
          `${name}: p99`,
          'ms',
          windows.map(({ p99Ms }) => p99Ms),
        ),
        figure(
          `${name}: longest`,
          'ms',
          windows.map(({ maxMs }) => maxMs),
        ),
      ];
    });
    const title = `latency: at half of capacity on one core, ${policy.description}, ${options.connections} connections`;
    return { mode: 'latency', title, figures, notes: [], errors: errorsOf([...capacity, ...measured]) };
  });
}
