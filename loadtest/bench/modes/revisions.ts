/**
 * What it costs to have many revisions loaded: gateways with 1, 10, 100 and 1,000 of them, each with texts of its own, take turns on one
 * core; reviews go to one revision. Memory is that of the whole process: a while after the start, the most of it in any window of load, and a
 * while after the last.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GENERATOR_CORE, pinRunning, SERVER_CORE } from '../cores.ts';
import { errorsOf, type Figure, figure, ratioFigures, type Section, subjectFigures } from '../figures.ts';
import { Generator } from '../load/generator.ts';
import type { LoadWindow } from '../load/protocol.ts';
import { IDLE_MS, MemoryFigures } from '../memory-figures.ts';
import { measureRounds, type RoundSubject } from '../rounds.ts';
import { type BenchRun, policyOf, reviewsSpec } from '../run.ts';
import { type Subject, startGatewaySubject } from '../subject.ts';
import { capacitySubject } from './servers.ts';

const COUNTS = [1, 10, 100, 1_000] as const;
const LINE_LIMIT = 300;

export async function measureRevisions(run: BenchRun): Promise<Section> {
  const { options, root, warm } = run;
  const generator = new Generator(GENERATOR_CORE);
  const started: Subject[] = [];
  const notes: string[] = [];
  const memory: MemoryFigures[] = [];
  let description = '';
  try {
    const subjects: RoundSubject<LoadWindow>[] = [];
    const figures: Figure[] = [];
    for (const count of COUNTS) {
      const policy = policyOf(run, count);
      description = policy.description;
      if (policy.texts === null)
        return { mode: 'revisions', title: 'revisions', figures: [], notes: [description], errors: 0 };
      const name = `${count.toLocaleString('en')} ${count === 1 ? 'revision' : 'revisions'}`;
      const from = performance.now();
      let subject: Subject;
      try {
        subject = await startGatewaySubject({ name, policy, root, args: ['--workers', '1'], cores: null });
      } catch (error) {
        notes.push(`${name}: not measured: ${lastLine(error)}`);
        continue;
      }
      started.push(subject);
      figures.push(figure(`${name}: from start to ready, not pinned`, 'ms', [performance.now() - from]));
      pinRunning(subject.pid, SERVER_CORE);
      const kept = new MemoryFigures(subject);
      memory.push(kept);
      const reviews = reviewsSpec('distinct', policy);
      await generator.open({ name, urls: subject.urls, connections: options.connections, reviews });
      const loaded = capacitySubject(generator, subject);
      subjects.push({ ...loaded, run: (ms) => kept.during(loaded.run(ms)) });
    }
    await sleep(IDLE_MS);
    for (const each of memory) each.noteIdle();
    const measured = await measureRounds(subjects, { rounds: options.rounds, windowMs: options.windowMs, warm });
    await sleep(IDLE_MS);
    subjects.forEach(({ name }, i) => {
      const mine = measured[i] ?? [];
      figures.push(...subjectFigures(name, mine));
      if (i > 0) figures.push(...ratioFigures(`${name} to one`, mine, measured[0] ?? []));
      figures.push(...(memory[i]?.read() ?? []));
    });
    const title = `revisions: ${description}, reviews to one of them`;
    return { mode: 'revisions', title, figures, notes, errors: errorsOf(measured) };
  } finally {
    generator.stop();
    await Promise.all(started.map((subject) => subject.stop()));
  }
}

/** What a gateway that could not start said last. */
function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trimEnd().split('\n').at(-1)?.slice(0, LINE_LIMIT) ?? '';
}
