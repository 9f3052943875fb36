/** The one thread in which all shadows of a gateway compare: of the lowest priority, replaced when it ends or hangs. */
import { Piscina } from 'piscina';
import { moduleBeside } from '../module-beside.ts';
import type { ShadowDifferences, ShadowReply, ShadowTask } from './lab.ts';

/** Tasks in the thread at once: what waits for an upstream must not keep others from it. */
const TASK_LIMIT = 256;
/** What takes longer, an upstream's timeout apart, is not going to end. */
const COMPARE_LIMIT_MS = 15_000;
const HEAP_MB = 512;

export class ShadowThread {
  #piscina: Piscina | null = null;

  /** Rejects when the thread ends, or is ended because it takes too long. */
  async compare(task: ShadowTask): Promise<ShadowReply> {
    return (await this.#run('compare', task, COMPARE_LIMIT_MS + (task.upstream?.timeoutMs ?? 0))) as ShadowReply;
  }

  /** Rejects as `compare` does. */
  async differences(key: string): Promise<ShadowDifferences> {
    return (await this.#run('differences', key, COMPARE_LIMIT_MS)) as ShadowDifferences;
  }

  forget(key: string): void {
    if (this.#piscina === null) return;
    this.#piscina.run(key, { name: 'forget' }).catch(() => undefined);
  }

  async close(): Promise<void> {
    const piscina = this.#piscina;
    this.#piscina = null;
    await piscina?.destroy();
  }

  /** Not by a signal: a thread with a task that can be aborted is given no other one. */
  async #run(name: string, argument: unknown, limitMs: number): Promise<unknown> {
    const piscina = this.#thread();
    const late = setTimeout(() => this.#drop(piscina), limitMs).unref();
    try {
      return (await piscina.run(argument, { name })) as unknown;
    } finally {
      clearTimeout(late);
    }
  }

  #drop(piscina: Piscina): void {
    if (this.#piscina === piscina) this.#piscina = null;
    void piscina.destroy().catch(() => undefined);
  }

  #thread(): Piscina {
    if (this.#piscina !== null) return this.#piscina;
    const piscina = new Piscina({
      filename: moduleBeside(import.meta.url, './thread').href,
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: TASK_LIMIT,
      // A thread that blocks between tasks would not see what becomes of its connections.
      atomics: 'disabled',
      // It keeps what shadows have found.
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      recordTiming: false,
    });
    piscina.on('error', () => this.#drop(piscina));
    this.#piscina = piscina;
    return piscina;
  }
}
