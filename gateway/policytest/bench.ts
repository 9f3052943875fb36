/**
 * A thread for the tests of snapshots that do not serve yet: neither the requests nor the workers that answer them feel it. What the
 * thread is given is plain data, and only the revisions that some test asks for.
 */
import { Piscina } from 'piscina';
import { problem } from '../gitsync/problem.ts';
import type { ResolvedTest } from '../gitsync/resolve-set.ts';
import { moduleBeside } from '../module-beside.ts';
import type { Problem, Snapshot } from '../snapshot.ts';
import type { TestTask } from './thread.ts';

/** Tests that take longer are not going to pass. */
const TEST_LIMIT_MS = 60_000;
/** How long the thread stays for more. */
const IDLE_MS = 10_000;
const HEAP_MB = 512;

export class TestBench {
  #piscina: Piscina | null = null;

  /** A problem for each test that fails. One, when the thread ended over them. Rejects only when the signal says so. */
  async run(
    snapshot: Snapshot,
    tests: ReadonlyMap<string, ResolvedTest>,
    prefix: string,
    signal: AbortSignal,
  ): Promise<readonly Problem[]> {
    const task: TestTask = {
      snapshot: onlyTested(snapshot, tests),
      prefix,
      tests: [...tests.values()].map(({ placed: { file, document }, review }) => ({
        file,
        name: document.name,
        spec: document.spec,
        position: document.source.locate(['metadata', 'name']),
        review,
      })),
    };
    const limits = AbortSignal.any([signal, AbortSignal.timeout(TEST_LIMIT_MS)]);
    try {
      return (await this.#thread().run(task, { signal: limits })) as readonly Problem[];
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      return [problem('TEST_FAILED', '', `the tests could not be run to their end within ${TEST_LIMIT_MS} ms: ${why}`)];
    }
  }

  async close(): Promise<void> {
    await this.#piscina?.destroy();
    this.#piscina = null;
  }

  #thread(): Piscina {
    if (this.#piscina !== null) return this.#piscina;
    const piscina = new Piscina({
      filename: moduleBeside(import.meta.url, './thread').href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      recordTiming: false,
    });
    // A thread that ends before its first task would leave that task waiting: ending the pool answers it.
    piscina.on('error', () => {
      if (this.#piscina === piscina) this.#piscina = null;
      void piscina.destroy().catch(() => undefined);
    });
    this.#piscina = piscina;
    return piscina;
  }
}

function onlyTested(snapshot: Snapshot, tests: ReadonlyMap<string, ResolvedTest>): Snapshot {
  const wanted = new Set([...tests.values()].map(({ placed }) => placed.document.spec.mesh));
  const asked = [...tests.values()].map(({ placed }) => placed.document.spec);
  const meshes = [...snapshot.meshes].flatMap(([name, mesh]) => {
    if (!wanted.has(name)) return [];
    const names = new Set(
      asked
        .filter((spec) => spec.mesh === name)
        .map(({ revision = mesh.defaultRevision }) => mesh.tags.get(revision) ?? revision),
    );
    return [[name, { ...mesh, revisions: new Map([...mesh.revisions].filter(([each]) => names.has(each))) }] as const];
  });
  return { ...snapshot, meshes: new Map(meshes) };
}
