/**
 * Reads from the beginning of an AdmissionReview whom to answer and which namespace it is about, and leaves the rest unread: a
 * request that is refused for lack of time must not cost what doing it would. An apiserver writes these members before the object.
 */
import { type ReviewVersion, reviewVersion } from './decode.ts';
import { MemberWalk, skipSpace } from './json-members.ts';

export interface PeekedReview {
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
  readonly namespace: string;
}

const KEY_API_VERSION = Buffer.from('apiVersion');
const KEY_KIND = Buffer.from('kind');
const KEY_REQUEST = Buffer.from('request');
const KEY_UID = Buffer.from('uid');
const KEY_NAMESPACE = Buffer.from('namespace');
const KEY_OBJECT = Buffer.from('object');

/** Null when it does not find everything before the object: then the review has to be decoded. */
export function peekReview(body: Buffer): PeekedReview | null {
  const review = new MemberWalk(body, skipSpace(body, 0));
  let apiVersion: ReviewVersion | null = null;
  let isReview = false;
  while (review.next()) {
    if (review.isKey(KEY_API_VERSION)) apiVersion = reviewVersion(review.stringValue());
    else if (review.isKey(KEY_KIND)) isReview = review.stringValue() === 'AdmissionReview';
    else if (review.isKey(KEY_REQUEST)) {
      return apiVersion === null || !isReview ? null : peekRequest(body, review.start, apiVersion);
    } else return null;
  }
  return null;
}

function peekRequest(body: Buffer, at: number, apiVersion: ReviewVersion): PeekedReview | null {
  const request = new MemberWalk(body, at);
  let uid = '';
  while (request.next()) {
    if (request.isKey(KEY_UID)) uid = request.stringValue();
    else if (request.isKey(KEY_NAMESPACE)) {
      const namespace = request.stringValue();
      return request.odd || uid === '' ? null : { apiVersion, uid, namespace };
    } else if (request.isKey(KEY_OBJECT)) return null;
    else request.skip();
  }
  return null;
}
