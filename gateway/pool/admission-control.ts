/**
 * Whether a review can still be done in its time, from what the pool has measured of itself. What can not is refused when it
 * arrives, while its caller still has time to do something about it.
 *
 * The wait that a review will have is the work ahead of it, divided by the workers that are in service, times what a millisecond of
 * work takes in reality (messages, a crowded core), plus the time that the event loop is behind, which a request loses before it is
 * seen and once more when its answer is ready.
 *
 * A burst may fill the queue for as long as budgets allow. A queue that does not run empty any more is another matter: it only
 * makes every answer late, so it is kept short (as in CoDel, and in "Fail at Scale", ACM Queue 13/8), and is empty soon after the
 * flood ends.
 */
import type { ErrorCode } from '../errors.ts';
import { RunningMean } from './running-mean.ts';

/** An estimate of 80 ms takes a budget of 100 ms. */
const MARGIN = 1.25;
/** How long the queue may go without running empty before it is kept short. */
export const STANDING_AFTER_MS = 1_000;
/** How long reviews may wait from then on, and which part of their budget: estimates are wrong by less than the other part. */
export const STANDING_WAIT_MS = 1_000;
const STANDING_SHARE = 0.5;
/** A queue that is shorter is no flood, however slow its reviews are (a gateway that has just started, a costly template). */
export const STANDING_LENGTH = 32;
/** Weight of the newest batch in the running mean. */
const WEIGHT = 1 / 16;
/** In this time the event loop's delay, once measured, fades to a third. */
const LAG_FADES_MS = 250;
/** One slow batch must not make everything look hopeless. */
const MAX_PACE = 20;

/** What the pool knows when a review arrives. Work is in a worker's milliseconds. */
export interface Load {
  /** Waiting in the queue before it is the review's turn. */
  readonly queuedMs: number;
  /** In the workers' hands or on its way there. */
  readonly inHandsMs: number;
  readonly workersInService: number;
  /** A worker has nothing to do and nothing waits. */
  readonly idle: boolean;
  /** Until the first worker is back, where none is in service. */
  readonly outageMs: number;
}

export interface Ask {
  /** Reviews that wait already. */
  readonly queued: number;
  readonly budgetMs: number;
  /** What is left of it. */
  readonly leftMs: number;
  /** What the review itself will cost a worker. */
  readonly costMs: number;
}

export class AdmissionControl {
  readonly #pace = new RunningMean(1, WEIGHT);
  #lagMs = 0;
  #lagAtMs = 0;
  #emptyAtMs = 0;

  /** A worker came back after `spanMs` with what had cost it `workMs`. */
  batchDone(spanMs: number, workMs: number): void {
    if (workMs <= 0) return;
    this.#pace.add(Math.min(Math.max(spanMs / workMs, 1), MAX_PACE));
  }

  /** A turn of the event loop took this long. */
  turnDone(turnMs: number, nowMs: number): void {
    this.#lagMs = Math.max(turnMs, this.lagMs(nowMs));
    this.#lagAtMs = nowMs;
  }

  /** The queue is empty. */
  queueEmpty(nowMs: number): void {
    this.#emptyAtMs = nowMs;
  }

  /** How far the event loop is behind. */
  lagMs(nowMs: number): number {
    return this.#lagMs * Math.exp((this.#lagAtMs - nowMs) / LAG_FADES_MS);
  }

  /** Whether the queue has not run empty for so long that it is kept short. */
  standing(nowMs: number): boolean {
    return nowMs - this.#emptyAtMs > STANDING_AFTER_MS;
  }

  /** How long a review that comes now will wait for a worker. */
  waitMs({ queuedMs, inHandsMs, workersInService, idle, outageMs }: Load): number {
    if (idle) return 0;
    const work = (queuedMs + inHandsMs) * this.#pace.value;
    return workersInService > 0 ? work / workersInService : outageMs + work;
  }

  /** Why a review with this wait ahead of it is refused; null when it is not. */
  verdict(waitMs: number, { queued, budgetMs, leftMs, costMs }: Ask, nowMs: number): ErrorCode | null {
    const lagMs = this.lagMs(nowMs);
    // An idle worker is always worth trying: what is known of costs may be wrong, and only doing one tells.
    const ownMs = waitMs > 0 ? costMs * this.#pace.value : 0;
    if ((waitMs + ownMs) * MARGIN + 2 * lagMs > leftMs) return 'DEADLINE_UNREACHABLE';
    const standingMs = Math.min(STANDING_WAIT_MS, STANDING_SHARE * budgetMs);
    const floods = queued >= STANDING_LENGTH && waitMs > standingMs;
    return floods && this.standing(nowMs) ? 'OVERLOADED' : null;
  }
}
