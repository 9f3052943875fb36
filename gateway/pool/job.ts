/**
 * One review on its way through the pool.
 */
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import type { InjectResult, InjectTask, RevisionSource } from '../../workers/protocol.ts';
import type { ErrorCode } from '../errors.ts';

export type JobResult =
  | { readonly ok: true; readonly result: InjectResult }
  | { readonly ok: false; readonly code: ErrorCode; readonly message?: string };

export interface JobListener {
  /** Called exactly once a job, unless it was cancelled. */
  jobDone(job: Job, result: JobResult): void;
}

/** Times are performance.now() milliseconds; 0 means not yet. */
export class Job {
  readonly task: InjectTask;
  /** What the task names by digest, for a worker that does not know it. */
  readonly unknown: Pick<InjectTask, 'source' | 'policySource'>;
  readonly expiresAtMs: number;
  readonly #listener: JobListener;
  queuedAtMs = 0;
  dispatchedAtMs = 0;
  /** It has been answered or cancelled: whatever still comes for it is dropped. */
  done = false;
  /** It went to a worker a second time, with the revision's source. */
  resent = false;
  timer: NodeJS.Timeout | null = null;

  constructor(
    task: InjectTask,
    source: RevisionSource,
    expiresAtMs: number,
    listener: JobListener,
    policies: PolicySetSource | null = null,
  ) {
    this.task = task;
    this.unknown = policies === null ? { source } : { source, policySource: policies };
    this.expiresAtMs = expiresAtMs;
    this.#listener = listener;
  }

  /** Answers the job, if nobody has yet. */
  settle(result: JobResult): void {
    if (this.done) return;
    this.close();
    this.#listener.jobDone(this, result);
  }

  /** Ends the job without an answer. */
  close(): void {
    this.done = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
