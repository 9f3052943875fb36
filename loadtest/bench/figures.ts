/**
 * What a mode reports, as data; `report.ts` makes the text of it.
 */
import type { Measured, Window } from './rounds.ts';
import { median, ratios, type Summary, summarize } from './statistics.ts';

export interface Figure {
  /** Unique within its section. */
  readonly name: string;
  /** `/s`, `µs`, `ms`, `s`, `MB`, or '' for a ratio or a number of things. */
  readonly unit: string;
  readonly summary: Summary;
}

export interface Section {
  readonly mode: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** What a reader has to know of how it was measured. */
  readonly notes: readonly string[];
  /** Answers that were not 200, or reviews that were not patched: any of them fails the run. */
  readonly errors: number;
  /** What was measured and is not as it has to be; fails the run as well. */
  readonly failures?: readonly string[];
}

export function figure(name: string, unit: string, values: readonly number[]): Figure {
  return { name, unit, summary: summarize(values) };
}

/** A share of the generator's core above this limits what it measures. */
const GENERATOR_LIMIT = 0.9;
/** A server under full load that has less of its core shares it with something else. */
const SERVER_LIMIT = 0.85;

/** The figures of one subject. */
export function subjectFigures(name: string, rounds: readonly Measured<Window>[]): Figure[] {
  const cpu = cpuOf(rounds);
  return [
    figure(
      `${name}: throughput`,
      '/s',
      rounds.map(({ perSecond }) => perSecond),
    ),
    ...(cpu === null ? [] : [figure(`${name}: CPU a request`, 'µs', cpu)]),
  ];
}

/** How `a` compares with `b`: by throughput, and by CPU time where it is known. Above 1: `a` does more. */
export function ratioFigures(name: string, a: readonly Measured<Window>[], b: readonly Measured<Window>[]): Figure[] {
  const [cpuA, cpuB] = [cpuOf(a), cpuOf(b)];
  const perSecond = (rounds: readonly Measured<Window>[]): number[] => rounds.map((each) => each.perSecond);
  return [
    figure(`${name}, by throughput`, '', ratios(perSecond(a), perSecond(b))),
    ...(cpuA === null || cpuB === null ? [] : [figure(`${name}, by CPU time`, '', ratios(cpuB, cpuA))]),
  ];
}

export function errorsOf(all: readonly (readonly Measured<Window>[])[]): number {
  return all.flat().reduce((sum, { window }) => sum + window.errors, 0);
}

/** A note for each subject whose throughput something else than its own core limited: there the ratio by CPU time counts. */
export function limitNotes(
  names: readonly string[],
  all: readonly (readonly Measured<Window & { readonly ownCpuSeconds: number }>[])[],
): string[] {
  return all.flatMap((rounds, i) => {
    const generator = median(rounds.map(({ window }) => window.ownCpuSeconds / window.seconds));
    const server = median(rounds.map(({ busyCores }) => busyCores ?? 1));
    if (generator > GENERATOR_LIMIT)
      return [`${names[i]}: the generator was busy ${percent(generator)} of the time; compare by CPU time`];
    if (server < SERVER_LIMIT)
      return [`${names[i]}: it had its core only ${percent(server)} of the time; compare by CPU time`];
    return [];
  });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function cpuOf(rounds: readonly Measured<Window>[]): number[] | null {
  const cpu = rounds.map(({ cpuMicros }) => cpuMicros).filter((micros) => micros !== null);
  return cpu.length === rounds.length ? cpu : null;
}
