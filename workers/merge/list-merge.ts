/** Merging of two lists whose field has the patch strategy `merge`: by key for objects, as sets for scalars. */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { KeyIndex, type MergeKey } from './key-index.ts';
import { arrange } from './list-arrange.ts';
import { isObject, ownMember, type ValueKind, valueKind } from './member.ts';
import type { MergeRun } from './merge-run.ts';
import type { MergeField, MergeType } from './merge-schema.ts';

/** Merges two objects of a type; given as an argument because objects hold lists and lists hold objects. */
export type MergeObject = (run: MergeRun, original: JsonObject, patch: JsonObject, type: MergeType) => JsonObject;

/** Returns the merged list; the original itself when the patch changes nothing. */
export function mergeLists(
  run: MergeRun,
  original: JsonValue[],
  patch: readonly JsonValue[],
  field: MergeField,
  element: MergeType,
  mergeObject: MergeObject,
): JsonValue[] {
  if (original.length === 0 && patch.length === 0) return original;
  if (elementKind(run, original, patch) === 'map') {
    return mergeObjectLists(run, original as JsonObject[], patch as JsonObject[], field.mergeKey, element, mergeObject);
  }
  if (field.mergeKey !== '')
    run.fail('MERGE_LIST_ELEMENTS', 'the elements of a list that merges by key must be objects');
  const merged = [...new Set([...original, ...patch])];
  const row = { values: merged, keys: merged };
  const order = new KeyIndex(scalarsAfterMerge(original, patch));
  return unlessEqual(original, arrange(run, row, new KeyIndex(patch), order));
}

/** `$deleteFromPrimitiveList`: scalars are taken out; a list of objects merges as if the prefix were not there. */
export function deleteFromList(
  run: MergeRun,
  original: JsonValue[],
  patch: readonly JsonValue[],
  field: MergeField,
  element: MergeType,
  mergeObject: MergeObject,
): JsonValue[] {
  if (original.length === 0 && patch.length === 0) return original;
  if (elementKind(run, original, patch) === 'map') return mergeLists(run, original, patch, field, element, mergeObject);
  const gone = new Set(patch);
  return unlessEqual(
    original,
    original.filter((value) => !gone.has(value)),
  );
}

/** The type that all elements of both lists have. At least one of the lists has an element. */
export function elementKind(run: MergeRun, original: readonly JsonValue[], patch: readonly JsonValue[]): ValueKind {
  const first = (original.length > 0 ? original[0] : patch[0]) as JsonValue;
  const kind = valueKind(first);
  if (kind === 'null' || kind === 'list') run.fail('MERGE_LIST_ELEMENTS', `a merging list can not hold a ${kind}`);
  for (const list of [original, patch]) {
    for (const value of list) {
      if (valueKind(value) !== kind) run.fail('MERGE_LIST_ELEMENTS', 'the elements differ in type');
    }
  }
  return kind;
}

/** The merge key of each element; MERGE_KEY_MISSING where it has none. */
export function readKeys(run: MergeRun, list: readonly JsonValue[], mergeKey: string): MergeKey[] {
  return list.map((value) => {
    const key = isObject(value) ? ownMember(value, mergeKey) : undefined;
    if (key === undefined) run.fail('MERGE_KEY_MISSING', `an element has no merge key ${JSON.stringify(mergeKey)}`);
    return key;
  });
}

