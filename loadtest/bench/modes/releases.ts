/**
 * What it costs to serve all releases at once: one gateway gets reviews for each of them in turn, another one for one release at a time; both
 * have one worker and take turns on one core. Memory is that of the first, whose connections are only those of one load.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GENERATOR_CORE } from '../cores.ts';
import { errorsOf, type Figure, figure, type Section, subjectFigures } from '../figures.ts';
import { Generator } from '../load/generator.ts';
import type { LoadWindow } from '../load/protocol.ts';
import { IDLE_MS, MemoryFigures } from '../memory-figures.ts';
import { releasesPolicy } from '../policy.ts';
import { type Measured, measureRounds, type RoundSubject } from '../rounds.ts';
import { type BenchRun, reviewsSpec } from '../run.ts';
import { type Subject, startGatewaySubject } from '../subject.ts';
import { capacitySubject } from './servers.ts';

export async function measureReleases({ options, root, folder, warm }: BenchRun): Promise<Section> {
  const policy = releasesPolicy(join(folder, 'releases'));
  if (policy === null) {
    const notes = ['not measured: there is no corpus here'];
    return { mode: 'releases', title: 'releases', figures: [], notes, errors: 0 };
  }
  const generator = new Generator(GENERATOR_CORE);
  const started: Subject[] = [];
  const start = async (name: string): Promise<Subject> => {
    const subject = await startGatewaySubject({ name, policy, root, args: ['--workers', '1'] });
    started.push(subject);
    return subject;
  };
  const open = (name: string, urls: readonly string[]): Promise<unknown> =>
    generator.open({ name, urls, connections: options.connections, reviews: reviewsSpec('distinct', policy) });
  try {
    const together = await start('all in turn');
    await open(together.name, together.urls);
    const memory = new MemoryFigures(together);
    const other = await start('one at a time');
    const subjects: RoundSubject<LoadWindow>[] = [];
    for (const [index, { release }] of policy.releases.entries()) {
      await open(release, other.urls.slice(index, index + 1));
      subjects.push({ name: release, pid: other.pid, run: (ms) => generator.capacity(release, ms) });
    }
    const loaded = capacitySubject(generator, together);
    subjects.push({ ...loaded, run: (ms) => memory.during(loaded.run(ms)) });
    await sleep(IDLE_MS);
    memory.noteIdle();
    const measured = await measureRounds(subjects, { rounds: options.rounds, windowMs: options.windowMs, warm });
    await sleep(IDLE_MS);
    const figures: Figure[] = subjects.flatMap(({ name }, i) => subjectFigures(name, measured[i] ?? []));
    figures.push(...toMean(measured.at(-1) ?? [], measured.slice(0, -1)), ...memory.read());
    return {
      mode: 'releases',
      title: `releases: ${policy.description}`,
      figures,
      notes: [],
      errors: errorsOf(measured),
    };
  } finally {
    generator.stop();
    await Promise.all(started.map((subject) => subject.stop()));
  }
}

/** What is served in turn, to as many requests for each release alone: 1 means that it costs nothing to have the others beside it. */
function toMean(
  together: readonly Measured<LoadWindow>[],
  alone: readonly (readonly Measured<LoadWindow>[])[],
): Figure[] {
  const cost = (of: (window: Measured<LoadWindow>) => number): number[] =>
    together.map((window, round) => {
      const each = alone.map((rounds) => of(rounds[round] ?? window));
      return each.reduce((sum, one) => sum + one, 0) / each.length / of(window);
    });
  return [
    figure(
      'all in turn to the mean of one at a time, by throughput',
      '',
      cost(({ perSecond }) => 1 / perSecond),
    ),
    figure(
      'all in turn to the mean of one at a time, by CPU time',
      '',
      cost(({ cpuMicros }) => cpuMicros ?? Number.NaN),
    ),
  ];
}
