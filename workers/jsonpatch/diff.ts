import { ownMember } from '../merge/member.ts';
import type { JsonObject, JsonValue } from '../template/value.ts';
import { type Alignment, alignLists, isAlike, type Match } from './align.ts';
import { MAX_OPERATIONS } from './apply.ts';
import { MAX_JSON_DEPTH } from './deep-equal.ts';
import { type Operation, PatchError } from './operation.ts';
import { Place } from './pointer.ts';

/** A list whose changes take more operations than this is replaced: applying each costs a walk and a shift of the list. */
export const MAX_LIST_OPERATIONS = 1_000;

/**
 * A JSON Patch (add, remove and replace only) that makes `after` out of `before`; empty when they are the same. Values in it
 * are parts of `after`, not copies. Parts that are the same object in both are not looked into, so a pod that shares with its
 * original costs what was changed. Lists are aligned (align.ts): an inserted element is one `add`; a list of which little is
 * left is replaced, and so is the whole where it would take more than MAX_OPERATIONS. Time grows with the size of both, times the logarithm of the longest list. Throws PatchError PATCH_LIMIT
 * for values nested deeper than MAX_JSON_DEPTH.
 */
export function diff(before: JsonValue, after: JsonValue): Operation[] {
  const patch: Operation[] = [];
  diffValues(patch, Place.root(), before, after, 0);
  return patch.length > MAX_OPERATIONS ? [{ op: 'replace', path: '', value: after }] : patch;
}

function diffValues(patch: Operation[], place: Place, before: JsonValue, after: JsonValue, depth: number): void {
  if (before === after) return;
  if (typeof before === 'object' && typeof after === 'object' && before !== null && after !== null) {
    if (depth > MAX_JSON_DEPTH) throw new PatchError('PATCH_LIMIT', -1, `nested deeper than ${MAX_JSON_DEPTH} levels`);
    if (Array.isArray(before)) {
      if (Array.isArray(after)) {
        diffLists(patch, place, before, after, depth);
        return;
      }
    } else if (!Array.isArray(after)) {
      diffObjects(patch, place, before, after, depth);
      return;
    }
  }
  patch.push({ op: 'replace', path: place.text, value: after });
}

function diffObjects(patch: Operation[], place: Place, before: JsonObject, after: JsonObject, depth: number): void {
  for (const key in before) {
    const value = ownMember(after, key);
    if (value === undefined) {
      patch.push({ op: 'remove', path: place.child(key).text });
      continue;
    }
    const old = before[key] as JsonValue;
    if (old !== value) diffValues(patch, place.child(key), old, value, depth + 1);
  }
  for (const key in after) {
    if (ownMember(before, key) !== undefined) continue;
    patch.push({ op: 'add', path: place.child(key).text, value: after[key] as JsonValue });
  }
}

function diffLists(patch: Operation[], place: Place, before: JsonValue[], after: JsonValue[], depth: number): void {
  const alignment = alignLists(before, after);
  if (alignment === undefined || isNew(alignment, before, after)) {
    patch.push({ op: 'replace', path: place.text, value: after });
    return;
  }
  const start = patch.length;
  const list = new ListDiff(patch, place, before, after, depth);
  list.write(alignment);
  if (list.elementSteps > after.length || patch.length - start > MAX_LIST_OPERATIONS) {
    patch.length = start;
    patch.push({ op: 'replace', path: place.text, value: after });
  }
}

/** Whether nothing of the list is left, so that one step says it all. */
function isNew(
  { prefix, suffix, matches }: Alignment,
  before: readonly JsonValue[],
  after: readonly JsonValue[],
): boolean {
  if (prefix + suffix + matches.length > 0 || before.length + after.length === 0) return false;
  const shorter = Math.min(before.length, after.length);
  for (let i = 0; i < shorter; i++) {
    if (isAlike(before[i] as JsonValue, after[i] as JsonValue)) return false;
  }
  return true;
}

/** Writes the steps for one list from its end to its front, so that each index is still the one of `before`. */
class ListDiff {
  /** Elements added, removed and replaced as wholes. */
  elementSteps = 0;
  readonly #patch: Operation[];
  readonly #place: Place;
  readonly #before: readonly JsonValue[];
  readonly #after: readonly JsonValue[];
  readonly #depth: number;

  constructor(
    patch: Operation[],
    place: Place,
    before: readonly JsonValue[],
    after: readonly JsonValue[],
    depth: number,
  ) {
    this.#patch = patch;
    this.#place = place;
    this.#before = before;
    this.#after = after;
    this.#depth = depth;
  }

  write({ prefix, suffix, matches }: Alignment): void {
    let before = this.#before.length;
    let after = this.#after.length;
    for (let i = 0; i < suffix; i++) this.#change(--before, --after);
    for (let i = matches.length - 1; i >= 0; i--) {
      const match = matches[i] as Match;
      this.#writeGap(match.before + 1, before, match.after + 1, after);
      before = match.before;
      after = match.after;
      this.#change(before, after);
    }
    this.#writeGap(prefix, before, prefix, after);
    for (let i = prefix - 1; i >= 0; i--) this.#change(i, i);
  }

  /** Elements [before, beforeEnd) become [after, afterEnd); none of them has a match. */
  #writeGap(before: number, beforeEnd: number, after: number, afterEnd: number): void {
    const paired = Math.min(beforeEnd - before, afterEnd - after);
    for (let i = beforeEnd - 1; i >= before + paired; i--) {
      this.#step({ op: 'remove', path: this.#place.child(i).text });
    }
    const path = this.#place.child(before + paired).text;
    for (let i = afterEnd - 1; i >= after + paired; i--) {
      this.#step({ op: 'add', path, value: this.#after[i] as JsonValue });
    }
    for (let i = paired - 1; i >= 0; i--) {
      const value = this.#after[after + i] as JsonValue;
      if (isAlike(this.#before[before + i] as JsonValue, value)) this.#change(before + i, after + i);
      else this.#step({ op: 'replace', path: this.#place.child(before + i).text, value });
    }
  }

  #step(operation: Operation): void {
    this.#patch.push(operation);
    this.elementSteps++;
  }

  #change(before: number, after: number): void {
    const old = this.#before[before] as JsonValue;
    const value = this.#after[after] as JsonValue;
    if (old !== value) diffValues(this.#patch, this.#place.child(before), old, value, this.#depth + 1);
  }
}
