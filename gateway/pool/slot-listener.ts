/** What a worker's slot tells the pool. */
import type { CompileSource, WorkerReply } from '../../workers/protocol.ts';
import type { Job } from './job.ts';
import type { AnswerText } from './placed-answer.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** What a worker was doing when it ended. */
export interface LostWork {
  /** In its hands. */
  readonly running: Job | null;
  /** Not begun, or done without an answer: another worker can do it. */
  readonly others: readonly Job[];
}

export interface SlotListener {
  /** Revisions that a new worker has to know before it serves. */
  revisions(): readonly CompileSource[];
  /** The slot can take batches, or more of them. */
  slotFree(): void;
  /** `spanMs`: how long the worker was at this batch, all ways and waits included. The bodies are gone when this returns. */
  batchDone(slot: WorkerSlot, batch: readonly Job[], replies: readonly WorkerReply<AnswerText>[], spanMs: number): void;
  workerLost(slot: WorkerSlot, error: unknown, lost: LostWork): void;
}
