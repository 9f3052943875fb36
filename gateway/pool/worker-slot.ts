/**
 * One worker thread of the pool and its successors. Each has a piscina of its own with a single thread, so that the pool knows
 * which batch runs where, can send a revision to every worker, and can end one that hangs without touching the others. The thread
 * counts what it begins in memory that both sides see (workers/shared-memory.ts), so it is also known which review of a batch runs.
 *
 * To piscina all batches are one task that does not end, and that takes them from a port of ours: a task for each batch cost it half a kilobyte
 * of the old generation, by which the main thread came to a major collection every few seconds. For other tasks that one is paused.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { COMPARTMENTS, type Letter, Mailbox } from '../../workers/mailbox.ts';
import { toldToThread } from '../../workers/packed-revision.ts';
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import { type PostedReplies, postTask, readReplies } from '../../workers/post.ts';
import type { CompileSource, RevisionSource, WarmReply } from '../../workers/protocol.ts';
import { createSharedMemory, PAUSED, RUNG } from '../../workers/shared-memory.ts';
import type { Job, JobTask } from './job.ts';
import { type AnswerText, PlacedAnswer } from './placed-answer.ts';
import type { SlotListener } from './slot-listener.ts';

/** What a revision is rendered with before requests come for it: the first time compiles, the second plans how to read the outcome. */
const REHEARSALS = 2;
/** How long a worker that is to compile waits for a moment without batches: under steady load there is none. */
const QUIET_LIMIT_MS = 20;
/** Tasks that piscina may hand to the thread before the first has ended: the one that serves, and warmings. */
const CONCURRENT_TASKS = 8;
/**
 * Young generation of a worker thread, of which V8 makes two halves of 2 MB. One of 12 or 24 is no faster (docs/adr/0026-memory.md), and a
 * heap that grows by two halves of it at once can pass its limit before V8 can end the thread alone.
 */
const YOUNG_GENERATION_MB = 6;
/** The wait before a worker that ended is replaced, doubled each time it ends before it has served. */
const RESTART_BASE_MS = 20;
const RESTART_MAX_MS = 5_000;
/** How long a worker is taken to need for its start before one has been seen. */
const FIRST_OPEN_MS = 500;

export type SlotState = 'starting' | 'serving' | 'restarting' | 'closed';

export interface SlotOptions {
  readonly workerFile: URL;
  readonly maxHeapMb: number;
}

interface Batch {
  readonly jobs: readonly Job[];
  /** What the worker's count is before it begins this batch. */
  readonly base: number;
  readonly workMs: number;
  /** Where its texts lie; -1 where they are posted. */
  readonly compartment: number;
}

export class WorkerSlot {
  readonly #options: SlotOptions;
  readonly #listener: SlotListener;
  #piscina: Piscina;
  #memory = createSharedMemory();
  #reviews = new Mailbox(this.#memory.reviews);
  #answers = new Mailbox(this.#memory.answers);
  /** Our end of the way that batches take. */
  #port: MessagePort | null = null;
  /** Tasks other than batches that the worker was asked to do and has not done. */
  #pauses = 0;
  /** Compartments of the mailboxes that no batch has. */
  #free: number[] = [];
  /** Oldest first: the first one is being worked on. */
  #batches: Batch[] = [];
  /** What the worker's count will be when it has done all its batches. */
  #expected = 0;
  /** The count when it was last looked at, and since when it has been that. */
  #seen = 0;
  #movedAtMs = 0;
  /** When the first batch became the first. */
  #headAtMs = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #spawnAtMs = 0;
  #openMs = FIRST_OPEN_MS;
  #warming = 0;
  state: SlotState = 'starting';
  /** What the batches are thought to cost the worker. */
  workMs = 0;

  constructor(options: SlotOptions, listener: SlotListener) {
    this.#options = options;
    this.#listener = listener;
    this.#piscina = this.#spawn();
  }

  /** Batches that are in the worker's hands or on their way to it. */
  get load(): number {
    return this.#batches.length;
  }

  /** Whether it takes batches. */
  get inService(): boolean {
    return this.state === 'serving';
  }

  /** Whether it compiles between its batches. */
  get warming(): boolean {
    return this.#warming > 0;
  }

