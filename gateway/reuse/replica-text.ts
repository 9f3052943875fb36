/**
 * The text of a review as that of any replica: what stands between the places where the pods of one workload differ. The places are
 * the request's uid, the pod's name, and the name of its token volume; all of them whole JSON strings or the end of one.
 */
import { type ReuseQuestion, TOKEN_VOLUME_PREFIX } from '../../workers/inject/reuse.ts';
import { MemberWalk, skipSpace } from '../admission/json-members.ts';

export type PlaceKind = 'uid' | 'name' | 'token';

/** What one review has in the places. */
export interface ReplicaNames {
  readonly uid: string;
  /** '' where the pod has no name yet. */
  readonly name: string;
  /** What follows TOKEN_VOLUME_PREFIX; '' where there is no token volume. */
  readonly token: string;
}

interface Place {
  readonly kind: PlaceKind;
  readonly start: number;
  readonly end: number;
}

/** Longest name in a place: a DNS subdomain. */
const MAX_NAME = 253;
/** More places than this are no pod's. */
const MAX_PLACES = 256;
/** Names without anything that JSON would write in another way. */
const PLAIN_NAME = /^[A-Za-z0-9._-]+$/;
const TOKEN = /^[a-z0-9]{5}$/;
const TOKEN_LENGTH = 5;

const QUOTE = 34;
const OPEN_BRACE = 123;
const PREFIX = Buffer.from(TOKEN_VOLUME_PREFIX);
/** Without the quote before it: a search looks for the first byte, and there are fewer of these. */
const GENERATE_NAME = Buffer.from('generateName":"');

/** FNV-1a in 32 bits. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const KEY_REQUEST = Buffer.from('request');
const KEY_UID = Buffer.from('uid');
const KEY_NAME = Buffer.from('name');
const KEY_OBJECT = Buffer.from('object');
const KEY_METADATA = Buffer.from('metadata');

/**
 * What the text says to be the prefix of generated names, for telling workloads apart quickly; null where there is none. It may stand
 * anywhere, so nothing but a guess follows from it.
 */
export function workloadHint(body: Buffer): string | null {
  const start = hintStart(body);
  if (start < 0) return null;
  const end = body.indexOf(QUOTE, start);
  return end < 0 || end - start > MAX_NAME ? null : body.toString('latin1', start, end);
}

/** A hash of the hint; -1 where there is none. */
export function workloadHash(body: Buffer): number {
  const start = hintStart(body);
  if (start < 0) return -1;
  let hash = FNV_OFFSET;
  for (let at = start; at - start <= MAX_NAME; at++) {
    const byte = body[at];
    if (byte === undefined) return -1;
    if (byte === QUOTE) return hash >>> 0;
    hash = Math.imul(hash ^ byte, FNV_PRIME);
  }
  return -1;
}

function hintStart(body: Buffer): number {
  const at = body.indexOf(GENERATE_NAME);
  return at < 0 ? -1 : at + GENERATE_NAME.length;
}

export class ReplicaText {
  readonly names: ReplicaNames;
  readonly #text: Buffer;
  readonly #places: readonly Place[];

  private constructor(names: ReplicaNames, text: Buffer, places: readonly Place[]) {
    this.names = names;
    this.#text = text;
    this.#places = places;
  }

  /** Takes a review apart; null where it is not the usual one (escapes in names, members that stand twice, several token volumes). */
  static of(review: Buffer): ReplicaText | null {
    const places = namePlaces(review);
    if (places === null || !addTokenPlaces(review, places)) return null;
    places.sort((a, b) => a.start - b.start);
    const names = { uid: '', name: '', token: '' };
    for (const { kind, start, end } of places) {
      if (!fits(names, kind, review.toString('latin1', start, end))) return null;
    }
    // The request's own buffer is larger, and is to go with the request; and so is what Node cuts small buffers of, for as long as one is kept.
    const text = Buffer.allocUnsafeSlow(review.length);
    review.copy(text);
    return new ReplicaText(names, text, places.slice());
  }

  /** Of the review, in bytes. */
  get length(): number {
    return this.#text.length;
  }