function mergeObjectLists(
  run: MergeRun,
  original: JsonObject[],
  patch: readonly JsonObject[],
  mergeKey: string,
  element: MergeType,
  mergeObject: MergeObject,
): JsonObject[] {
  if (mergeKey === '') run.fail('MERGE_KEY_MISSING', 'a list of objects without a merge key can not be merged');
  const { kept, replaces, deleted } = readDirectives(run, patch, mergeKey);
  const remaining = withoutKeys(run, original, deleted, mergeKey);
  const server = replaces ? kept : remaining;
  const serverKeys = readKeys(run, server, mergeKey);
  const serverOrder = new KeyIndex(serverKeys);
  if (replaces)
    return arrange(run, { values: server, keys: serverKeys }, new KeyIndex([]), serverOrder) as JsonObject[];

  const patchKeys = readKeys(run, kept, mergeKey);
  const patchOrder = new KeyIndex(patchKeys);
  const values = server.slice();
  const keys = serverKeys.slice();
  const appendedAt: number[] = [];
  for (let i = 0; i < kept.length; i++) {
    const addition = kept[i] as JsonObject;
    const key = patchKeys[i];
    let at = serverOrder.find(run, key);
    if (at < 0) {
      const twin = patchOrder.find(run, key);
      if (twin < i && twin >= 0) at = appendedAt[twin] as number;
    }
    if (at >= 0) {
      // A null key says "delete the key", and an element without its key can not be merged.
      if (key === null) run.fail('MERGE_KEY_MISSING', `the merge key ${JSON.stringify(mergeKey)} is null`);
      run.enter(at);
      values[at] = mergeObject(run, values[at] as JsonObject, addition, element);
      run.leave();
    } else {
      at = values.length;
      values.push(addition);
      keys.push(key);
    }
    appendedAt.push(at);
  }
  return unlessEqual(original, arrange(run, { values, keys }, patchOrder, serverOrder) as JsonObject[]);
}

interface Directives {
  /** The patch's elements that carry no `$patch`. */
  readonly kept: readonly JsonObject[];
  readonly replaces: boolean;
  readonly deleted: readonly MergeKey[];
}

/** Elements with `$patch`: `delete` names one by its key, `replace` says that the rest of the patch replaces the list. */
export function readDirectives(run: MergeRun, patch: readonly JsonObject[], mergeKey: string): Directives {
  if (!patch.some((value) => Object.hasOwn(value, '$patch'))) return { kept: patch, replaces: false, deleted: [] };
  const kept: JsonObject[] = [];
  const deleted: MergeKey[] = [];
  let replaces = false;
  for (const value of patch) {
    const directive = ownMember(value, '$patch');
    if (directive === undefined) kept.push(value);
    else if (directive === 'replace') replaces = true;
    else if (directive !== 'delete') run.fail('MERGE_DIRECTIVE', `$patch can be delete or replace in a list`);
    else deleted.push(...readKeys(run, [value], mergeKey));
  }
  return { kept, replaces, deleted };
}

function withoutKeys(
  run: MergeRun,
  original: readonly JsonObject[],
  deleted: readonly MergeKey[],
  mergeKey: string,
): readonly JsonObject[] {
  if (deleted.length === 0) return original;
  const keys = original.map((value) => ownMember(value, mergeKey));
  const index = new KeyIndex(keys);
  for (const key of deleted) index.find(run, key); // composite keys that meet are an error
  const gone = new Set(deleted);
  return original.filter((_, i) => keys[i] === undefined || !gone.has(keys[i]));
}

function unlessEqual<T>(original: T[], merged: T[]): T[] {
  return merged.length === original.length && merged.every((value, i) => value === original[i]) ? original : merged;
}

/**
 * Up to this many elements Go doubles the room of a list that grows. Beyond, the room is whatever its allocator has, and
 * lists with doubles keep their own order here.
 */
const ROOM_LIMIT = 32;

/**
 * The object's list of scalars as upstream finds it after the merge, when it asks it for the order. Upstream appends the
 * patch to the list it decoded and then removes doubles by moving the last element into their place. If the decoded list has
 * room to spare, that happens in the list itself, so a list with doubles comes out in another order. Lists without doubles,
 * which is all of them in practice, stay as they are.
 */
export function scalarsAfterMerge(original: readonly JsonValue[], patch: readonly JsonValue[]): readonly JsonValue[] {
  if (new Set(original).size === original.length) return original;
  const total = original.length + patch.length;
  const room = 2 ** Math.ceil(Math.log2(original.length));
  if (total > room || room > ROOM_LIMIT) return original;
  const both = [...original, ...patch];
  let end = total;
  for (let i = 0; i < end - 1; i++) {
    for (let j = i + 1; j < end; j++) {
      if (both[i] === both[j]) {
        both[j] = both[end - 1] as JsonValue;
        end--;
        j--;
      }
    }
  }
  return both.slice(0, original.length);
}
