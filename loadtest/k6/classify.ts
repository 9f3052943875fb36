/**
 * What became of a review, told from the text of its answer without decoding it: k6 has no time for that at thousands a second.
 * That a patch is the right one is checked apart, on a sample.
 */

export type Answered =
  /** Admitted, with a patch. */
  | 'patched'
  /** Admitted as it was. */
  | 'unpatched'
  /** Admitted as it was, with a warning: the injector could not do it in time or at all (onError Ignore). */
  | 'missed'
  /** Turned away because there was no time or no room: 429, 503 or 504, as HTTP status or in a denial. */
  | 'refused'
  /** Not allowed, for any other reason. */
  | 'denied'
  /** No AdmissionReview came back, or not in time. */
  | 'failed';

const REFUSALS = [429, 503, 504];

/** `status` is 0 where there was no answer. Base64 holds no quotes, so no patch can look like a member. */
export function classify(status: number, body: string): Answered {
  if (REFUSALS.includes(status)) return 'refused';
  if (status !== 200) return 'failed';
  if (has(body, '"allowed":', 'true')) {
    if (has(body, '"patch":', '"')) return 'patched';
    return has(body, '"warnings":', '[') ? 'missed' : 'unpatched';
  }
  if (!has(body, '"allowed":', 'false')) return 'failed';
  return REFUSALS.some((code) => has(body, '"code":', String(code))) ? 'refused' : 'denied';
}

/** Whether the member is there with a value that begins so; one space between them does not matter. */
function has(body: string, member: string, value: string): boolean {
  return body.includes(member + value) || body.includes(`${member} ${value}`);
}
