/** One review from text to answer: decode, inject, encode. */
import type { InjectResult, InjectTask, Outcome } from '../protocol.ts';
import type { JsonObject } from '../template/value.ts';
import type { CompiledRevision, InjectDecision, InjectRequest } from './provider.ts';
import { REASONS, type ReasonCode, reasonOf } from './reason.ts';
import { isReplicable, ReuseWatch } from './reuse.ts';
import {
  type Answer,
  confirmsPeek,
  decodeReview,
  encodeReview,
  labelOf,
  type ReviewIdentity,
  type ReviewRequest,
} from './review.ts';

export interface InjectAnswer extends Omit<InjectResult, 'timing'> {
  /** The review is not what the task says was peeked of it: this is no answer to it. */
  readonly misread?: true;
}

/** The pod policies of a snapshot, as they answer one review. */
export interface ReviewPolicies {
  /**
   * The decision with all policies that match; null when none does, so that injection answers alone.
   * @param raw the review's `request`
   * @param mesh null: nothing is injected, and policies answer alone
   */
  answer(
    request: ReviewRequest,
    raw: JsonObject,
    mesh: { readonly mesh: string; readonly inject: (request: InjectRequest) => InjectDecision } | null,
  ): InjectDecision | null;
  /** Whether there is one that labels alone do not rule out: the same for all reviews with these labels, of pod and namespace. */
  mayConcern(request: ReviewRequest, raw: JsonObject): boolean;
}

/** InjectTask.revision of a task that asks policies alone. */
export const NO_REVISION = 'none';

const NOT_PATCHED: InjectDecision = { kind: 'patched', patch: [] };

/** Status of codes that are not in the table of reasons. */
const DEFAULT_STATUS = 500;

function fail(identity: ReviewIdentity, code: ReasonCode | string, message: string): InjectAnswer {
  const status = { code: reasonOf(code)?.status ?? DEFAULT_STATUS, message };
  return { outcome: { kind: 'failed', code, message }, body: encodeReview(identity, { allowed: false, status }) };
}

/** What the apiserver is told, and what is counted: one outcome for each request. */
function answer(decision: InjectDecision): { readonly outcome: Outcome; readonly answer: Answer } {
  switch (decision.kind) {
    case 'patched': {
      const { patch, warnings, auditAnnotations } = decision;
      return {
        outcome: { kind: 'patched' },
        answer: {
          allowed: true,
          patch,
          ...(warnings === undefined ? {} : { warnings }),
          ...(auditAnnotations === undefined ? {} : { auditAnnotations }),
        },
      };
    }
    case 'skipped': {
      const { reason, reasons = [], patch, warnings, auditAnnotations } = decision;
      return {
        outcome: { kind: 'skipped', reason, ...(reasons.length > 1 ? { reasons } : {}) },
        answer: {
          allowed: true,
          ...(patch === undefined ? {} : { patch }),
          ...(warnings === undefined ? {} : { warnings }),
          ...(auditAnnotations === undefined ? {} : { auditAnnotations }),
        },
      };
    }
    case 'denied': {
      const { kind, code, message, warnings, auditAnnotations } = decision;
      const status = { code: decision.status ?? reasonOf(code)?.status ?? DEFAULT_STATUS, message };
      const said = {
        ...(warnings === undefined ? {} : { warnings }),
        ...(auditAnnotations === undefined ? {} : { auditAnnotations }),
      };
      return { outcome: { kind, code, message }, answer: { allowed: false, status, ...said } };
    }
    case 'failed': {
      const { kind, code, message } = decision;
      const status = { code: reasonOf(code)?.status ?? DEFAULT_STATUS, message };
      return { outcome: { kind, code, message }, answer: { allowed: false, status } };
    }
  }
}

function withWarnings(answer: Answer, warnings: readonly string[] | undefined): Answer {
  return warnings === undefined ? answer : { ...answer, warnings: [...warnings, ...(answer.warnings ?? [])] };
}

/** The revision that policies made the pod ask for before its injection; undefined where they left the label as it was. */
export function askedByPolicies(
  label: string | undefined,
  before: JsonObject | null,
  after: JsonObject,
): string | undefined {
  if (label === undefined || before === after) return undefined;
  const asked = labelOf(after, label);
  return asked === '' || asked === labelOf(before, label) ? undefined : asked;
}

/**
 * Answers a review with a revision. Never throws: what can not be answered is an outcome `failed` with a code of reason.ts, and
 * its body a denial, which the caller may replace by what the mesh's onError says.
 */
export function injectReview(
  task: InjectTask,
  lookup: (digest: string) => CompiledRevision | undefined,
  policies: ReviewPolicies | null = null,
): InjectAnswer {
  let identity: ReviewIdentity = { version: 'v1', uid: '' };
  try {
    const decoded = decodeReview(task.review, task.params, task.cluster);
    identity = decoded.identity;
    if (task.peeked !== undefined && !confirmsPeek(decoded, task.peeked)) {
      return { ...fail(identity, 'REVIEW_MALFORMED', REASONS.REVIEW_MALFORMED.sentence), misread: true };
    }
    if (!decoded.ok) return fail(identity, decoded.code, decoded.message);
    const { request } = decoded;
    if (task.revision === NO_REVISION) {
      const alone = policies?.answer(request, decoded.raw, null) ?? NOT_PATCHED;
      const made = answer(alone);
      return { outcome: made.outcome, body: encodeReview(identity, made.answer) };
    }
    const revision = lookup(task.revision);
    if (revision === undefined) return fail(identity, 'REVISION_UNKNOWN', REASONS.REVISION_UNKNOWN.sentence);
    const { object } = request;
    let revisionAsked: string | undefined;
    const inject = (full: InjectRequest): InjectDecision => {
      revisionAsked = askedByPolicies(task.revisionLabel, object, full.object);
      return revision.inject(full);
    };
    const byPolicies = policies?.answer(request, decoded.raw, { mesh: revision.source.mesh, inject }) ?? null;
    // A policy may look at a pod's name to see whether it is for the pod; those that ask for other labels do not come to that.
    const alone = policies === null || (task.reuse !== undefined && !policies.mayConcern(request, decoded.raw));
    const watch = task.reuse === undefined || !alone ? null : new ReuseWatch(task.reuse);
    const decision: InjectDecision =
      byPolicies ??
      (object === null
        ? { kind: 'denied', code: 'POD_MISSING', message: REASONS.POD_MISSING.sentence }
        : revision.inject(watch === null ? { ...request, object } : { ...request, object, watch }));
    const made = answer(decision);
    const body = encodeReview(identity, withWarnings(made.answer, task.warnings));
    if (watch === null || object === null || decision.kind === 'denied' || decision.kind === 'failed') {
      return { outcome: made.outcome, body, ...(revisionAsked === undefined ? {} : { revisionAsked }) };
    }
    return {
      outcome: made.outcome,
      body,
      reusable: watch.granted && isReplicable(task.review, object, watch.question),
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fail(identity, 'INTERNAL', `${REASONS.INTERNAL.sentence}: ${message}`);
  }
}
