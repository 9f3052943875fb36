/**
 * The answers that the gateway itself makes; those of an injection come complete from the worker.
 */
import type { ReviewVersion } from './decode.ts';

/** What the apiserver accepts of a warning without complaint. */
const WARNING_LIMIT = 120;

/** Whom to answer: the review's version and uid. */
export interface Addressee {
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** An AdmissionReview that admits the object as it is. */
export function encodeAdmitted(to: Addressee): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: to.apiVersion,
    response: { uid: to.uid, allowed: true },
  });
}

/** An AdmissionReview that admits the object as it is, and says in a warning and an audit annotation what went wrong. */
export function encodeAdmittedWithWarning(to: Addressee, code: string, message: string): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: to.apiVersion,
    response: {
      uid: to.uid,
      allowed: true,
      warnings: [`meshgate: not injected: ${code}: ${message}`.slice(0, WARNING_LIMIT)],
      auditAnnotations: { 'meshgate.dev-error': code },
    },
  });
}

/** An AdmissionReview that denies. */
export function encodeDenied(to: Addressee, refusal: Refusal): string {
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: to.apiVersion, response: deniedResponse(to, refusal) });
}

/**
 * The body of an answer with an HTTP error status: always `code` and `message`; where the uid is known they stand in an
 * AdmissionReview, which an apiserver can read.
 */
export function encodeError(to: Addressee | null, refusal: Refusal): string {
  const { code, message } = refusal;
  if (to === null) return JSON.stringify({ code, message });
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: to.apiVersion,
    response: deniedResponse(to, refusal),
    code,
    message,
  });
}

function deniedResponse(to: Addressee, refusal: Refusal): object {
  return {
    uid: to.uid,
    allowed: false,
    status: { code: refusal.status, message: refusal.message, reason: refusal.code },
  };
}
