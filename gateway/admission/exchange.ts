/**
 * One request and all that is known about it, from the arrival of its headers to its answer.
 */
import type { Outcome } from '../../workers/protocol.ts';
import type { Job, JobListener, JobResult } from '../pool/job.ts';
import type { AnswerText } from '../pool/placed-answer.ts';
import type { ReuseCandidate } from '../reuse/answer-reuse.ts';
import type { Resolution, Route, Router } from '../routing/router.ts';
import type { ReviewHeader } from './decode.ts';
import type { Addressee } from './encode.ts';

/** Where the answer goes: an HTTP response. */
export interface Reply {
  /** Sends the whole answer; `allow` is the Allow header of a 405. */
  send(status: number, body: AnswerText, allow: string | null): void;
}

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly contentType: string | undefined;
  readonly traceparent: string | undefined;
}

/** Who is told when a worker has answered. */
export interface ExchangeOwner {
  workerAnswered(exchange: Exchange, job: Job, result: JobResult): void;
}

/** Times are performance.now() milliseconds; 0 means that the request did not get there. */
export class Exchange implements JobListener {
  readonly head: RequestHead;
  readonly reply: Reply;
  readonly #owner: ExchangeOwner;
  readonly receivedAtMs: number;
  bodyAtMs = 0;
  routedAtMs = 0;
  workerAnsweredAtMs = 0;
  answeredAtMs = 0;
  resolution: Resolution | null = null;
  header: ReviewHeader | null = null;
  /** The review as received. */
  body: Buffer | null = null;
  /** Whom an error answers when there is no header. */
  addressee: Addressee | null = null;
  /** Set when the answer is to be kept for the pod's replicas, if it is theirs too. */
  candidate: ReuseCandidate | null = null;
  /** The answer is that of another replica. */
  reused = false;
  /** What routed it, and goes on doing so whatever is published meanwhile. */
  router: Router | null = null;
  /** The route before the request had its say about the revision; `resolution` has the one that serves. */
  asked: Route | null = null;
  /** What the user and the log are told beside the outcome; null for nothing. */
  warning: string | null = null;
  budgetMs = 0;
  job: Job | null = null;
  workerMs = -1;
  finished = false;

  constructor(owner: ExchangeOwner, head: RequestHead, reply: Reply, receivedAtMs: number) {
    this.#owner = owner;
    this.head = head;
    this.reply = reply;
    this.receivedAtMs = receivedAtMs;
  }

  jobDone(job: Job, result: JobResult): void {
    this.#owner.workerAnswered(this, job, result);
  }
}

/** What the trace of a request is made from, once it has ended. */
export interface FinishedExchange {
  readonly exchange: Exchange;
  readonly outcome: Outcome;
  readonly status: number;
}
