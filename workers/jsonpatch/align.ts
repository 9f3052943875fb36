/**
 * Which elements of two lists are the same one, so that an inserted element shows as one. Elements match by what names them in
 * Kubernetes' lists (`name`, `containerPort`, …), others by their whole value. Common ends are taken off first, which settles
 * nearly all lists that injection changes; the longest run of matches that keeps its order decides about the rest, in
 * n log n.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { deepEqual } from './deep-equal.ts';

/** Lists that are longer than this, once the common ends are off, are not aligned: they are replaced. */
export const MAX_ALIGNED_ELEMENTS = 100_000;

/** How deep an element without a name is looked into to find its like. */
const FINGERPRINT_DEPTH = 4;

/** A position in both lists. */
export interface Match {
  readonly before: number;
  readonly after: number;
}

export interface Alignment {
  /** Elements at the front, and at the end, that match pairwise. */
  readonly prefix: number;
  readonly suffix: number;
  /** Matches between them, ascending in both lists. */
  readonly matches: readonly Match[];
}

const NO_MATCHES: readonly Match[] = [];

/** Returns undefined for lists that are too long to align. */
export function alignLists(before: readonly JsonValue[], after: readonly JsonValue[]): Alignment | undefined {
  const shorter = Math.min(before.length, after.length);
  let prefix = 0;
  while (prefix < shorter && sameElement(before[prefix] as JsonValue, after[prefix] as JsonValue)) prefix++;
  let suffix = 0;
  while (
    suffix < shorter - prefix &&
    sameElement(before[before.length - 1 - suffix] as JsonValue, after[after.length - 1 - suffix] as JsonValue)
  ) {
    suffix++;
  }
  if (prefix + suffix === shorter) return { prefix, suffix, matches: NO_MATCHES };
  if (before.length + after.length - 2 * (prefix + suffix) > MAX_ALIGNED_ELEMENTS) return undefined;
  return { prefix, suffix, matches: matchMiddle(before, after, prefix, suffix) };
}

/** Whether two elements bear one name; those without a name match when they are equal. */
function sameElement(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  const name = nameOf(a);
  return name === nameOf(b) && (name !== undefined || deepEqual(a, b));
}

/**
 * Whether an element that has no match is better changed into one that has none either than replaced by it: neither has a
 * name that says otherwise.
 */
export function isAlike(a: JsonValue, b: JsonValue): boolean {
  if (Array.isArray(a)) return Array.isArray(b);
  return isObject(a) && isObject(b) && nameOf(a) === undefined && nameOf(b) === undefined;
}

/**
 * What tells an element from the others of its list. A volume mount has a `name` too, but it is the volume's; so the more
 * telling member counts. (None of these is a member of Object.prototype.)
 */
function nameOf(element: JsonValue): string | number | undefined {
  if (!isObject(element)) return undefined;
  const { mountPath, containerPort, devicePath, name } = element;
  if (typeof mountPath === 'string') return mountPath;
  if (typeof containerPort === 'number') return containerPort;
  if (typeof devicePath === 'string') return devicePath;
  if (typeof name === 'string') return name;
  const { ip, uid, key, type } = element;
  if (typeof ip === 'string') return ip;
  if (typeof uid === 'string') return uid;
  if (typeof key === 'string') return key;
  return typeof type === 'string' ? type : undefined;
}

/**
 * A key that equal elements share, and elements with one name. Others may share one too: a match only says which two elements
 * are compared with each other.
 */
function fingerprint(value: JsonValue, depth: number): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth === FINGERPRINT_DEPTH) return '…';
  if (Array.isArray(value)) return `[${value.map((element) => fingerprint(element, depth + 1)).join(',')}`;
  const name = depth === 0 ? nameOf(value) : undefined;
  if (name !== undefined) return String(name);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${key}:${fingerprint(value[key] as JsonValue, depth + 1)}`).join(',')}`;
}

function matchMiddle(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  prefix: number,
  suffix: number,
): readonly Match[] {
  // Positions in `before` by key, linked through `next`: the first that is not matched yet comes first.
  const first = new Map<string, number>();
  const next = new Int32Array(before.length);
  for (let i = before.length - suffix - 1; i >= prefix; i--) {
    const key = fingerprint(before[i] as JsonValue, 0);
    next[i] = first.get(key) ?? -1;
    first.set(key, i);
  }
  const candidates: Match[] = [];
  for (let i = prefix; i < after.length - suffix; i++) {
    const key = fingerprint(after[i] as JsonValue, 0);
    const at = first.get(key) ?? -1;
    if (at < 0) continue;
    first.set(key, next[at] as number);
    candidates.push({ before: at, after: i });
  }
  return longestAscending(candidates);
}

/** The longest part of the list whose `before` ascends (its `after` does already). */
function longestAscending(candidates: readonly Match[]): readonly Match[] {
  // Per length: the candidate that ends the best row of that length; and for each candidate the one before it in its row.
  const ends = new Int32Array(candidates.length);
  const previous = new Int32Array(candidates.length);
  let length = 0;
  for (let i = 0; i < candidates.length; i++) {
    const value = (candidates[i] as Match).before;
    const end = (row: number): number => (candidates[ends[row] as number] as Match).before;
    let low = length > 0 && end(length - 1) < value ? length : 0;
    let high = length;
    while (low < high) {
      const probe = (low + high) >> 1;
      if (end(probe) < value) low = probe + 1;
      else high = probe;
    }
    previous[i] = low > 0 ? (ends[low - 1] as number) : -1;
    ends[low] = i;
    if (low === length) length++;
  }
  const out: Match[] = [];
  for (let i = length > 0 ? (ends[length - 1] as number) : -1; i >= 0; i = previous[i] as number) {
    out.push(candidates[i] as Match);
  }
  return out.reverse();
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
