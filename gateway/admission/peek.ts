/**
 * Reads from the beginning of an AdmissionReview whom to answer and which namespace it is about, and of its object one label where that is
 * asked for, and leaves the rest unread: a worker
 * parses all of it anyway, and tells where what was peeked is not what the whole says; and a request that is refused for lack of time must
 * not cost what doing it would. An apiserver writes these members before the object.
 */
import type { PeekedLabel, PeekedReview } from '../../workers/protocol.ts';
import { decodeReview, type ReviewHeader, type ReviewVersion } from './decode.ts';
import { MemberWalk, skipSpace } from './json-members.ts';
import { podLabel } from './pod-label.ts';

const KEY_API_VERSION = Buffer.from('apiVersion');
const KEY_KIND = Buffer.from('kind');
const KEY_REQUEST = Buffer.from('request');
const KEY_UID = Buffer.from('uid');
const KEY_NAMESPACE = Buffer.from('namespace');
const KEY_OBJECT = Buffer.from('object');
const KEY_METADATA = Buffer.from('metadata');
const KEY_LABELS = Buffer.from('labels');
const ADMISSION_REVIEW = Buffer.from('"AdmissionReview"');
const VERSIONS = (['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const).map((version) => {
  return { version, text: Buffer.from(JSON.stringify(version)) };
});

/** Not known to be right until a worker has confirmed it (REVIEW_MISREAD). */
export class PeekedHeader implements ReviewHeader, PeekedReview {
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
  readonly namespace: string;
  readonly #body: Buffer;
  /** Where `request` begins. */
  readonly #requestAt: number;
  label: PeekedLabel | null = null;

  constructor(read: Pick<PeekedReview, 'apiVersion' | 'uid' | 'namespace'>, body: Buffer, requestAt: number) {
    this.apiVersion = read.apiVersion;
    this.uid = read.uid;
    this.namespace = read.namespace;
    this.#body = body;
    this.#requestAt = requestAt;
  }

  /** Reads no further than the label, and remembers it for the worker to confirm; of two members with one name it takes the first. */
  podLabel(name: Buffer): string | undefined {
    const value = peekLabel(this.#body, this.#requestAt, name) ?? podLabel(this.object(), name) ?? '';
    this.label = { name: name.toString(), value };
    return value === '' ? undefined : value;
  }

  /** Costs what the peek has saved. */
  object(): Buffer {
    const decoded = decodeReview(this.#body);
    return decoded.ok ? decoded.header.object() : Buffer.alloc(0);
  }
}

/** Null when it does not find everything before the object: then the review has to be decoded. */
export function peekReview(body: Buffer): PeekedHeader | null {
  const review = new MemberWalk(body, skipSpace(body, 0));
  let apiVersion: ReviewVersion | null = null;
  let isReview = false;
  while (review.next()) {
    if (review.isKey(KEY_API_VERSION)) {
      apiVersion = VERSIONS.find(({ text }) => review.skipIf(text))?.version ?? null;
      if (apiVersion === null) return null;
    } else if (review.isKey(KEY_KIND)) {
      isReview = review.skipIf(ADMISSION_REVIEW);
      if (!isReview) return null;
    } else if (review.isKey(KEY_REQUEST)) {
      return apiVersion === null || !isReview ? null : peekRequest(body, review.start, apiVersion);
    } else return null;
  }
  return null;
}

function peekRequest(body: Buffer, at: number, apiVersion: ReviewVersion): PeekedHeader | null {
  const request = new MemberWalk(body, at);
  let uid = '';
  while (request.next()) {
    if (request.isKey(KEY_UID)) uid = request.stringValue();
    else if (request.isKey(KEY_NAMESPACE)) {
      const namespace = request.stringValue();
      return request.odd || uid === '' ? null : new PeekedHeader({ apiVersion, uid, namespace }, body, at);
    } else if (request.isKey(KEY_OBJECT)) return null;
    else request.skip();
  }
  return null;
}

/** The label's value, '' where it is not there; null where this can not tell. */
function peekLabel(body: Buffer, requestAt: number, name: Buffer): string | null {
  const request = new MemberWalk(body, requestAt);
  if (!goTo(request, KEY_OBJECT)) return absent(request);
  const pod = new MemberWalk(body, request.start);
  if (!goTo(pod, KEY_METADATA)) return absent(pod);
  const metadata = new MemberWalk(body, pod.start);
  if (!goTo(metadata, KEY_LABELS)) return absent(metadata);
  const labels = new MemberWalk(body, metadata.start);
  if (!goTo(labels, name)) return absent(labels);
  const value = labels.stringValue();
  return labels.odd ? null : value;
}

function goTo(walk: MemberWalk, key: Buffer): boolean {
  while (walk.next()) {
    if (walk.isKey(key)) return true;
    walk.skip();
  }
  return false;
}

function absent(walk: MemberWalk): string | null {
  return walk.odd ? null : '';
}
