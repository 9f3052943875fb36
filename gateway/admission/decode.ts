/**
 * Reads what routing needs from the text of an AdmissionReview. The usual review is scanned, not parsed: its object goes to a
 * worker as text and is parsed there, once. Whatever the scan does not know how to read (escapes in the members it looks at,
 * duplicate members, broken punctuation) is left to JSON.parse, so both ways give the same header for every valid JSON text.
 */
import type { ErrorCode } from '../errors.ts';
import { MemberWalk, skipSpace } from './json-members.ts';
import { podLabel } from './pod-label.ts';

export type ReviewVersion = 'admission.k8s.io/v1' | 'admission.k8s.io/v1beta1';

/** The members of a review that decide where it goes. Absent and null strings read as ''. */
export interface ReviewHeader {
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
  /** `request.namespace`. */
  readonly namespace: string;
  /** The JSON of `request.object`, empty when there is none. Not known to be valid. */
  object(): Buffer;
  /** A label of the object; undefined where it is not there, empty or no text. `name` is in UTF-8. */
  podLabel(name: Buffer): string | undefined;
}

export interface DecodeProblem {
  readonly code: ErrorCode;
  /** Known in spite of the problem; '' when not. */
  readonly uid: string;
  readonly apiVersion: ReviewVersion;
}

export type DecodedReview =
  | { readonly ok: true; readonly header: ReviewHeader }
  | { readonly ok: false; readonly problem: DecodeProblem };

/** The version to answer in when the asked one is not known. */
export const DEFAULT_VERSION: ReviewVersion = 'admission.k8s.io/v1';

interface RawHeader {
  apiVersion: string;
  kind: string;
  hasRequest: boolean;
  uid: string;
  namespace: string;
  objectStart: number;
  objectEnd: number;
}

class ScannedHeader implements ReviewHeader {
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
  readonly namespace: string;
  readonly #body: Buffer;
  readonly #start: number;
  readonly #end: number;
  constructor(apiVersion: ReviewVersion, raw: RawHeader, body: Buffer) {
    this.apiVersion = apiVersion;
    this.uid = raw.uid;
    this.namespace = raw.namespace;
    this.#body = body;
    this.#start = raw.objectStart;
    this.#end = raw.objectEnd;
  }
  object(): Buffer {
    return this.#body.subarray(this.#start, this.#end);
  }
  podLabel(name: Buffer): string | undefined {
    return podLabel(this.object(), name);
  }
}

