/**
 * The pool's workers together: who takes the next batch, what they are busy with, and which of them has to be ended.
 */
import type { Load } from './admission-control.ts';
import type { Job } from './job.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** Work that a worker may have and still get more, so that it finds some when it is done; more than that another may do sooner. */
const AHEAD_WORK_MS = 100;
/** A worker that has not begun anything new for so long is not counted on, and what waits behind goes to another one. */
export const STALL_MS = 250;
/** How long a worker may go on with a review after its budget has ended. */
export const OVERRUN_GRACE_MS = 100;
/** A review is not at fault that was only begun late: it must also have run for so many times what its mesh's reviews cost. */
const OVERRUN_COSTS = 8;
/** How long a worker may go on with a batch that nobody waits for any more, where it can not be told which review it is at. */
const UNKNOWN_GRACE_MS = 1_000;

export type CrewLoad = Omit<Load, 'queuedMs'>;

/** What a look at the workers tells has to be done. */
export interface Trouble {
  /** Workers to be ended. */
  readonly overrun: readonly WorkerSlot[];
  /** Jobs behind a slow one that another worker can do. */
  readonly held: readonly Job[];
}

export class Crew {
  readonly slots: readonly WorkerSlot[];
  readonly #batchesPerWorker: number;
  readonly #costOf: (mesh: string) => number;
  /** Where the worker stands that `free` returned last. */
  #last = -1;

  /** `costOf`: what a review of a mesh costs a worker, in milliseconds. */
  constructor(slots: readonly WorkerSlot[], batchesPerWorker: number, costOf: (mesh: string) => number) {
    this.slots = slots;
    this.#batchesPerWorker = batchesPerWorker;
    this.#costOf = costOf;
  }

  /**
   * The worker with the least to do; null when none takes more. Of several the one that was given something longest ago, so that all have
   * compiled what requests ask for: the first would else do everything until a burst comes, and the others be slow in it.
   */
  free(nowMs: number): WorkerSlot | null {
    let best: WorkerSlot | null = null;
    let at = this.#last;
    for (let i = 1; i <= this.slots.length; i++) {
      const next = (this.#last + i) % this.slots.length;
      const slot = this.slots[next] as WorkerSlot;
      if (!slot.inService || (best !== null && burden(slot) >= burden(best)) || !this.#takes(slot, nowMs)) continue;
      best = slot;
      at = next;
    }
    this.#last = at;
    return best;
  }

  #takes(slot: WorkerSlot, nowMs: number): boolean {
    if (slot.load === 0) return true;
    return slot.load < this.#batchesPerWorker && slot.workMs < AHEAD_WORK_MS && slot.stallMs(nowMs) < STALL_MS;
  }

  /** Workers in service that have nothing to do. */
  get idle(): number {
    return this.slots.reduce((count, slot) => (slot.inService && slot.load === 0 ? count + 1 : count), 0);
  }

  load(nowMs: number): CrewLoad {
    let inHandsMs = 0;
    let workersInService = 0;
    let idle = false;
    for (const slot of this.slots) {
      if (!slot.inService || slot.stallMs(nowMs) >= STALL_MS) continue;
      workersInService += 1;
      inHandsMs += slot.workMs;
      if (slot.load === 0) idle = true;
    }
    return { inHandsMs, workersInService, idle, outageMs: workersInService > 0 ? 0 : this.#outageMs(nowMs) };
  }

  get inFlight(): number {
    return this.slots.reduce((sum, slot) => sum + slot.jobs().length, 0);
  }

  /** Looks for workers that hang, or nearly. */
  look(nowMs: number): Trouble {
    const overrun: WorkerSlot[] = [];
    const held: Job[] = [];
    const { workersInService } = this.load(nowMs);
    for (const slot of this.slots) {
      const stallMs = slot.stallMs(nowMs);
      if (slot.state !== 'serving' || stallMs === 0) continue;
      const running = slot.running();
      if (this.#isOverrun(slot, running, stallMs, nowMs)) overrun.push(slot);
      else if (stallMs >= STALL_MS && workersInService > 0) {
        for (const job of slot.jobs()) if (job !== running && job.isHeldBy(slot)) held.push(job);
      }
    }
    return { overrun, held };
  }

  #outageMs(nowMs: number): number {
    return Math.min(...this.slots.map((slot) => slot.outageMs(nowMs, OVERRUN_GRACE_MS)));
  }

  #isOverrun(slot: WorkerSlot, running: Job | null, stallMs: number, nowMs: number): boolean {
    if (running === null) return stallMs > UNKNOWN_GRACE_MS && slot.runningBatch().every(({ done }) => done);
    const longestMs = Math.max(STALL_MS, OVERRUN_COSTS * this.#costOf(running.mesh));
    return nowMs > running.claim.expiresAtMs + OVERRUN_GRACE_MS && stallMs > longestMs;
  }
}

/** Of two workers with as many batches, the one that does not compile; the other one is better than one with more batches. */
function burden(slot: WorkerSlot): number {
  return slot.load + (slot.warming ? 0.5 : 0);
}
