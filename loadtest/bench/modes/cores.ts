/**
 * What a second core brings: a gateway on one core in turn with gateways on two, as two listening processes and as one with two workers.
 * With a third core for the generator, requests a second are compared. Without one the generator takes its share of the two cores, so
 * what is compared is how many requests a second of CPU time answers, and how much of the cores nobody used tells whether something else
 * than CPU was the limit.
 */
import { availableParallelism } from 'node:os';
import { GENERATOR_CORE, SERVER_CORE } from '../cores.ts';
import { errorsOf, type Figure, figure, type Section, subjectFigures } from '../figures.ts';
import { Generator } from '../load/generator.ts';
import type { LoadWindow } from '../load/protocol.ts';
import { type Measured, measureRounds, type RoundSubject } from '../rounds.ts';
import { type BenchRun, policyOf, reviewsSpec } from '../run.ts';
import { ratios } from '../statistics.ts';
import { type Subject, startGatewaySubject } from '../subject.ts';

const SERVER_CORES = '0,1';
const SPARE_CORE = '2';
/** Two cores want more requests under way than one. */
const CONNECTIONS_PER_CORE = 16;

const ONE = 'one core';
const PROCESSES = 'two cores, --processes 2';
const WORKERS = 'two cores, --workers 2';
const ARGS: ReadonlyMap<string, readonly string[]> = new Map([
  [ONE, ['--workers', '1']],
  [PROCESSES, ['--processes', '2', '--workers', '2']],
  [WORKERS, ['--workers', '2']],
]);

export async function measureCores(run: BenchRun): Promise<Section> {
  const { options, root, warm } = run;
  if (availableParallelism() < 2) {
    return { mode: 'cores', title: 'cores', figures: [], notes: ['not measured: there is one core here'], errors: 0 };
  }
  const spare = availableParallelism() > 2;
  const policy = policyOf(run);
  const reviews = reviewsSpec('distinct', policy);
  const alone = new Generator(GENERATOR_CORE);
  const sharing = new Generator(spare ? SPARE_CORE : SERVER_CORES);
  const started: Subject[] = [];
  try {
    const subjects: RoundSubject<LoadWindow>[] = [];
    for (const [name, args] of ARGS) {
      const one = name === ONE;
      const cores = one ? SERVER_CORE : SERVER_CORES;
      const subject = await startGatewaySubject({ name, policy, root, args, cores });
      started.push(subject);
      const generator = one ? alone : sharing;
      const connections = one ? CONNECTIONS_PER_CORE : 2 * CONNECTIONS_PER_CORE;
      await generator.open({ name, urls: subject.urls, connections, reviews });
      subjects.push({ name, pid: subject.pid, run: (ms) => generator.capacity(name, ms) });
    }
    const measured = await measureRounds(subjects, { rounds: options.rounds, windowMs: options.windowMs, warm });
    const [one = [], ...two] = measured;
    const figures: Figure[] = subjects.flatMap(({ name }, i) => subjectFigures(name, measured[i] ?? []));
    two.forEach((rounds, i) => {
      const name = subjects[i + 1]?.name ?? '';
      figures.push(...scaling(name, one, rounds, spare));
    });
    const how = spare
      ? 'the generator has a core of its own'
      : 'the generator shares the two cores: compare by CPU time, and see how much of the cores was left unused';
    const title = `cores: ${policy.description}, ${reviews.count} distinct reviews`;
    return { mode: 'cores', title, figures, notes: [how], errors: errorsOf(measured) };
  } finally {
    alone.stop();
    sharing.stop();
    await Promise.all(started.map((subject) => subject.stop()));
  }
}

function scaling(
  name: string,
  one: readonly Measured<LoadWindow>[],
  two: readonly Measured<LoadWindow>[],
  spare: boolean,
): Figure[] {
  const perSecond = (rounds: readonly Measured<LoadWindow>[]): number[] => rounds.map((each) => each.perSecond);
  const perCpu = (rounds: readonly Measured<LoadWindow>[]): number[] =>
    rounds.map(({ cpuMicros }) => 1 / (cpuMicros ?? Number.NaN));
  const figures = [
    figure(`${name} to one, twice the requests a CPU second`, '', ratios(perCpu(two), perCpu(one)).map(twice)),
  ];
  if (spare) return [figure(`${name} to one, by throughput`, '', ratios(perSecond(two), perSecond(one))), ...figures];
  const unused = two.map(
    ({ busyCores, window }) => 1 - ((busyCores ?? Number.NaN) + window.ownCpuSeconds / window.seconds) / 2,
  );
  return [...figures, figure(`${name}: share of the cores unused`, '', unused)];
}

function twice(value: number): number {
  return 2 * value;
}
