/**
 * What it costs to have many revisions loaded: gateways with 1, 10, 100 and 1,000 of them, each with texts of its own, take turns on one
 * core; reviews go to one revision. Memory is that of the whole process: a while after the start, the most of it in any window of load, and a
 * while after the last.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GENERATOR_CORE, pinRunning, SERVER_CORE } from '../cores.ts';
import { residentBytes } from '../cpu-time.ts';
import { errorsOf, type Figure, figure, ratioFigures, type Section, subjectFigures } from '../figures.ts';
import { Generator } from '../load/generator.ts';
import type { LoadWindow } from '../load/protocol.ts';
import { measureRounds, type RoundSubject } from '../rounds.ts';
import { type BenchRun, policyOf, reviewsSpec } from '../run.ts';
import { type Subject, startGatewaySubject } from '../subject.ts';
import { capacitySubject } from './servers.ts';

const COUNTS = [1, 10, 100, 1_000] as const;
const MB = 1e6;
const LINE_LIMIT = 300;
/** V8 gives memory back 8 s after the last request. */
const IDLE_MS = 10_000;

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

/** Resident memory of a gateway; nothing where there is no /proc. */
class MemoryFigures {
  readonly #subject: Subject;
  #idleBytes: number | null = null;
  #mostBytes = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  noteIdle(): void {
    this.#idleBytes = residentBytes(this.#subject.pid);
  }

  /** Looks at the end of a window. */
  async during<T>(load: Promise<T>): Promise<T> {
    const window = await load;
    this.#mostBytes = Math.max(this.#mostBytes, residentBytes(this.#subject.pid) ?? 0);
    return window;
  }

  read(): Figure[] {
    const { name, pid } = this.#subject;
    const after = residentBytes(pid);
    if (this.#idleBytes === null || after === null) return [];
    return [
      figure(`${name}: memory before the load`, 'MB', [this.#idleBytes / MB]),
      figure(`${name}: memory under load, at most`, 'MB', [this.#mostBytes / MB]),
      figure(`${name}: memory after the load`, 'MB', [after / MB]),
    ];
  }
}

/** What a gateway that could not start said last. */
function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trimEnd().split('\n').at(-1)?.slice(0, LINE_LIMIT) ?? '';
}
