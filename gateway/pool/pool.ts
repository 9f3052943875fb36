/**
 * Shares reviews out to the workers. A review goes as soon as a worker can take it; those that wait meanwhile go together, so
 * batches grow with the load and are single when there is none. Nothing waits longer than its budget, and a full queue refuses at
 * once.
 */
import { performance } from 'node:perf_hooks';
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type { CompileSource, InjectTask, WorkerReply } from '../../workers/protocol.ts';
import { CompileBench } from './compile-bench.ts';
import type { Job } from './job.ts';
import { type SlotListener, type SlotState, WorkerSlot } from './worker-slot.ts';

/** Reviews that wait for a worker; at 200 µs each, a second's work for a few cores. */
export const QUEUE_LIMIT = 16_384;
/** Reviews that cross to a worker at once. */
export const BATCH_LIMIT = 8;
/** Batches that a worker has at once: one in its hands and one that it finds when it is done. */
export const BATCHES_PER_WORKER = 2;
/** Taken jobs at the queue's beginning that are worth a copy of the rest. */
const COMPACT_AT = 1_024;
/** How long a worker may go on with a batch that nobody waits for any more. */
const STUCK_GRACE_MS = 1_000;

export interface PoolOptions {
  readonly workers: number;
  readonly workerFile: URL;
  /** Heap of one worker; a worker that needs more is replaced. */
  readonly maxHeapMb: number;
  /** Told for the log. */
  readonly onWorkerLost: (error: unknown, jobs: number) => void;
  readonly queueLimit?: number;
  readonly batchLimit?: number;
  readonly batchesPerWorker?: number;
}

export interface PoolStats {
  readonly workers: readonly SlotState[];
  readonly queued: number;
  readonly inFlight: number;
  readonly workersLost: number;
}