  /** Warms the worker and opens the slot. Resolves when it serves; a worker that can not start is tried again behind it. */
  async open(): Promise<void> {
    const piscina = this.#piscina;
    try {
      await piscina.run(this.#listener.revisions().map(toldToThread), { name: 'warm' });
      await piscina.run(null, { name: 'settle' });
    } catch (error) {
      this.#lost(piscina, error);
      return;
    }
    if (piscina !== this.#piscina || this.state === 'closed') return;
    this.#openMs = performance.now() - this.#spawnAtMs;
    this.state = 'serving';
    this.#serve(piscina, this.#openPort());
    this.#listener.slotFree();
  }

  /**
   * Readies this worker for a snapshot, in tasks of a few milliseconds with requests between them: it compiles and rehearses the revisions
   * whose predecessors are in use. Another one is compiled by the first request that asks for it, which is sent again with the source. A
   * worker that is not up will know them when it is.
   */
  async warm(sources: readonly CompileSource[]): Promise<readonly WarmReply[]> {
    if (this.state !== 'serving') return [];
    const piscina = this.#piscina;
    this.#warming += 1;
    try {
      const replies: WarmReply[] = [];
      const revisions = new Map<string, RevisionSource>();
      for (const source of sources) {
        if ('policies' in source) replies.push(...(await this.#teach(piscina, source)));
        else revisions.set(source.digest, source);
      }
      const names = [...revisions.values()].map(({ digest, mesh, name }) => ({ digest, mesh, name }));
      for (const digest of (await this.#ask(piscina, 'adopt', names)) as readonly string[]) {
        await this.#quiet();
        const source = revisions.get(digest);
        if (source === undefined) continue;
        const reply = (await this.#ask(piscina, 'prepare', toldToThread(source))) as WarmReply;
        replies.push(reply);
        for (let time = 0; reply.ok && time < REHEARSALS; time += 1) {
          await this.#quiet();
          await this.#ask(piscina, 'rehearse', digest);
        }
        await this.#quiet();
        await this.#ask(piscina, 'rest', null);
      }
      return replies;
    } catch (error) {
      this.#lost(piscina, error);
      return [];
    } finally {
      this.#warming -= 1;
      if (this.inService) this.#listener.slotFree();
    }
  }

  /** `retire` has the worker forget what it was warmed with before the last time, `rest` only what nothing refers to. */
  async tidy(task: 'retire' | 'rest'): Promise<void> {
    if (this.state !== 'serving') return;
    const piscina = this.#piscina;
    await this.#quiet();
    await this.#ask(piscina, task, null).catch((error: unknown) => this.#lost(piscina, error));
  }

  /** Makes policies known to this worker, which are not those of the snapshot that serves. Resolves also when the worker ends over it. */
  async teach(policies: PolicySetSource): Promise<void> {
    if (this.state !== 'serving') return;
    const piscina = this.#piscina;
    try {
      await this.#teach(piscina, policies);
    } catch (error) {
      this.#lost(piscina, error);
    }
  }

  async #teach(piscina: Piscina, policies: PolicySetSource): Promise<readonly WarmReply[]> {
    const missing = (await this.#ask(piscina, 'missing', [policies.digest])) as readonly string[];
    return missing.length === 0
      ? []
      : ((await this.#ask(piscina, 'warm', [toldToThread(policies)])) as readonly WarmReply[]);
  }

  /** Else a review that comes behind a batch would wait for two compilations: the one that the batch waits for, and the next. */
  async #quiet(): Promise<void> {
    const limit = performance.now() + QUIET_LIMIT_MS;
    while (this.#batches.length > 0 && performance.now() < limit) await sleep(1);
  }

  /** Gives the worker a batch that is thought to cost it `workMs`. */
  send(jobs: readonly Job[], tasks: readonly JobTask[], workMs: number): void {
    const compartment = this.#free.pop() ?? -1;
    const batch = { jobs, base: this.#expected, workMs, compartment };
    // One for each review and one for the batch's end, so that a worker between two batches has nothing in its hands.
    this.#expected = (this.#expected + jobs.length + 1) | 0;
    if (this.#batches.length === 0) {
      this.#headAtMs = performance.now();
      this.#movedAtMs = this.#headAtMs;
    }
    this.#batches.push(batch);
    this.workMs += workMs;
    this.#reviews.open(compartment);
    const posted: unknown[] = [];
    for (const [at, task] of tasks.entries()) postTask(posted, task, this.#letterOf(jobs[at] as Job));
    this.#port?.postMessage({ compartment, tasks: posted });
    this.#ring();
  }

  /** The jobs of the batch that is in the worker's hands. */
  runningBatch(): readonly Job[] {
    return this.#batches[0]?.jobs ?? [];
  }

  /** All jobs that it has. */
  jobs(): readonly Job[] {
    return this.#batches.flatMap(({ jobs }) => jobs);
  }

  /** The job that is in the worker's hands; null when it has begun none, or has ended one and not begun the next. */
  running(): Job | null {
    const count = Atomics.load(this.#memory.progress, 0);
    for (const { jobs, base } of this.#batches) {
      // The difference stays right when the count wraps round.
      const begun = (count - base) | 0;
      if (begun <= jobs.length) return jobs[begun - 1] ?? null;
    }
    return null;
  }

  /** For how long the worker has not begun anything new; 0 when it has nothing to do. */
  stallMs(nowMs: number): number {
    if (this.#batches.length === 0) return 0;
    const count = Atomics.load(this.#memory.progress, 0);
    if (count !== this.#seen) {
      this.#seen = count;
      this.#movedAtMs = nowMs;
    }
    return nowMs - this.#movedAtMs;
  }

  /** How long it will be until the worker, or the next one, can take something, as far as can be told. */
  outageMs(nowMs: number, graceMs: number): number {
    const sinceSpawnMs = nowMs - this.#spawnAtMs;
    if (this.state === 'restarting') return this.#openMs - Math.min(sinceSpawnMs, 0);
    if (this.state !== 'serving') return Math.max(0, this.#openMs - sinceSpawnMs);
    // What has taken so long will take as long again, but not longer than it is let.
    const stallMs = this.stallMs(nowMs);
    const job = this.running();
    const limitMs = job === null ? stallMs : job.claim.expiresAtMs + graceMs - nowMs + RESTART_BASE_MS + this.#openMs;
    return Math.max(0, Math.min(stallMs, limitMs));
  }

  /** Ends the worker, whatever it does, and starts another. */
  replace(reason: Error): void {
    this.#lost(this.#piscina, reason);
  }

  async close(): Promise<void> {
    this.state = 'closed';
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#port?.close();
    this.#port = null;
    await this.#piscina.destroy();
  }

  #letterOf({ review }: Job): Letter {
    return this.#reviews.putBytes(review) ?? review.toString();
  }

  /** Batches are answered in the order in which they were sent. */
  #done(posted: PostedReplies): void {
    const batch = this.#batches.shift();
    if (batch === undefined) return;
    const placed: PlacedAnswer[] = [];
    const replies = readReplies(posted, (letter): AnswerText => {
      if (typeof letter === 'string') return letter;
      const answer = new PlacedAnswer(this.#answers, letter);
      placed.push(answer);
      return answer;
    });
    this.workMs = this.#batches.length === 0 ? 0 : this.workMs - batch.workMs;
    this.#failures = 0;
    const now = performance.now();
    const spanMs = now - this.#headAtMs;
    this.#headAtMs = now;
    this.#movedAtMs = now;
    try {
      this.#listener.batchDone(this, batch.jobs, replies, spanMs);
    } finally {
      for (const answer of placed) answer.release();
      if (batch.compartment >= 0) this.#free.push(batch.compartment);
    }
  }

  #spawn(): Piscina {
    this.#memory = createSharedMemory();
    this.#reviews = new Mailbox(this.#memory.reviews);
    this.#answers = new Mailbox(this.#memory.answers);
    this.#free = Array.from({ length: COMPARTMENTS }, (_, index) => index);
    this.#expected = 0;
    this.#seen = 0;
    this.#pauses = 0;
    this.#spawnAtMs = performance.now();
    const piscina = new Piscina({
      filename: fileURLToPath(this.#options.workerFile),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: CONCURRENT_TASKS,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: {
        maxOldGenerationSizeMb: this.#options.maxHeapMb,
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
      recordTiming: false,
      workerData: this.#memory,
    });
    // Without a task in its hands a worker's end comes as an event.
    piscina.on('error', (error: unknown) => this.#lost(piscina, error));
    return piscina;
  }

  /** Makes the way that batches take. Returns the worker's end of it. */
  #openPort(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (replies: PostedReplies) => {
      // What a worker that was ended had still posted is no answer any more: others have its reviews.
      if (port1 === this.#port) this.#done(replies);
    });
    this.#port = port1;
    return port2;
  }

  /** Has the worker take batches; `port` comes with the first time. */
  #serve(piscina: Piscina, port: MessagePort | null): void {
    Atomics.store(this.#memory.bell, PAUSED, 0);
    const options = { name: 'serve', ...(port === null ? {} : { transferList: [port] }) };
    piscina.run(port, options).catch((error: unknown) => this.#lost(piscina, error));
  }

  /** Has the worker do something else when it has done the batch in its hands, and then go on with batches. */
  async #ask(piscina: Piscina, name: string, what: unknown): Promise<unknown> {
    this.#pauses += 1;
    Atomics.store(this.#memory.bell, PAUSED, 1);
    this.#ring();
    const result: unknown = await piscina.run(what, { name });
    if (piscina !== this.#piscina) return result;
    this.#pauses -= 1;
    if (this.#pauses === 0) this.#serve(piscina, null);
    return result;
  }

  #ring(): void {
    Atomics.add(this.#memory.bell, RUNG, 1);
    Atomics.notify(this.#memory.bell, RUNG);
  }

  #lost(piscina: Piscina, error: unknown): void {
    // All batches of one worker fail at once; only the first word of it counts.
    if (piscina !== this.#piscina || this.state === 'closed' || this.state === 'restarting') return;
    this.state = 'restarting';
    const running = this.running();
    const others = this.jobs().filter((job) => job !== running);
    this.#batches = [];
    this.#port?.close();
    this.#port = null;
    this.workMs = 0;
    const delay = Math.min(RESTART_BASE_MS * 2 ** Math.min(this.#failures, 16), RESTART_MAX_MS);
    this.#failures += 1;
    this.#spawnAtMs = performance.now() + delay;
    this.#timer = setTimeout(() => {
      this.#piscina = this.#spawn();
      this.state = 'starting';
      void this.open();
    }, delay);
    void piscina.destroy().catch(() => undefined);
    this.#listener.workerLost(this, error, { running, others });
  }
}
