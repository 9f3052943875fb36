/**
 * Strategic merge patch, as k8s.io/apimachinery v0.35.4 applies it to a v1.Pod (`strategicpatch.StrategicMergePatch`).
 *
 * Objects merge member by member, null deletes, other values replace. Lists replace, unless the schema gives their field the
 * strategy `merge`: lists of objects then merge element by element by the merge key, lists of scalars as sets. Directives in
 * the patch steer that:
 *
 *   `$patch: replace | delete`        in an object: takes its place, or empties it; in an element of a merging list: see
 *                                     list-merge.ts
 *   `$retainKeys: [member…]`          drops the object's other members first
 *   `$setElementOrder/MEMBER: […]`    the order of a merging list: see element-order.ts
 *   `$deleteFromPrimitiveList/MEMBER` takes scalars out of a list
 *
 * Upstream walks a patch's members in random order, which matters only when `$deleteFromPrimitiveList/x` stands beside `x`:
 * here `x` always merges first, which is also what a patch that kubectl computes relies on.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { mergeInOrder, ORDER_PREFIX } from './element-order.ts';
import { deleteFromList, mergeLists } from './list-merge.ts';
import { isObject, ownMember, setMember, valueKind } from './member.ts';
import { MergeRun } from './merge-run.ts';
import { lookupField, type MergeField, type MergeType, POD_MERGE_TYPE } from './merge-schema.ts';
import { DROPPED, takeValue } from './patch-value.ts';

const DELETE_PREFIX = '$deleteFromPrimitiveList';
const DOLLAR = 36;

/**
 * The object with the patch merged into it. Neither argument is changed; the result shares what it can with both, so treat
 * all three as frozen. An empty patch returns the object itself. Throws MergeError (codes: merge-error.ts) where upstream
 * answers with an error or panics, and for input nested deeper than MAX_MERGE_DEPTH.
 */
export function strategicMergePatch(
  original: JsonObject,
  patch: JsonObject,
  type: MergeType = POD_MERGE_TYPE,
): JsonObject {
  return mergeObjects(new MergeRun(), original, patch, type);
}

function mergeObjects(run: MergeRun, original: JsonObject, patch: JsonObject, type: MergeType): JsonObject {
  if (ownMember(patch, '$patch') !== undefined) return replaceObject(run, patch);
  const draft = new Draft(original);
  const keys = Object.keys(patch);
  let members = keys;
  let deletions: string[] | undefined;
  if (keys.some((key) => key.charCodeAt(0) === DOLLAR)) {
    retainKeys(run, draft, patch);
    members = [];
    const ordered = mergeOrderedLists(run, draft, patch, keys, type);
    for (const key of keys) {
      if (key === '$retainKeys' || key.startsWith(ORDER_PREFIX) || ordered.has(key)) continue;
      if (key.startsWith(DELETE_PREFIX)) {
        deletions ??= [];
        deletions.push(key);
      } else members.push(key);
    }
  }
  for (const key of members) mergeMember(run, draft, key, patch[key] as JsonValue, type);
  if (deletions !== undefined) {
    for (const key of deletions) deleteScalars(run, draft, key, patch[key] as JsonValue, type);
  }
  return draft.object;
}

/** An object that is copied at the first change. */
class Draft {
  object: JsonObject;
  #copied = false;
  constructor(object: JsonObject) {
    this.object = object;
  }
  get(key: string): JsonValue | undefined {
    return ownMember(this.object, key);
  }
  set(key: string, value: JsonValue): void {
    if (ownMember(this.object, key) === value) return;
    setMember(this.#writable(), key, value);
  }
  delete(key: string): void {
    if (Object.hasOwn(this.object, key)) delete this.#writable()[key];
  }
  /** Spread defines own members, `__proto__` among them, and never sets a prototype. */
  #writable(): JsonObject {
    if (!this.#copied) {
      this.object = { ...this.object };
      this.#copied = true;
    }
    return this.object;
  }
}

function replaceObject(run: MergeRun, patch: JsonObject): JsonObject {
  if (patch.$patch === 'delete') return {};
  if (patch.$patch !== 'replace') run.fail('MERGE_DIRECTIVE', '$patch can be replace or delete in an object');
  const { $patch: _, ...rest } = patch;
  return rest;
}

