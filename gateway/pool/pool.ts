/**
 * Shares reviews out to the workers. A review goes as soon as a worker can take it; those that wait meanwhile go together, so
 * batches grow with the load and are single when there is none. Meshes take turns by their shares (fair-queue.ts), what can not be
 * done in its time is refused when it comes (admission-control.ts), and nothing is answered later than its budget.
 */
import { performance } from 'node:perf_hooks';
import { toldToThread } from '../../workers/packed-revision.ts';
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import type { CompileSource, WorkerReply } from '../../workers/protocol.ts';
import { AdmissionControl } from './admission-control.ts';
import { Crew } from './crew.ts';
import { FairQueue } from './fair-queue.ts';
import { type Claim, type Job, type JobTask, REVIEW_MISREAD } from './job.ts';
import type { AnswerText } from './placed-answer.ts';
import type { PoolStats } from './pool-stats.ts';
import { Quarantine, type QuarantineEntry } from './quarantine.ts';
import { describeQuarantine, describeWait, type Refusal } from './refusal.ts';
import type { LostWork, SlotListener } from './slot-listener.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Reviews that wait for a worker, and the length of their texts together. */
export const QUEUE_LIMIT = 16_384;
export const QUEUE_BYTES_LIMIT = 128 * 1024 * 1024;
/** Reviews that cross to a worker at once, and the work that is enough for a batch. */
export const BATCH_LIMIT = 16;
const BATCH_WORK_MS = 5;
/** Reviews that are worth a batch for a worker that is still busy. */
const WORTH_SENDING_AHEAD = 8;
/** Batches that a worker has at once: one in its hands and one that it finds when it is done. */
export const BATCHES_PER_WORKER = 2;
/** Workers that a review is given to before it is taken for the one that ends them. */
const ATTEMPT_LIMIT = 3;
/** How long after a snapshot its predecessor's revisions are kept: reviews that came under it have been answered by then, nearly always. */
const RETIRE_MS = 2_000;
/** How often a worker's event loop turns at least (workers/main.ts). */
const REST_MS = 10_000;
/** How often workers are looked at while they have work. */
const LOOK_MS = 50;

export interface PoolOptions {
  readonly workers: number;
  readonly workerFile: URL;
  /** Heap of one worker; a worker that needs more is replaced. */
  readonly maxHeapMb: number;
  /** Told for the log: why, whose review it was at (where that is known), and how many others go to another worker. */
  readonly onWorkerLost: (error: unknown, culprit: QuarantineEntry | null, others: number) => void;
  readonly queueLimit?: number;
  readonly batchLimit?: number;
  readonly batchesPerWorker?: number;
  readonly retireMs?: number;
}

