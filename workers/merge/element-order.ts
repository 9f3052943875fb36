/** `$setElementOrder/MEMBER`: the order that a list is to have, given as a list of keys (objects) or of scalars. */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { KeyIndex, type MergeKey } from './key-index.ts';
import { arrange } from './list-arrange.ts';
import {
  elementKind,
  type MergeObject,
  mergeLists,
  readDirectives,
  readKeys,
  scalarsAfterMerge,
} from './list-merge.ts';
import { isObject, ownMember } from './member.ts';
import type { MergeRun } from './merge-run.ts';
import { lookupField, type MergeField, type MergeType } from './merge-schema.ts';
import { takeList } from './patch-value.ts';

export const ORDER_PREFIX = '$setElementOrder';

export interface OrderedList {
  readonly member: string;
  /** What the list becomes; undefined when neither the object nor the patch has it. */
  readonly list: JsonValue[] | undefined;
}

/**
 * Merges the list that a `$setElementOrder` member speaks of and puts it in order: that of the directive first, the object's
 * for the rest. The patch's own list counts as used up then.
 */
export function mergeInOrder(
  run: MergeRun,
  original: JsonObject,
  patch: JsonObject,
  directive: string,
  type: MergeType,
  mergeObject: MergeObject,
): OrderedList {
  const order = patch[directive];
  if (!Array.isArray(order)) run.fail('MERGE_ELEMENT_ORDER', `${ORDER_PREFIX} must be a list`);
  if (!directive.startsWith(`${ORDER_PREFIX}/`)) run.fail('MERGE_ELEMENT_ORDER', `${ORDER_PREFIX} names no member`);
  const member = directive.slice(ORDER_PREFIX.length + 1);
  const originalList = readList(run, original, member);
  const patchList = readList(run, patch, member);
  const field = lookupField(type, member);
  const element = field?.element;
  if (field === undefined || element === undefined) {
    run.fail('MERGE_UNKNOWN_FIELD', `${type.name} has no list ${JSON.stringify(member)}`);
  }
  checkOrder(run, patchList ?? [], order, field.mergeKey);
  if (originalList === undefined && patchList === undefined) return { member, list: undefined };

  const merged = mergeForOrder(run, originalList, patchList, field, element, mergeObject);
  if ((originalList ?? []).length === 0 && (patchList ?? []).length === 0) {
    run.fail('MERGE_LIST_ELEMENTS', `${ORDER_PREFIX} for a list without elements`);
  }
  const kind = elementKind(run, originalList ?? [], patchList ?? []);
  const server = originalList ?? [];
  if (field.mergeKey !== '') {
    const orderKeys = readKeys(run, order, field.mergeKey);
    const mergedKeys = readKeys(run, merged, field.mergeKey);
    const merging = originalList !== undefined && patchList !== undefined && field.strategy === 'merge';
    const serverKeys = keysAfterMerge(run, server, merging ? (patchList as JsonObject[]) : [], field.mergeKey);
    const row = { values: merged, keys: mergedKeys };
    return { member, list: arrange(run, row, new KeyIndex(orderKeys), new KeyIndex(serverKeys)) };
  }
  if (merged.some(isComposite) || order.some(isComposite)) {
    run.fail('MERGE_KEY_TYPE', 'the elements of a list without a merge key must be scalars to be put in order');
  }
  if (kind === 'map') {
    // Nothing is left to put in order, but upstream still looks for the key that there is none of.
    readKeys(run, [...order, ...server], '');
  }
  const serverOrder = field.strategy === 'merge' && patchList ? scalarsAfterMerge(server, patchList) : server;
  const row = { values: merged, keys: merged };
  return { member, list: arrange(run, row, new KeyIndex(order), new KeyIndex(serverOrder)) };
}

function readList(run: MergeRun, object: JsonObject, member: string): JsonValue[] | undefined {
  const value = ownMember(object, member);
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) run.fail('MERGE_ELEMENT_ORDER', `${ORDER_PREFIX} for a member that is not a list`);
  return value;
}

function mergeForOrder(
  run: MergeRun,
  original: JsonValue[] | undefined,
  patch: JsonValue[] | undefined,
  field: MergeField,
  element: MergeType,
  mergeObject: MergeObject,
): JsonValue[] {
  if (patch === undefined) return original ?? [];
  if (original === undefined) return takeList(run, patch, 'keep');
  if (field.strategy !== 'merge') return patch;
  run.enter(field.jsonName);
  const merged = mergeLists(run, original, patch, field, element, mergeObject);
  run.leave();
  return merged;
}

/** The patch's elements must appear in the directive's list, in the same relative order; those that delete do not count. */
function checkOrder(run: MergeRun, patch: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  if (mergeKey !== '' && !patch.every(isObject)) {
    run.fail('MERGE_LIST_ELEMENTS', 'the elements of a list that merges by key must be objects');
  }
  const elements =
    mergeKey === '' ? patch : patch.filter((value) => ownMember(value as JsonObject, '$patch') !== 'delete');
  let inPatch = 0;
  let inOrder = 0;
  while (inPatch < elements.length && inOrder < order.length) {
    const value = elements[inPatch] as JsonValue;
    if (isObject(value) && Object.hasOwn(value, '$patch')) {
      inPatch++;
      continue;
    }
    if (sameKey(run, value, order[inOrder] as JsonValue, mergeKey)) inPatch++;
    inOrder++;
  }
  if (inPatch < elements.length) run.fail('MERGE_ELEMENT_ORDER', `the patch's elements do not follow ${ORDER_PREFIX}`);
}

function sameKey(run: MergeRun, left: JsonValue, right: JsonValue, mergeKey: string): boolean {
  const keys = mergeKey === '' ? [left, right] : readKeys(run, [left, right], mergeKey);
  return new KeyIndex([keys[1]]).find(run, keys[0]) === 0;
}

function isComposite(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null;
}

/**
 * The keys of the object's list as upstream finds them after the merge, when it asks them for the order. Deleted elements
 * leave the list by shifting the rest to the left in place, which leaves stale ones at its end; new elements are written over
 * those. So a new element may have a place in the "old" order.
 */
function keysAfterMerge(
  run: MergeRun,
  original: readonly JsonValue[],
  patch: readonly JsonObject[],
  mergeKey: string,
): readonly MergeKey[] {
  const keys = readKeys(run, original, mergeKey);
  const { kept, replaces, deleted } = readDirectives(run, patch, mergeKey);
  if (deleted.length === 0) return keys;
  const { survivors, stale } = shiftOut(keys, deleted);
  if (replaces) return [...survivors, ...stale];
  const present = new Set(survivors);
  const added = readKeys(run, kept, mergeKey).filter((key) => !present.has(key) && present.add(key));
  return [...survivors, ...added, ...stale.slice(added.length)].slice(0, keys.length);
}

/** Each deletion shifts the rest left by one and so leaves a second copy of the then last element behind. */
function shiftOut(
  keys: readonly MergeKey[],
  deleted: readonly MergeKey[],
): { readonly survivors: MergeKey[]; readonly stale: MergeKey[] } {
  const positions = new Map<MergeKey, number[]>();
  for (const key of deleted) positions.set(key, []);
  keys.forEach((key, at) => {
    positions.get(key)?.push(at);
  });
  const alive = keys.map(() => true);
  const stale: MergeKey[] = [];
  let last = keys.length - 1;
  for (const at of [...positions.values()].flat()) {
    stale.push(keys[last]);
    alive[at] = false;
    while (last >= 0 && alive[last] !== true) last--;
  }
  return { survivors: keys.filter((_, at) => alive[at]), stale: stale.reverse() };
}
