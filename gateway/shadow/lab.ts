/**
 * Where shadows are compared, in a thread of its own: answers as they left, what another revision or a live injector would have
 * answered, the differences between them, and what they add up to.
 */

import { injectOne, warm } from '../../workers/main.ts';
import type { CompileSource, InjectTask } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { compareResults, type InjectionResult } from '../diff/compare-results.ts';
import { DifferenceGroups, type DifferenceSummary } from '../diff/groups.ts';
import { objectOfReview, subjectOf } from '../diff/subject.ts';
import type { TappedReview } from '../tap/tapped-review.ts';
import { type AllowedDifference, type Allows, compileAllowed } from './allowed-differences.ts';
import { answeredResult, untold } from './answered.ts';
import type { ShadowFailure } from './shadow-spec.ts';
import { Upstreams, type UpstreamTarget } from './upstream.ts';

/** Places that are told of: what is found crosses to the thread that answers requests, and must not keep it. */
const TOLD_GROUPS = 100;

export interface ShadowTask {
  /** The shadow, and what it compares: with other policies it begins anew. */
  readonly key: string;
  readonly tapped: TappedReview;
  /** What the other revision is asked; null: no other revision. */
  readonly inject: Pick<InjectTask, 'revision' | 'policies' | 'policyName'> | null;
  readonly upstream: UpstreamTarget | null;
  /** Given when the thread says that it needs it. */
  readonly setup?: ShadowSetup;
}

export interface ShadowSetup {
  readonly allowed: readonly AllowedDifference[];
  readonly sources: readonly CompileSource[];
}

export type ShadowReply =
  | { readonly kind: 'compared'; readonly different: boolean; readonly notAllowed: boolean }
  | { readonly kind: 'failed'; readonly failure: ShadowFailure }
  /** The task has to come again with its setup. */
  | { readonly kind: 'setup' };

export interface ShadowDifferences {
  readonly notAllowed: DifferenceSummary;
  readonly allowed: DifferenceSummary;
}

interface Ledger {
  readonly allows: Allows;
  readonly notAllowed: DifferenceGroups;
  readonly allowed: DifferenceGroups;
}

export class ShadowLab {
  readonly #ledgers = new Map<string, Ledger>();
  readonly #upstreams = new Upstreams();

  /** Never rejects. */
  async compare(task: ShadowTask): Promise<ShadowReply> {
    try {
      return await this.#compare(task);
    } catch (error) {
      if (error instanceof Failure) return { kind: 'failed', failure: error.failure };
      return { kind: 'failed', failure: 'answer_malformed' };
    }
  }

  differences(key: string): ShadowDifferences {
    const { notAllowed, allowed } = this.#ledgers.get(key) ?? newLedger([]);
    return { notAllowed: mostFrequent(notAllowed.summary()), allowed: mostFrequent(allowed.summary()) };
  }

  forget(key: string): void {
    this.#ledgers.delete(key);
  }

  async #compare(task: ShadowTask): Promise<ShadowReply> {
    const { key, tapped, setup, upstream } = task;
    if (setup !== undefined) {
      if (!this.#ledgers.has(key)) this.#ledgers.set(key, newLedger(setup.allowed));
      await warm(setup.sources);
    }
    const ledger = this.#ledgers.get(key);
    if (ledger === undefined) return { kind: 'setup' };
    const text = Buffer.from(tapped.review).toString();
    const { object, namespace } = objectOfReview(text);
    const other = task.inject === null ? null : injectOther(task.inject, tapped, text, object);
    if (other === 'unknown') {
      return setup === undefined ? { kind: 'setup' } : { kind: 'failed', failure: 'not_compiled' };
    }
    const live = answeredResult(object, tapped.answer, tapped.outcome);
    const pair =
      upstream === null ? [live, other ?? live] : await this.#askUpstream(task, upstream, object, other ?? live);
    const [from = live, to = live] = pair;
    const changes = compareResults(object, from, to);
    const subject = subjectOf(object, namespace);
    const notAllowed = changes.filter((change) => !ledger.allows(change));
    ledger.notAllowed.add(subject, notAllowed);
    ledger.allowed.add(
      subject,
      changes.filter((change) => ledger.allows(change)),
    );
    return { kind: 'compared', different: changes.length > 0, notAllowed: notAllowed.length > 0 };
  }

  async #askUpstream(
    { tapped }: ShadowTask,
    upstream: UpstreamTarget,
    object: JsonObject,
    ours: InjectionResult,
  ): Promise<readonly InjectionResult[]> {
    const answer = await this.#upstreams.ask(upstream, tapped.review, tapped.params);
    if (!answer.ok) throw new Failure(answer.failure);
    try {
      const theirs = answeredResult(object, answer.body, null);
      return [untold(object, ours), untold(object, theirs)];
    } catch {
      throw new Failure('upstream_malformed');
    }
  }
}

class Failure extends Error {
  readonly failure: ShadowFailure;
  constructor(failure: ShadowFailure) {
    super(failure);
    this.failure = failure;
  }
}

/** The most frequent places, in their order; changes at the others are counted with those that were left out before. */
function mostFrequent(summary: DifferenceSummary): DifferenceSummary {
  const told = new Set(summary.groups.toSorted((a, b) => b.pods - a.pods).slice(0, TOLD_GROUPS));
  const omitted = summary.groups.filter((group) => !told.has(group)).reduce((sum, { pods }) => sum + pods, 0);
  const groups = summary.groups.filter((group) => told.has(group));
  return { ...summary, groups, omittedChanges: summary.omittedChanges + omitted };
}

function newLedger(allowed: readonly AllowedDifference[]): Ledger {
  return { allows: compileAllowed(allowed), notAllowed: new DifferenceGroups(), allowed: new DifferenceGroups() };
}

function injectOther(
  asked: NonNullable<ShadowTask['inject']>,
  { params, cluster }: TappedReview,
  review: string,
  object: JsonObject,
): InjectionResult | 'unknown' {
  const reply = injectOne({ ...asked, review, params, cluster });
  if (reply.ok) return answeredResult(object, reply.result.body, reply.result.outcome);
  if (reply.error.code === 'REVISION_UNKNOWN' || reply.error.code === 'POLICIES_UNKNOWN') return 'unknown';
  throw new Error(reply.error.message);
}
