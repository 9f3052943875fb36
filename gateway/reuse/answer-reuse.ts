/**
 * Answers for the replicas of one workload: a Deployment that is scaled to a thousand pods asks a thousand times the same. The second
 * review of a workload is sent to a worker with the question whether its answer is that of all replicas (workers/inject/reuse.ts);
 * if so it is kept, and given to every review that is the same byte for byte but for the names. What a review asks is compared whole:
 * no digest stands for it, so no other pod can ever get the answer.
 */
import { LRUCache } from 'lru-cache';
import type { InjectResult, Outcome } from '../../workers/protocol.ts';
import type { ReviewVersion } from '../admission/decode.ts';
import type { Addressee } from '../admission/encode.ts';
import type { Route } from '../routing/router.ts';
import { ReplicaAnswer } from './replica-answer.ts';
import { ReplicaText, workloadHash, workloadHint } from './replica-text.ts';
import { WorkloadCounts } from './workload-counts.ts';

/**
 * Workloads whose answers are kept, and the bytes that they may take: some 600 answers of usual pods. The replicas of a workload come
 * within seconds, so what counts is that those of all workloads fit in that are created at a time.
 */
export const WORKLOAD_LIMIT = 4_096;
export const BYTES_LIMIT = 8 * 1024 * 1024;
/** What an answer takes beside the bytes of its texts. */
const ANSWER_OVERHEAD_BYTES = 1_024;
/** Answers of one workload (revisions, URLs, generations of its pods). */
export const ANSWERS_OF_WORKLOAD = 4;
/**
 * Reviews of one workload that were asked about in vain, or whose answers took the place of others; no more of it are asked about. Pods of one
 * name in more revisions or namespaces than there are places would otherwise have answers kept all the time, and none found.
 */
export const VAIN_LIMIT = 8;
/** Larger reviews are not kept. */
const REVIEW_LIMIT_BYTES = 256 * 1024;

/** The route that a request's URL leads to, and the same with the revision that its labels chose. */
export interface ReusedRoute {
  readonly asked: Route;
  readonly served: Route;
}

interface KeptAnswer {
  readonly route: ReusedRoute;
  readonly text: ReplicaText;
  readonly answer: ReplicaAnswer;
  readonly to: Addressee;
  readonly outcome: Outcome;
}

export interface ReusedAnswer {
  readonly served: Route;
  readonly to: Addressee;
  readonly outcome: Outcome;
  readonly body: string;
}

/** What a review is sent with, and is kept by if the worker says so. */
export interface ReuseCandidate {
  readonly hint: string;
  readonly hash: number;
  readonly text: ReplicaText;
}

/** For the time of one router: its snapshot decides about the answers. */
export class AnswerReuse {
  readonly #kept = new LRUCache<string, readonly KeptAnswer[]>({
    max: WORKLOAD_LIMIT,
    maxSize: BYTES_LIMIT,
    sizeCalculation: (answers) =>
      answers.reduce((sum, { text, answer }) => sum + text.length + answer.length + ANSWER_OVERHEAD_BYTES, 1),
  });
  /** How often a workload was asked about since an answer of it found a free place. */
  readonly #vain = new WorkloadCounts();

  /** The answer of a replica, if there is one. */
  find(route: Route, review: Buffer): ReusedAnswer | null {
    if (this.#kept.size === 0) return null;
    const hint = workloadHint(review);
    if (hint === null) return null;
    for (const kept of this.#kept.get(hint) ?? []) {
      if (kept.route.asked !== route) continue;
      const names = kept.text.match(review);
      if (names === null) continue;
      const to = { apiVersion: kept.to.apiVersion, uid: names.uid };
      return { served: kept.route.served, to, outcome: kept.outcome, body: kept.answer.body(names) };
    }
    return null;
  }

  /** Whether a review that has no answer yet is worth the question; null when it is not. */
  consider(review: Buffer): ReuseCandidate | null {
    if (review.length > REVIEW_LIMIT_BYTES) return null;
    const hash = workloadHash(review);
    if (hash < 0) return null;
    const vain = this.#vain.next(hash);
    if (vain < 0 || vain >= VAIN_LIMIT) return null;
    const hint = workloadHint(review);
    const text = hint === null ? null : ReplicaText.of(review);
    return hint === null || text === null ? null : { hint, hash, text };
  }

  /** Keeps a worker's answer where it says that it is that of all replicas. */
  keep(
    { hint, hash, text }: ReuseCandidate,
    route: ReusedRoute,
    apiVersion: ReviewVersion,
    result: InjectResult,
  ): void {
    if (result.reusable !== true) return;
    const answer = ReplicaAnswer.of(result.body, text.names);
    if (answer === null) return;
    const { outcome } = result;
    const kept: KeptAnswer = { route, text, answer, to: { apiVersion, uid: text.names.uid }, outcome };
    const others = this.#kept.get(hint) ?? [];
    this.#kept.set(hint, [kept, ...others].slice(0, ANSWERS_OF_WORKLOAD));
    if (others.length < ANSWERS_OF_WORKLOAD) this.#vain.set(hash, 0);
  }

  /** Workloads with kept answers, for the metrics. */
  get size(): number {
    return this.#kept.size;
  }
}