  /** What to ask the worker about it. */
  get question(): ReuseQuestion {
    const { name, token } = this.names;
    return { name, tokenVolume: token === '' ? '' : TOKEN_VOLUME_PREFIX + token };
  }

  /** The names of another review; null when it differs in anything else. */
  match(review: Buffer): ReplicaNames | null {
    const names = { uid: '', name: '', token: '' };
    const text = this.#text;
    /** Where the piece before the next place begins, in the review and in the text. */
    let at = 0;
    let from = 0;
    for (const { kind, start, end } of this.#places) {
      const open = at + start - from;
      if (open > review.length || review.compare(text, from, start, at, open) !== 0) return null;
      const close = review.indexOf(QUOTE, open);
      if (close < 0 || close - open > MAX_NAME) return null;
      if (!fits(names, kind, review.toString('latin1', open, close))) return null;
      at = close;
      from = end;
    }
    return review.length - at === text.length - from && review.compare(text, from, text.length, at) === 0
      ? names
      : null;
  }
}

/** Notes the name of a place; false when it is none, or not the one that stood in an earlier place of the kind. */
function fits(names: { -readonly [K in keyof ReplicaNames]: string }, kind: PlaceKind, name: string): boolean {
  if (!(kind === 'token' ? TOKEN : PLAIN_NAME).test(name)) return false;
  if (names[kind] === '') names[kind] = name;
  return names[kind] === name;
}

/** The places of uid and name. */
function namePlaces(review: Buffer): Place[] | null {
  const places: Place[] = [];
  const seen = new Set<string>();
  const add = (where: string, kind: PlaceKind, walk: MemberWalk): boolean => {
    const value = walk.stringValue();
    if (walk.odd || seen.has(where)) return false;
    seen.add(where);
    if (value !== '') places.push({ kind, start: walk.start + 1, end: walk.end - 1 });
    return true;
  };
  const outer = new MemberWalk(review, skipSpace(review, 0));
  while (outer.next()) {
    if (!outer.isKey(KEY_REQUEST) || review[outer.start] !== OPEN_BRACE) {
      outer.skip();
      continue;
    }
    const request = new MemberWalk(review, outer.start);
    while (request.next()) {
      if (request.isKey(KEY_UID)) {
        if (!add('uid', 'uid', request)) return null;
      } else if (request.isKey(KEY_NAME)) {
        if (!add('request.name', 'name', request)) return null;
      } else if (request.isKey(KEY_OBJECT) && review[request.start] === OPEN_BRACE) {
        if (!podName(review, request, add)) return null;
      } else request.skip();
    }
    if (request.odd) return null;
    outer.end = request.end;
  }
  return outer.odd || !seen.has('uid') ? null : places;
}

function podName(
  review: Buffer,
  request: MemberWalk,
  add: (where: string, kind: PlaceKind, walk: MemberWalk) => boolean,
): boolean {
  const pod = new MemberWalk(review, request.start);
  let found = false;
  while (pod.next()) {
    if (!pod.isKey(KEY_METADATA) || review[pod.start] !== OPEN_BRACE) {
      pod.skip();
      continue;
    }
    if (found) return false;
    found = true;
    const metadata = new MemberWalk(review, pod.start);
    while (metadata.next()) {
      if (!metadata.isKey(KEY_NAME)) metadata.skip();
      else if (!add('metadata.name', 'name', metadata)) return false;
    }
    if (metadata.odd) return false;
    pod.end = metadata.end;
  }
  request.end = pod.end;
  return found && !pod.odd;
}

/** The places of the token volume's suffix; false when there are too many of them, or one does not end a string. */
function addTokenPlaces(review: Buffer, places: Place[]): boolean {
  for (let at = review.indexOf(PREFIX); at >= 0; at = review.indexOf(PREFIX, at + PREFIX.length)) {
    const start = at + PREFIX.length;
    const end = start + TOKEN_LENGTH;
    if (review[end] !== QUOTE || places.length >= MAX_PLACES) return false;
    places.push({ kind: 'token', start, end });
  }
  return true;
}
