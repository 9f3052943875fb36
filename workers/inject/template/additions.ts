/**
 * What an overlay added to a pod, small enough to stand in an annotation, and how to take it back: so that another revision
 * replaces what this one made, also after other webhooks or a user have changed the pod around it.
 *
 * A note follows the pod's structure. Members and elements are told by name and merge key, never by position:
 *
 *   add   members, or elements by their merge key, that were not there before
 *   was   members that had another value (or were taken away), with that value
 *   in    members or elements that were there and changed within, each with its note
 *   made  the object or list itself was not there before: it goes when nothing is left in it
 */

import { deepEqual } from '../../jsonpatch/deep-equal.ts';
import { lookupField, type MergeField, type MergeType, POD_MERGE_TYPE } from '../../merge/merge-schema.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { isObject, memberOf } from './members.ts';

export interface Note {
  readonly add?: readonly string[];
  readonly was?: JsonObject;
  readonly in?: Readonly<Record<string, Note>>;
  readonly made?: true;
}

/** Deeper notes than any pod's structure are somebody's forgery. */
const MAX_NOTE_DEPTH = 32;

/** What `after` has that `before` had not. `after` came from `before` by a strategic merge. */
export function noteAdditions(before: JsonObject, after: JsonObject): Note {
  return noteObject(before, after, POD_MERGE_TYPE) ?? {};
}

interface Draft {
  readonly add: string[];
  readonly was: [string, JsonValue][];
  readonly in: [string, Note][];
}

function noteObject(before: JsonObject | undefined, after: JsonObject, type: MergeType | undefined): Note | undefined {
  const draft: Draft = { add: [], was: [], in: [] };
  for (const name of Object.keys(after)) {
    const field = type === undefined ? undefined : lookupField(type, name);
    noteMember(draft, name, before === undefined ? undefined : memberOf(before, name), after[name] as JsonValue, field);
  }
  for (const name of Object.keys(before ?? {})) {
    if (!Object.hasOwn(after, name)) draft.was.push([name, before?.[name] as JsonValue]);
  }
  return finish(draft, before === undefined);
}

function noteMember(
  draft: Draft,
  name: string,
  before: JsonValue | undefined,
  after: JsonValue,
  field: MergeField | undefined,
): void {
  if (before === after) return;
  const note = noteWithin(before, after, field);
  if (note === 'replaced') {
    if (before === undefined) draft.add.push(name);
    else draft.was.push([name, before]);
  } else if (note !== undefined) {
    draft.in.push([name, note]);
  }
}

/** The note of a member's inside; `replaced` where it has none and counts as one value. */
function noteWithin(
  before: JsonValue | undefined,
  after: JsonValue,
  field: MergeField | undefined,
): Note | undefined | 'replaced' {
  if (isObject(after) && (before === undefined || isObject(before))) return noteObject(before, after, field?.object);
  if (Array.isArray(after) && field !== undefined && field.mergeKey !== '') {
    const list = before === undefined ? [] : before;
    if (Array.isArray(list)) return noteList(list, after, field, before === undefined) ?? 'replaced';
  }
  return before !== undefined && deepEqual(before, after) ? undefined : 'replaced';
}

/** Undefined where elements can not be told by their keys. */
function noteList(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  field: MergeField,
  made: boolean,
): Note | undefined {
  const old = byKey(before, field.mergeKey);
  const now = byKey(after, field.mergeKey);
  if (old === undefined || now === undefined) return undefined;
  const draft: Draft = { add: [], was: [], in: [] };
  for (const key of old.keys()) if (!now.has(key)) return undefined;
  for (const [key, element] of now) {
    const was = old.get(key);
    if (was === undefined) draft.add.push(key);
    else if (was !== element) {
      const note = noteObject(was, element, field.element);
      if (note !== undefined) draft.in.push([key, note]);
    }
  }
  return finish(draft, made) ?? {};
}

function finish({ add, was, in: within }: Draft, made: boolean): Note | undefined {
  if (add.length + was.length + within.length === 0 && !made) return undefined;
  return {
    ...(add.length > 0 ? { add } : {}),
    ...(was.length > 0 ? { was: Object.fromEntries(was) } : {}),
    ...(within.length > 0 ? { in: Object.fromEntries(within) } : {}),
    ...(made ? { made } : {}),
  };
}