export class WorkerPool implements SlotListener {
  readonly #options: PoolOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #bench: CompileBench;
  readonly #queueLimit: number;
  readonly #batchLimit: number;
  readonly #batchesPerWorker: number;
  #queue: Job[] = [];
  /** Where the queue begins: what is before has been taken. */
  #head = 0;
  #revisions: readonly CompileSource[] = [];
  #flushing = false;
  #inFlight = 0;
  #workersLost = 0;
  readonly #flushNow = (): void => {
    this.#flushing = false;
    this.#flush();
  };
  readonly #expireNow = (job: Job): void => this.#expire(job);

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#queueLimit = options.queueLimit ?? QUEUE_LIMIT;
    this.#batchLimit = options.batchLimit ?? BATCH_LIMIT;
    this.#batchesPerWorker = options.batchesPerWorker ?? BATCHES_PER_WORKER;
    this.#slots = Array.from({ length: options.workers }, () => new WorkerSlot(options, this));
    this.#bench = new CompileBench(options);
  }

  /** Starts the workers; resolves when each serves or has failed its first start. */
  async open(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.open()));
  }

  /** Whether at least one worker serves. */
  get ready(): boolean {
    return this.#slots.some((slot) => slot.state === 'serving');
  }

  /** Takes a job. It is settled with its result, or with QUEUE_FULL, DEADLINE_EXCEEDED, WORKER_CRASHED or INTERNAL. */
  submit(job: Job): void {
    const now = performance.now();
    job.queuedAtMs = now;
    const left = job.expiresAtMs - now;
    if (left <= 0) {
      job.settle({ ok: false, code: 'DEADLINE_EXCEEDED' });
      return;
    }
    if (this.#queue.length - this.#head >= this.#queueLimit) {
      job.settle({ ok: false, code: 'QUEUE_FULL' });
      return;
    }
    job.timer = setTimeout(this.#expireNow, left, job);
    this.#queue.push(job);
    this.#scheduleFlush();
  }

  /**
   * Makes these the revisions that every worker knows: compiled in one worker after the other, so that the others go on serving.
   * Digests of the revisions that did not compile are returned.
   */
  async warm(sources: readonly CompileSource[]): Promise<readonly string[]> {
    this.#revisions = sources;
    const failed = new Set<string>();
    for (const slot of this.#slots) {
      for (const reply of await slot.warm(sources)) if (!reply.ok) failed.add(reply.digest);
    }
    return [...failed];
  }

  /** Compiles a revision in a thread apart from the workers, to see what is wrong with it. Rejects when it can not be tried. */
  check(source: CompileSource): Promise<readonly CompileProblem[]> {
    return this.#bench.check(source);
  }

  stats(): PoolStats {
    return {
      workers: this.#slots.map((slot) => slot.state),
      queued: this.#queue.length - this.#head,
      inFlight: this.#inFlight,
      workersLost: this.#workersLost,
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#slots.map((slot) => slot.close()), this.#bench.close()]);
  }

  revisions(): readonly CompileSource[] {
    return this.#revisions;
  }

  slotFree(): void {
    this.#flush();
  }

  batchDone(slot: WorkerSlot, batch: readonly Job[], replies: readonly WorkerReply[]): void {
    this.#inFlight -= batch.length;
    let resend: Job[] | null = null;
    for (let i = 0; i < batch.length; i++) {
      const job = batch[i];
      if (job === undefined || job.done) continue;
      const reply = replies[i];
      if (reply === undefined) job.settle({ ok: false, code: 'INTERNAL' });
      else if (reply.ok) job.settle(reply);
      else if (reply.error.code === 'REVISION_UNKNOWN' && !job.resent) {
        job.resent = true;
        resend ??= [];
        resend.push(job);
      } else job.settle({ ok: false, code: 'INTERNAL', message: reply.error.message });
    }
    if (resend !== null) this.#send(slot, resend);
    this.#flush();
  }

  workerLost(_slot: WorkerSlot, error: unknown, running: readonly Job[], waiting: readonly Job[]): void {
    this.#workersLost += 1;
    this.#inFlight -= running.length + waiting.length;
    this.#options.onWorkerLost(error, running.length);
    // The worker ended over what it had in its hands; what had not been begun goes to another one.
    this.#queue = [...waiting.filter((job) => !job.done), ...this.#queue.slice(this.#head)];
    this.#head = 0;
    for (const job of running) job.settle({ ok: false, code: 'WORKER_CRASHED' });
    this.#flush();
  }

  /** What arrives in the same turn of the event loop is gathered first. */
  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(this.#flushNow);
  }

  #flush(): void {
    while (this.#head < this.#queue.length) {
      const slot = this.#freeSlot();
      if (slot === null) {
        this.#forgetTaken();
        return;
      }
      const batch = this.#take();
      if (batch.length > 0) this.#send(slot, batch);
    }
    this.#queue = [];
    this.#head = 0;
  }

  /** Frees the taken part of a queue that does not run empty. */
  #forgetTaken(): void {
    if (this.#head < COMPACT_AT) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  #take(): Job[] {
    const batch: Job[] = [];
    while (batch.length < this.#batchLimit && this.#head < this.#queue.length) {
      const job = this.#queue[this.#head++];
      if (job !== undefined && !job.done) batch.push(job);
    }
    return batch;
  }

  #send(slot: WorkerSlot, batch: readonly Job[]): void {
    const now = performance.now();
    const tasks: InjectTask[] = [];
    for (const job of batch) {
      job.dispatchedAtMs = now;
      tasks.push(job.resent ? { ...job.task, ...job.unknown } : job.task);
    }
    this.#inFlight += batch.length;
    slot.send(batch, tasks);
  }

  #freeSlot(): WorkerSlot | null {
    let best: WorkerSlot | null = null;
    for (const slot of this.#slots) {
      if (slot.state !== 'serving' || slot.load >= this.#batchesPerWorker) continue;
      if (best === null || slot.load < best.load) best = slot;
    }
    return best;
  }

  #expire(job: Job): void {
    const dispatched = job.dispatchedAtMs > 0;
    job.settle({ ok: false, code: 'DEADLINE_EXCEEDED' });
    if (dispatched) this.#watchStuck(job);
  }

  /** A batch that nobody waits for any more, and that its worker is still busy with after a grace, costs the worker its life. */
  #watchStuck(job: Job): void {
    const slot = this.#slots.find((each) => each.runningBatch()?.includes(job));
    const batch = slot?.runningBatch();
    if (slot === undefined || batch === undefined || !batch.every((each) => each.done)) return;
    setTimeout(() => {
      if (slot.runningBatch() === batch) slot.replace(new Error('the worker did not come back from a batch'));
    }, STUCK_GRACE_MS).unref();
  }
}
