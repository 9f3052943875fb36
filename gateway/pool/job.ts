/**
 * One review on its way through the pool.
 */
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import type { TaskParts } from '../../workers/post.ts';
import type { InjectResult, RevisionSource } from '../../workers/protocol.ts';
import type { ErrorCode } from '../errors.ts';
import type { Lane, Waiting } from './fair-queue.ts';
import type { Suspect } from './fingerprint.ts';
import type { AnswerText } from './placed-answer.ts';

export type JobResult =
  /** Its body has to be taken while this is told. */
  | { readonly ok: true; readonly result: InjectResult<AnswerText> }
  /** The worker did nothing, for the review is not what was peeked of it. */
  | { readonly ok: false; readonly code: typeof REVIEW_MISREAD; readonly message?: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly message?: string };

/** No error of a request: the review has to be read in full, and is then another job. */
export const REVIEW_MISREAD = 'REVIEW_MISREAD';

export interface JobListener {
  /** Called exactly once a job, unless it was cancelled. */
  jobDone(job: Job, result: JobResult): void;
}

/** What decides how long a review has to wait, and whether it may. */
export interface Claim {
  /** The revision that is to inject. */
  readonly source: RevisionSource;
  /** The mesh's share of the workers' time, relative to the shares of others. */
  readonly share: number;
  readonly budgetMs: number;
  /** performance.now() at which the budget ends. */
  readonly expiresAtMs: number;
}

export interface JobParts {
  readonly task: JobTask;
  /** The AdmissionReview as received. */
  readonly review: Buffer;
  readonly claim: Claim;
  /** Of the review. */
  readonly namespace: string;
  /** The set of pod policies that the task names; left out where it names none. */
  readonly policies?: PolicySetSource | null;
}

/** What a worker is asked, but for the review. */
export type JobTask = TaskParts;

/** Times are performance.now() milliseconds; 0 means not yet. */
export class Job implements Waiting {
  readonly task: JobTask;
  readonly review: Buffer;
  readonly claim: Claim;
  readonly namespace: string;
  readonly policies: PolicySetSource | null;
  readonly bytes: number;
  readonly #listener: JobListener;
  lane: Lane | null = null;
  queuedAtMs = 0;
  dispatchedAtMs = 0;
  /** The worker that has it, the last one where several do. */
  holder: object | null = null;
  /** How often it was given to a worker. */
  attempts = 0;
  /** It has been answered or cancelled: whatever still comes for it is dropped. */
  done = false;
  /** It goes with its revision's source, because a worker turned out not to know it. */
  withSource = false;
  timer: NodeJS.Timeout | null = null;
  /** Told when it ends while it waits; the pool's to set. */
  onEnd: ((job: Job) => void) | null = null;

  constructor({ task, review, claim, namespace, policies = null }: JobParts, listener: JobListener) {
    this.task = task;
    this.review = review;
    this.claim = claim;
    this.namespace = namespace;
    this.policies = policies;
    this.bytes = review.length;
    this.#listener = listener;
  }

  get mesh(): string {
    return this.claim.source.mesh;
  }

  /** What its workload is told from. */
  suspect(): Suspect {
    const { mesh, name, digest } = this.claim.source;
    return { mesh, revision: name, digest, namespace: this.namespace, review: this.review.toString() };
  }

  /** Whether this worker is the one that has to answer it. */
  isHeldBy(worker: object): boolean {
    return !this.done && this.lane === null && this.holder === worker;
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
    if (this.lane !== null) this.onEnd?.(this);
  }
}
