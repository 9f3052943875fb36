/**
 * One worker thread of the pool and its successors. Each has a piscina of its own with a single thread, so that the pool knows
 * which batch runs where, can send a revision to every worker, and can end one that hangs without touching the others.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { CompileSource, InjectTask, WarmReply, WorkerReply } from '../../workers/protocol.ts';
import type { Job } from './job.ts';

/** Tasks that piscina may hand to the thread before the first has ended: the batches that are sent ahead, and a warming. */
const CONCURRENT_TASKS = 8;
/** The wait before a worker that ended is replaced, doubled each time it ends before it has served. */
const RESTART_BASE_MS = 20;
const RESTART_MAX_MS = 5_000;

export type SlotState = 'starting' | 'serving' | 'restarting' | 'closed';

export interface SlotOptions {
  readonly workerFile: URL;
  readonly maxHeapMb: number;
}

export interface SlotListener {
  /** Revisions that a new worker has to know before it serves. */
  revisions(): readonly CompileSource[];
  /** The slot can take batches, or more of them. */
  slotFree(): void;
  batchDone(slot: WorkerSlot, batch: readonly Job[], replies: readonly WorkerReply[]): void;
  /** The worker ended. `running` was in its hands; `waiting` had not been begun. */
  workerLost(slot: WorkerSlot, error: unknown, running: readonly Job[], waiting: readonly Job[]): void;
}

export class WorkerSlot {
  readonly #options: SlotOptions;
  readonly #listener: SlotListener;
  #piscina: Piscina;
  /** Oldest first: the first one is being worked on. */
  #batches: (readonly Job[])[] = [];
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  state: SlotState = 'starting';

  constructor(options: SlotOptions, listener: SlotListener) {
    this.#options = options;
    this.#listener = listener;
    this.#piscina = this.#spawn();
  }

  /** Batches that are in the worker's hands or on their way to it. */
  get load(): number {
    return this.#batches.length;
  }

  /** Warms the worker and opens the slot. Resolves when it serves; a worker that can not start is tried again behind it. */
  async open(): Promise<void> {
    const piscina = this.#piscina;
    try {
      await this.#warm(piscina, this.#listener.revisions());
    } catch (error) {
      this.#lost(piscina, error);
      return;
    }
    if (piscina !== this.#piscina || this.state === 'closed') return;
    this.state = 'serving';
    this.#listener.slotFree();
  }

  /** Compiles revisions in this worker ahead of requests. A worker that is not up will learn them when it is. */
  async warm(sources: readonly CompileSource[]): Promise<readonly WarmReply[]> {
    if (this.state !== 'serving') return [];
    const piscina = this.#piscina;
    try {
      return await this.#warm(piscina, sources);
    } catch (error) {
      this.#lost(piscina, error);
      return [];
    }
  }

  send(batch: readonly Job[], tasks: readonly InjectTask[]): void {
    const piscina = this.#piscina;
    this.#batches.push(batch);
    (piscina.run(tasks, { name: 'inject' }) as Promise<readonly WorkerReply[]>).then(
      (replies) => {
        const at = this.#batches.indexOf(batch);
        if (at >= 0) this.#batches.splice(at, 1);
        this.#failures = 0;
        this.#listener.batchDone(this, batch, replies);
      },
      (error: unknown) => this.#lost(piscina, error),
    );
  }

  /** The batch that is in the worker's hands, if any. */
  runningBatch(): readonly Job[] | undefined {
    return this.#batches[0];
  }

  /** Ends the worker, whatever it does, and starts another. */
  replace(reason: Error): void {
    this.#lost(this.#piscina, reason);
  }

  async close(): Promise<void> {
    this.state = 'closed';
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#piscina.destroy();
  }

  #spawn(): Piscina {
    const piscina = new Piscina({
      filename: fileURLToPath(this.#options.workerFile),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: CONCURRENT_TASKS,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: this.#options.maxHeapMb },
      recordTiming: false,
    });
    // Without a task in its hands a worker's end comes as an event.
    piscina.on('error', (error: unknown) => this.#lost(piscina, error));
    return piscina;
  }

  async #warm(piscina: Piscina, sources: readonly CompileSource[]): Promise<readonly WarmReply[]> {
    return (await piscina.run(sources, { name: 'warm' })) as readonly WarmReply[];
  }

  #lost(piscina: Piscina, error: unknown): void {
    // All batches of one worker fail at once; only the first word of it counts.
    if (piscina !== this.#piscina || this.state === 'closed' || this.state === 'restarting') return;
    this.state = 'restarting';
    const [running = [], ...waiting] = this.#batches;
    this.#batches = [];
    const delay = Math.min(RESTART_BASE_MS * 2 ** Math.min(this.#failures, 16), RESTART_MAX_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#piscina = this.#spawn();
      this.state = 'starting';
      void this.open();
    }, delay);
    void piscina.destroy().catch(() => undefined);
    this.#listener.workerLost(this, error, running, waiting.flat());
  }
}