class ParsedHeader implements ReviewHeader {
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
  readonly namespace: string;
  readonly #object: unknown;
  constructor(apiVersion: ReviewVersion, uid: string, namespace: string, object: unknown) {
    this.apiVersion = apiVersion;
    this.uid = uid;
    this.namespace = namespace;
    this.#object = object;
  }
  object(): Buffer {
    return Buffer.from(this.#object === undefined ? '' : JSON.stringify(this.#object));
  }
  podLabel(name: Buffer): string | undefined {
    return podLabel(this.object(), name);
  }
}

/**
 * Decodes the header of a review as received. Codes: REVIEW_MALFORMED (as far as the scan can tell: the worker says it of the rest), REVIEW_UNSUPPORTED,
 * REQUEST_MISSING, UID_MISSING.
 */
export function decodeReview(body: Buffer): DecodedReview {
  const raw = scanReview(body);
  if (raw === null) return parseReview(body.toString());
  const version = reviewVersion(raw.apiVersion);
  const code = firstProblem(version !== null && raw.kind === 'AdmissionReview', raw.hasRequest, raw.uid);
  if (code !== null) return problem(code, raw.uid, version);
  return { ok: true, header: new ScannedHeader(version ?? DEFAULT_VERSION, raw, body) };
}

function firstProblem(isReview: boolean, hasRequest: boolean, uid: string): ErrorCode | null {
  if (!isReview) return 'REVIEW_UNSUPPORTED';
  if (!hasRequest) return 'REQUEST_MISSING';
  return uid === '' ? 'UID_MISSING' : null;
}

function problem(code: ErrorCode, uid: string, version: ReviewVersion | null): DecodedReview {
  return { ok: false, problem: { code, uid, apiVersion: version ?? DEFAULT_VERSION } };
}

/** A version that can be answered, or null. */
export function reviewVersion(apiVersion: string): ReviewVersion | null {
  return apiVersion === 'admission.k8s.io/v1' || apiVersion === 'admission.k8s.io/v1beta1' ? apiVersion : null;
}

const KEY_API_VERSION = Buffer.from('apiVersion');
const KEY_KIND = Buffer.from('kind');
const KEY_REQUEST = Buffer.from('request');
const KEY_UID = Buffer.from('uid');
const KEY_NAMESPACE = Buffer.from('namespace');
const KEY_OBJECT = Buffer.from('object');

const SEEN_API_VERSION = 1;
const SEEN_KIND = 2;
const SEEN_REQUEST = 4;
const SEEN_UID = 8;
const SEEN_NAMESPACE = 16;
const SEEN_OBJECT = 32;

/** Finds the header's members; null when the text has to be parsed to tell. */
function scanReview(body: Buffer): RawHeader | null {
  const raw: RawHeader = {
    apiVersion: '',
    kind: '',
    hasRequest: false,
    uid: '',
    namespace: '',
    objectStart: 0,
    objectEnd: 0,
  };
  const review = new MemberWalk(body, skipSpace(body, 0));
  let seen = 0;
  while (review.next()) {
    let member = 0;
    if (review.isKey(KEY_REQUEST)) {
      member = SEEN_REQUEST;
      if (!scanRequest(body, review, raw)) return null;
    } else if (review.isKey(KEY_API_VERSION)) {
      member = SEEN_API_VERSION;
      raw.apiVersion = review.stringValue();
    } else if (review.isKey(KEY_KIND)) {
      member = SEEN_KIND;
      raw.kind = review.stringValue();
    } else review.skip();
    if ((seen & member) !== 0) return null;
    seen |= member;
  }
  return review.odd || skipSpace(body, review.end) !== body.length ? null : raw;
}

function scanRequest(body: Buffer, review: MemberWalk, raw: RawHeader): boolean {
  const request = new MemberWalk(body, review.start);
  let seen = 0;
  while (request.next()) {
    let member = 0;
    if (request.isKey(KEY_OBJECT)) {
      member = SEEN_OBJECT;
      request.skip();
      raw.objectStart = request.start;
      raw.objectEnd = request.end;
    } else if (request.isKey(KEY_UID)) {
      member = SEEN_UID;
      raw.uid = request.stringValue();
    } else if (request.isKey(KEY_NAMESPACE)) {
      member = SEEN_NAMESPACE;
      raw.namespace = request.stringValue();
    } else request.skip();
    if ((seen & member) !== 0) return false;
    seen |= member;
  }
  raw.hasRequest = true;
  review.end = request.end;
  return !request.odd;
}

function parseReview(text: string): DecodedReview {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return problem('REVIEW_MALFORMED', '', null);
  }
  const version = reviewVersion(stringMember(value, 'apiVersion') ?? '');
  const request = member(value, 'request');
  const hasRequest = typeof request === 'object' && request !== null && !Array.isArray(request);
  const uid = stringMember(request, 'uid');
  const namespace = stringMember(request, 'namespace');
  const isReview = version !== null && stringMember(value, 'kind') === 'AdmissionReview';
  const code = firstProblem(isReview, hasRequest, uid ?? '');
  if (code !== null) return problem(code, uid ?? '', version);
  if (namespace === null) return problem('REVIEW_MALFORMED', uid ?? '', version);
  const header = new ParsedHeader(version ?? DEFAULT_VERSION, uid ?? '', namespace, member(request, 'object'));
  return { ok: true, header };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** A string member; '' when it is absent or null, null when it is something else. */
function stringMember(value: unknown, name: string): string | null {
  const found = member(value, name) ?? '';
  return typeof found === 'string' ? found : null;
}