/** Elements by the text of their key; undefined where one has none, or two have the same. */
function byKey(list: readonly JsonValue[], mergeKey: string): Map<string, JsonObject> | undefined {
  const elements = new Map<string, JsonObject>();
  for (const element of list) {
    const key = memberOf(element, mergeKey);
    if (!isObject(element) || (typeof key !== 'string' && typeof key !== 'number') || elements.has(String(key)))
      return undefined;
    elements.set(String(key), element);
  }
  return elements;
}

/** The pod without what the note tells of. What is not there any more is passed over; nothing is changed in place. */
export function withoutAdditions(pod: JsonObject, note: Note): JsonObject {
  return undoObject(pod, note, POD_MERGE_TYPE, 0);
}

function undoObject(value: JsonObject, note: Note, type: MergeType | undefined, depth: number): JsonObject {
  const added = new Set(note.add ?? []);
  const members: [string, JsonValue][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (added.has(name)) continue;
    const within = noteOf(note, name);
    const field = type === undefined ? undefined : lookupField(type, name);
    const undone = within === undefined ? member : undoWithin(member, within, field, depth + 1);
    if (undone !== undefined) members.push([name, undone]);
  }
  const result = new Map(members);
  for (const [name, was] of Object.entries(note.was ?? {})) result.set(name, was);
  return Object.fromEntries(result);
}

/** Undefined where nothing is left of a member that the overlay made. */
function undoWithin(value: JsonValue, note: Note, field: MergeField | undefined, depth: number): JsonValue | undefined {
  if (depth > MAX_NOTE_DEPTH) return value;
  if (isObject(value)) {
    const undone = undoObject(value, note, field?.object, depth);
    return note.made === true && Object.keys(undone).length === 0 ? undefined : undone;
  }
  if (!Array.isArray(value) || field === undefined || field.mergeKey === '') return value;
  const added = new Set(note.add ?? []);
  const undone: JsonValue[] = [];
  for (const element of value) {
    const key = String(memberOf(element, field.mergeKey) ?? '');
    if (added.has(key)) continue;
    const within = noteOf(note, key);
    undone.push(
      within === undefined || !isObject(element) ? element : undoObject(element, within, field.element, depth + 1),
    );
  }
  return note.made === true && undone.length === 0 ? undefined : undone;
}

function noteOf(note: Note, name: string): Note | undefined {
  return note.in !== undefined && Object.hasOwn(note.in, name) ? note.in[name] : undefined;
}

/** Whether everything at the top of a note's lists is there: a pod that lacks it was not injected, whatever it says. */
export function holdsAdditions(pod: JsonObject, note: Note): boolean {
  const spec = note.in === undefined ? undefined : noteOf(note, 'spec');
  if (spec === undefined) return true;
  return ['containers', 'initContainers', 'volumes'].every((list) => {
    const added = noteOf(spec, list)?.add ?? [];
    const elements = memberOf(memberOf(pod, 'spec'), list);
    const names = new Set(Array.isArray(elements) ? elements.map((element) => memberOf(element, 'name')) : []);
    return added.every((name) => names.has(name));
  });
}

/** Reads a note from JSON that a user may have written; null for anything that is none. */
export function readNote(value: unknown, depth = 0): Note | null {
  if (!isObject(value as JsonValue) || depth > MAX_NOTE_DEPTH) return null;
  const { add, was, in: within, made } = value as Record<string, unknown>;
  if (add !== undefined && !(Array.isArray(add) && add.every((name) => typeof name === 'string'))) return null;
  if (was !== undefined && !isObject(was as JsonValue)) return null;
  if (within !== undefined && !isObject(within as JsonValue)) return null;
  const notes: [string, Note][] = [];
  for (const [name, each] of Object.entries((within ?? {}) as object)) {
    const note = readNote(each, depth + 1);
    if (note === null) return null;
    notes.push([name, note]);
  }
  return {
    ...(add === undefined ? {} : { add: add as string[] }),
    ...(was === undefined ? {} : { was: was as JsonObject }),
    ...(notes.length === 0 ? {} : { in: Object.fromEntries(notes) }),
    ...(made === true ? { made } : {}),
  };
}