function retainKeys(run: MergeRun, draft: Draft, patch: JsonObject): void {
  const list = ownMember(patch, '$retainKeys');
  if (list === undefined) return;
  if (!Array.isArray(list)) run.fail('MERGE_RETAIN_KEYS', '$retainKeys must be a list');
  if (list.some((key) => typeof key === 'object' && key !== null)) {
    run.fail('MERGE_RETAIN_KEYS', '$retainKeys must be a list of scalars');
  }
  const retained = new Set<JsonValue>(list);
  for (const key of Object.keys(patch)) {
    if (key === '$retainKeys' || patch[key] === null || retained.has(key)) continue;
    if (key.startsWith(DELETE_PREFIX) || key.startsWith(ORDER_PREFIX)) continue;
    run.fail('MERGE_RETAIN_KEYS', `$retainKeys leaves out ${JSON.stringify(key)}, which the patch sets`);
  }
  for (const key of Object.keys(draft.object)) {
    if (!retained.has(key)) draft.delete(key);
  }
}

/** Returns the names of the lists that are done with. */
function mergeOrderedLists(
  run: MergeRun,
  draft: Draft,
  patch: JsonObject,
  keys: readonly string[],
  type: MergeType,
): ReadonlySet<string> {
  const done = new Set<string>();
  for (const key of keys) {
    if (!key.startsWith(ORDER_PREFIX)) continue;
    const { member, list } = mergeInOrder(run, draft.object, patch, key, type, mergeObjects);
    if (list === undefined) continue;
    draft.set(member, list);
    done.add(member);
  }
  return done;
}

function mergeMember(run: MergeRun, draft: Draft, key: string, value: JsonValue, type: MergeType): void {
  if (value === null) {
    draft.delete(key);
    return;
  }
  const current = draft.get(key);
  if (typeof value !== 'object') {
    draft.set(key, value);
    return;
  }
  run.enter(key);
  if (Array.isArray(value)) {
    if (Array.isArray(current)) {
      const { field, element } = listField(run, type, key);
      draft.set(
        key,
        field.strategy === 'merge' ? mergeLists(run, current, value, field, element, mergeObjects) : value,
      );
    } else takeMember(run, draft, key, value);
  } else if (isObject(current)) {
    const field = objectField(run, type, key);
    draft.set(key, field.strategy === 'replace' ? value : mergeObjects(run, current, value, field.object));
  } else takeMember(run, draft, key, value);
  run.leave();
}

function takeMember(run: MergeRun, draft: Draft, key: string, value: JsonValue): void {
  const taken = takeValue(run, value, 'drop');
  if (taken === DROPPED) draft.delete(key);
  else draft.set(key, taken);
}

function objectField(run: MergeRun, type: MergeType, key: string): MergeField {
  return lookupField(type, key) ?? run.fail('MERGE_UNKNOWN_FIELD', `${type.name} has no field of that name`);
}

function listField(run: MergeRun, type: MergeType, key: string): { field: MergeField; element: MergeType } {
  const field = objectField(run, type, key);
  const element = field.element ?? run.fail('MERGE_UNKNOWN_FIELD', `the field is not a list in ${type.name}`);
  return { field, element };
}

/**
 * Meant for lists of scalars; beside a member of another type upstream takes the value as if the prefix were not there, but
 * never adds a member.
 */
function deleteScalars(run: MergeRun, draft: Draft, directive: string, value: JsonValue, type: MergeType): void {
  if (!directive.startsWith(`${DELETE_PREFIX}/`)) run.fail('MERGE_DELETE_LIST', `${DELETE_PREFIX} names no member`);
  const key = directive.slice(DELETE_PREFIX.length + 1) || directive;
  if (value === null) {
    draft.delete(key);
    return;
  }
  const current = draft.get(key);
  if (current === undefined || valueKind(current) !== valueKind(value)) return;
  run.enter(key);
  if (Array.isArray(current) && Array.isArray(value)) {
    const { field, element } = listField(run, type, key);
    draft.set(key, deleteFromList(run, current, value, field, element, mergeObjects));
  } else if (isObject(current) && isObject(value)) {
    const field = objectField(run, type, key);
    draft.set(key, field.strategy === 'replace' ? value : mergeObjects(run, current, value, field.object));
  } else draft.set(key, value);
  run.leave();
}
