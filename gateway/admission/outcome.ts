/**
 * From an outcome to everything that follows from it: the answer, what the metrics call it, and how loud the log is. The one switch
 * over outcomes, so that each request is answered and counted exactly once and in one way.
 */
import type { Outcome } from '../../workers/protocol.ts';
import { type ErrorCode, errorEntry, sentence } from '../errors.ts';
import type { AnswerText } from '../pool/placed-answer.ts';
import type { OnError } from '../snapshot.ts';
import type { OutcomeKind } from '../telemetry/request-metrics.ts';
import { type Addressee, encodeAdmitted, encodeAdmittedWithWarning, encodeDenied, encodeError } from './encode.ts';

export interface Conclusion {
  /** HTTP status. */
  readonly status: number;
  readonly body: AnswerText;
  readonly kind: OutcomeKind;
  /** Skip reason or error code; '' for a patched pod. */
  readonly reason: string;
  /** All skip reasons, where there are several; otherwise empty. */
  readonly reasons: readonly string[];
  /** What the log is told; '' for nothing to tell. */
  readonly message: string;
  readonly level: 'debug' | 'info' | 'warn';
  /** Refused at once, because the gateway had no room or no time for it. */
  readonly shed: boolean;
  /** Admitted without what the mesh would have added, because the gateway could not do it. */
  readonly missed: boolean;
}

/** How a request stands when it is concluded. */
export interface Standing {
  /** Null when the review's uid is not known. */
  readonly to: Addressee | null;
  /** Null when no mesh was found for it. */
  readonly onError: OnError | null;
  /** The worker's answer, where a worker gave one. */
  readonly body: AnswerText | null;
}

const NONE: readonly string[] = [];
const PLAIN = { status: 200, reasons: NONE, message: '', level: 'debug', shed: false, missed: false } as const;
/** Codes of requests that were refused without being tried. */
const SHED_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'DEADLINE_UNREACHABLE',
  'OVERLOADED',
  'QUEUE_FULL',
  'POD_QUARANTINED',
]);

/**
 * What is wrong with the request itself is an HTTP error. What went wrong in doing it follows the mesh's onError: Fail denies, Ignore
 * admits with a warning, Defer answers with an HTTP error (and no Retry-After, which the apiserver would wait for) so that the
 * webhook's failurePolicy decides.
 */
export function concludeRequest(outcome: Outcome, standing: Standing): Conclusion {
  const { to } = standing;
  switch (outcome.kind) {
    case 'patched':
      return { ...PLAIN, body: bodyOf(standing), kind: 'patched', reason: '' };
    case 'skipped': {
      const { reason, reasons = NONE } = outcome;
      return { ...PLAIN, body: bodyOf(standing), kind: 'skipped', reason, reasons };
    }
    case 'denied': {
      const { code, message } = outcome;
      return { ...PLAIN, body: bodyOf(standing), kind: 'denied', reason: code, message, level: 'info' };
    }
    case 'failed': {
      const { code } = outcome;
      const message = sentence(outcome.message);
      const { status, fault } = errorEntry(code);
      const refusal = { status, code, message };
      const shed = SHED_CODES.has(code);
      const failed = { kind: 'failed', reason: code, reasons: NONE, message, shed, missed: false } as const;
      if (fault === 'upstream') return { ...failed, status, body: encodeError(to, refusal), level: 'info' };
      if (to === null || standing.onError === null) {
        return { ...failed, status, body: encodeError(to, refusal), level: 'warn' };
      }
      switch (standing.onError) {
        case 'Fail':
          return { ...failed, status: 200, body: encodeDenied(to, refusal), level: 'warn' };
        case 'Ignore':
          return {
            ...failed,
            status: 200,
            body: encodeAdmittedWithWarning(to, code, message),
            level: 'warn',
            missed: true,
          };
        case 'Defer':
          return { ...failed, status: 503, body: encodeError(to, { ...refusal, status: 503 }), level: 'warn' };
      }
    }
  }
}

/** The worker's body; skips that the gateway decides itself admit the object as it is. */
function bodyOf({ to, body }: Standing): AnswerText {
  if (body !== null) return body;
  return to === null ? '' : encodeAdmitted(to);
}