export class WorkerPool implements SlotListener {
  readonly #options: PoolOptions;
  readonly #crew: Crew;
  readonly #queue: FairQueue<Job>;
  readonly #control = new AdmissionControl();
  readonly #quarantine = new Quarantine();
  readonly #batchLimit: number;
  #revisions: readonly CompileSource[] = [];
  /** When the turn of the event loop began that the next flush ends; 0 when none is due. */
  #turnAtMs = 0;
  #looking: NodeJS.Timeout | null = null;
  #retiring: NodeJS.Timeout | null = null;
  #resting: NodeJS.Timeout | null = null;
  #workersLost = 0;
  readonly #endTurn = (): void => {
    const now = performance.now();
    this.#control.turnDone(now - this.#turnAtMs, now);
    this.#turnAtMs = 0;
    this.#flush(now);
  };
  readonly #expire = (job: Job): void => {
    const { claim } = job;
    job.settle({ ok: false, code: 'DEADLINE_EXCEEDED', message: this.#describeWait(claim, performance.now()) });
  };
  readonly #leave = (job: Job): void => this.#queue.leave(job);

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#batchLimit = options.batchLimit ?? BATCH_LIMIT;
    this.#queue = new FairQueue({ items: options.queueLimit ?? QUEUE_LIMIT, bytes: QUEUE_BYTES_LIMIT });
    const slots = Array.from({ length: options.workers }, () => new WorkerSlot(options, this));
    this.#crew = new Crew(slots, options.batchesPerWorker ?? BATCHES_PER_WORKER, (mesh) => this.#queue.costOf(mesh));
  }

  /** Starts the workers; resolves when each serves or has failed its first start. */
  async open(): Promise<void> {
    await Promise.all(this.#crew.slots.map((slot) => slot.open()));
    this.#resting ??= setInterval(() => this.#tidy('rest'), REST_MS).unref();
  }

  /** Whether at least one worker serves. */
  get ready(): boolean {
    return this.#crew.slots.some((slot) => slot.state === 'serving');
  }

  /** Whether reviews wait for a worker. */
  get busy(): boolean {
    return this.#queue.length > 0;
  }

  /**
   * Why a review that comes now with this claim can not be done, or null: DEADLINE_UNREACHABLE, OVERLOADED or QUEUE_FULL. Cheap, so
   * that it can be asked before the review is read.
   */
  weigh(claim: Claim, nowMs: number): Refusal | null {
    this.#expectFlush(nowMs);
    const { mesh } = claim.source;
    if (this.#queue.length === 0) this.#control.queueEmpty(nowMs);
    if (!this.#queue.hasRoom(mesh)) return { code: 'QUEUE_FULL', message: this.#describeWait(claim, nowMs) };
    const ask = {
      queued: this.#queue.length,
      budgetMs: claim.budgetMs,
      leftMs: claim.expiresAtMs - nowMs,
      costMs: this.#queue.costOf(mesh),
    };
    const code = this.#control.verdict(this.#waitMs(mesh, claim.share, nowMs), ask, nowMs);
    return code === null ? null : { code, message: this.#describeWait(claim, nowMs) };
  }

  /**
   * Takes a job. It is settled with its result, or with what `weigh` says, POD_QUARANTINED, DEADLINE_EXCEEDED, WORKER_CRASHED or
   * INTERNAL. `weighed`: its claim has just been weighed, and nothing has come in between.
   */
  submit(job: Job, weighed = false): void {
    const now = performance.now();
    const { claim } = job;
    job.queuedAtMs = now;
    const refusal = this.#quarantined(job) ?? (weighed ? null : this.weigh(claim, now));
    if (refusal !== null) {
      job.settle({ ok: false, ...refusal });
      return;
    }
    job.onEnd = this.#leave;
    // In whole milliseconds: node looks a timer's list up by its time, and would make a text of a fraction.
    job.timer = setTimeout(this.#expire, Math.max(Math.ceil(claim.expiresAtMs - now), 1), job);
    this.#queue.push(job.mesh, claim.share, job);
  }

  /**
   * Makes these the revisions that every worker knows. Each worker compiles one revision at a time, with requests between two of them, and
   * only half of the workers do so at once: the others take what comes meanwhile. Digests of the revisions that did not compile are returned.
   */
  async warm(sources: readonly CompileSource[]): Promise<readonly string[]> {
    this.#revisions = sources;
    if (this.#retiring !== null) clearTimeout(this.#retiring);
    const failed = new Set<string>();
    const waiting = [...this.#crew.slots];
    const lane = async (): Promise<void> => {
      for (let slot = waiting.shift(); slot !== undefined; slot = waiting.shift()) {
        for (const reply of await slot.warm(sources)) if (!reply.ok) failed.add(reply.digest);
      }
    };
    await Promise.all(Array.from({ length: Math.ceil(this.#crew.slots.length / 2) }, lane));
    this.#retiring = setTimeout(() => this.#tidy('retire'), this.#options.retireMs ?? RETIRE_MS).unref();
    return [...failed];
  }

  stats(): PoolStats {
    const now = performance.now();
    return {
      workers: this.#crew.slots.map((slot) => slot.state),
      queued: this.#queue.length,
      inFlight: this.#crew.inFlight,
      workersLost: this.#workersLost,
      lagMs: this.#control.lagMs(now),
      meshes: this.#queue.meshes().map(({ mesh, share, queued }) => {
        return { mesh, queued, waitMs: this.#waitMs(mesh, share, now) };
      }),
      quarantine: this.#quarantine.list(),
    };
  }

  async close(): Promise<void> {
    if (this.#looking !== null) clearInterval(this.#looking);
    if (this.#retiring !== null) clearTimeout(this.#retiring);
    if (this.#resting !== null) clearInterval(this.#resting);
    await Promise.all(this.#crew.slots.map((slot) => slot.close()));
  }

  revisions(): readonly CompileSource[] {
    return this.#revisions;
  }

  slotFree(): void {
    this.#flush(performance.now());
  }

  batchDone(
    slot: WorkerSlot,
    batch: readonly Job[],
    replies: readonly WorkerReply<AnswerText>[],
    spanMs: number,
  ): void {
    let workMs = 0;
    for (let i = 0; i < batch.length; i++) {
      const job = batch[i];
      const reply = replies[i];
      if (job === undefined) continue;
      if (reply?.ok) {
        const { injectMs, compileMs } = reply.result.timing;
        workMs += injectMs + compileMs;
        this.#queue.learn(job.mesh, injectMs);
      }
      if (!job.done) this.#answered(slot, job, reply);
    }
    this.#control.batchDone(spanMs, workMs);
    this.#flush(performance.now());
  }

  workerLost(slot: WorkerSlot, error: unknown, { running, others }: LostWork): void {
    this.#workersLost += 1;
    const culprit = running === null ? null : this.#quarantine.strike(running.suspect());
    running?.settle({ ok: false, code: 'WORKER_CRASHED' });
    // The worker ended over what it had in its hands; the rest goes to another one, in its old order.
    const held = others.filter((job) => job.isHeldBy(slot));
    for (const job of held.toReversed()) {
      if (job.attempts < ATTEMPT_LIMIT) this.#putBack(job);
      else job.settle({ ok: false, code: 'WORKER_CRASHED' });
    }
    this.#options.onWorkerLost(error, culprit, held.length);
    this.#flush(performance.now());
  }

  #answered(slot: WorkerSlot, job: Job, reply: WorkerReply<AnswerText> | undefined): void {
    if (reply === undefined) job.settle({ ok: false, code: 'INTERNAL' });
    else if (reply.ok) job.settle(reply);
    else if (reply.error.code === 'REVISION_UNKNOWN' && !job.withSource) {
      job.withSource = true;
      if (job.isHeldBy(slot)) this.#send(slot, [job]);
    } else if (reply.error.code === REVIEW_MISREAD) job.settle({ ok: false, code: REVIEW_MISREAD });
    else if (reply.error.code === 'POLICIES_UNKNOWN' && job.policies !== null && job.attempts < ATTEMPT_LIMIT) {
      void this.#teach(slot, job, job.policies);
    } else job.settle({ ok: false, code: 'INTERNAL', message: reply.error.message });
  }

  /** Has a worker compile the policies that a review came with (those of a snapshot that is past), and lets the review wait again. */
  async #teach(slot: WorkerSlot, job: Job, policies: PolicySetSource): Promise<void> {
    await slot.teach(policies);
    if (!job.isHeldBy(slot)) return;
    this.#putBack(job);
    this.#flush(performance.now());
  }

  #putBack(job: Job): void {
    this.#queue.pushBack(job.mesh, job.claim.share, job);
  }

  #tidy(task: 'retire' | 'rest'): void {
    for (const slot of this.#crew.slots) void slot.tidy(task);
  }

  #quarantined(job: Job): Refusal | null {
    if (!this.#quarantine.concerns(job.namespace)) return null;
    const entry = this.#quarantine.find(job.suspect());
    return entry === null ? null : { code: 'POD_QUARANTINED', message: describeQuarantine(entry) };
  }

  #waitMs(mesh: string, share: number, nowMs: number): number {
    const crew = this.#crew.load(nowMs);
    const idle = crew.idle && this.#queue.length === 0;
    return this.#control.waitMs({ ...crew, idle, queuedMs: this.#queue.workAhead(mesh, share) });
  }

  #describeWait(claim: Claim, nowMs: number): string {
    const { mesh } = claim.source;
    return describeWait(claim, this.#queue.lengthOf(mesh), this.#waitMs(mesh, claim.share, nowMs));
  }

  /** What arrives in the same turn of the event loop is gathered first. */
  #expectFlush(nowMs: number): void {
    if (this.#turnAtMs !== 0) return;
    this.#turnAtMs = nowMs;
    setImmediate(this.#endTurn);
  }

  #flush(nowMs: number): void {
    while (this.#queue.length > 0) {
      const slot = this.#crew.free(nowMs);
      // A worker that is busy would not begin with them anyway, and posting costs by the batch.
      if (slot === null || (slot.load > 0 && this.#queue.length < WORTH_SENDING_AHEAD)) return;
      // A worker takes no more than its part of what waits while others have nothing to do.
      const batch = this.#take(Math.ceil(this.#queue.length / Math.max(1, this.#crew.idle)));
      if (batch.length > 0) this.#send(slot, batch);
    }
    this.#control.queueEmpty(nowMs);
  }

  #take(wanted: number): Job[] {
    const batch: Job[] = [];
    const limit = Math.min(wanted, this.#batchLimit);
    for (let workMs = 0; batch.length < limit && workMs < BATCH_WORK_MS; ) {
      const job = this.#queue.take();
      if (job === null) break;
      // Its workload may have come into quarantine while it waited.
      const refusal = this.#quarantined(job);
      if (refusal !== null) job.settle({ ok: false, ...refusal });
      else {
        batch.push(job);
        workMs += this.#queue.costOf(job.mesh);
      }
    }
    return batch;
  }

  #send(slot: WorkerSlot, batch: readonly Job[]): void {
    const now = performance.now();
    const tasks: JobTask[] = [];
    let workMs = 0;
    for (const job of batch) {
      job.dispatchedAtMs = now;
      job.holder = slot;
      job.attempts += 1;
      workMs += this.#queue.costOf(job.mesh);
      tasks.push(job.withSource ? withSource(job) : job.task);
    }
    slot.send(batch, tasks, workMs);
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Ends workers that are over time, and has what waits behind a slow review done by others. */
  #look(): void {
    const now = performance.now();
    const { overrun, held } = this.#crew.look(now);
    for (const job of held.toReversed()) if (job.attempts < ATTEMPT_LIMIT) this.#putBack(job);
    for (const slot of overrun) slot.replace(new Error('a review took longer than its budget'));
    if (held.length > 0) this.#flush(now);
    if (this.#looking === null || this.#crew.slots.some(({ load }) => load > 0)) return;
    clearInterval(this.#looking);
    this.#looking = null;
  }
}

/** The task of a review whose revision the worker does not know. */
function withSource({ task, claim }: Job): JobTask {
  return { ...task, head: { ...task.head, source: toldToThread(claim.source) } };
}
