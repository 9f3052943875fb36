/**
 * JSON text of values that share parts with each other. What a template always gives alike (volumes, environment variables, whole
 * containers) is one object for all pods; its text is made once and put together with the text of what differs, which takes a
 * third of the time of JSON.stringify over the whole. The text is the one that JSON.stringify would have made.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';

/** What is known of a shared value. */
class Known {
  /** '' until it is asked for. */
  text = '';
  /** Shared values that mostly follow this one in a list, or in an object. */
  run: ListRun | MemberRun | null = null;
}

/** Elements of a list that stand together, this one first. */
class ListRun {
  readonly #elements: readonly JsonValue[];
  #text = '';

  constructor(elements: readonly JsonValue[]) {
    this.#elements = elements;
  }

  get length(): number {
    return this.#elements.length;
  }

  /** Whether the list goes on like this at `index`. */
  isAt(list: readonly JsonValue[], index: number): boolean {
    const elements = this.#elements;
    for (let i = 1; i < elements.length; i++) if (list[index + i] !== elements[i]) return false;
    return true;
  }

  /** Without brackets. */
  get text(): string {
    if (this.#text === '') this.#text = this.#elements.map((element) => JSON.stringify(element)).join(',');
    return this.#text;
  }
}

/** Members of an object that stand together, this one first. */
class MemberRun {
  readonly #members: readonly (readonly [string, JsonValue])[];
  #text = '';

  constructor(members: readonly (readonly [string, JsonValue])[]) {
    this.#members = members;
  }

  get length(): number {
    return this.#members.length;
  }

  isAt(object: JsonObject, keys: readonly string[], index: number): boolean {
    const members = this.#members;
    for (let i = 0; i < members.length; i++) {
      const [key, value] = members[i] as readonly [string, JsonValue];
      if (keys[index + i] !== key || object[key] !== value) return false;
    }
    return true;
  }

  /** Without braces. */
  get text(): string {
    if (this.#text === '') {
      this.#text = this.#members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',');
    }
    return this.#text;
  }
}

/** They go with the values. */
const texts = new WeakMap<object, Known>();

/** Parts of a value that are looked at to see whether it has known ones; where it has none, JSON.stringify is faster for all but the small. */
const LOOKED_AT = 16;
/** An object of no more members, all of them scalars, is written here: to call JSON.stringify takes longer. */
const FEW_MEMBERS = 4;
/** Values that are nested deeper are written by JSON.stringify, which has its own limit. */
const MAX_DEPTH = 32;

/** What can not stand in a JSON string as it is; halves of surrogate pairs among them. */
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

function isReference(value: JsonValue | undefined): value is JsonObject | JsonValue[] {
  return typeof value === 'object' && value !== null;
}

function knownOf(value: object): Known {
  const found = texts.get(value);
  if (found !== undefined) return found;
  const known = new Known();
  texts.set(value, known);
  return known;
}

/** Whether the value was said to be shared. */
export function isShared(value: JsonValue): value is JsonObject | JsonValue[] {
  return isReference(value) && texts.has(value);
}

/** Says that a value is shared and never changed, so that its text is worth keeping. */
export function markShared(value: JsonValue): void {
  if (isReference(value)) knownOf(value);
}

/** Says what the JSON text of a value is that is not changed any more; it has to be that of JSON.stringify. */
export function rememberText(value: object, text: string): void {
  knownOf(value).text = text;
}

/** Says that shared values mostly stand together in lists, so that their text is worth keeping as one. */
export function markListRun(elements: readonly JsonValue[]): void {
  const [first] = elements;
  if (elements.length > 1 && isReference(first)) knownOf(first).run = new ListRun(elements);
}

/** The same of members of objects, which may be text as well, but for the first. */
export function markMemberRun(members: readonly (readonly [string, JsonValue])[]): void {
  const first = members[0]?.[1];
  if (members.length > 1 && isReference(first)) knownOf(first).run = new MemberRun(members);
}

/** Texts from this length on are often the same one as before: what many pods have alike. */
const LONG_TEXT = 128;
/** Longer ones are not kept. */
const MAX_KEPT_TEXT = 16 * 1024;
/** Such texts are kept by length: the same text has the same place, and those that differ from pod to pod seldom take it. */
const KEPT_TEXTS = 16;
const longTexts: string[] = Array<string>(KEPT_TEXTS).fill('');
const longQuoted: string[] = Array<string>(KEPT_TEXTS).fill('""');

/** The same text as JSON.stringify(text). */
export function quoteJson(text: string): string {
  if (text.length < LONG_TEXT) return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
  if (text.length > MAX_KEPT_TEXT) return JSON.stringify(text);
  const slot = text.length % KEPT_TEXTS;
  if (text !== longTexts[slot]) {
    longTexts[slot] = text;
    longQuoted[slot] = JSON.stringify(text);
  }
  return longQuoted[slot] as string;
}

/** The same text as JSON.stringify(value). Whoever reads it flattens it: pieces are not joined here. */
export function jsonText(value: JsonValue): string {
  return textAt(value, 0);
}

function textAt(value: JsonValue, depth: number): string {
  if (typeof value === 'string') return quoteJson(value);
  // 1e999 in a pod is Infinity, which JSON.stringify writes as null.
  if (!isReference(value)) return typeof value === 'number' && !Number.isFinite(value) ? 'null' : String(value);
  const known = texts.get(value);
  if (known !== undefined) return known.text === '' ? remember(value, known) : known.text;
  if (depth === MAX_DEPTH) return JSON.stringify(value);
  if (Array.isArray(value)) return hasKnownPart(value) ? listText(value, depth + 1) : JSON.stringify(value);
  return isFlat(value) || hasKnownPart(value) ? objectText(value, depth + 1) : JSON.stringify(value);
}

function listText(list: readonly JsonValue[], depth: number): string {
  let text = '[';
  for (let index = 0; index < list.length; index++) {
    if (index > 0) text += ',';
    const value = list[index] as JsonValue;
    const run = isReference(value) ? texts.get(value)?.run : null;
    if (run instanceof ListRun && run.isAt(list, index)) {
      text += run.text;
      index += run.length - 1;
    } else text += textAt(value, depth);
  }
  return `${text}]`;
}

function objectText(object: JsonObject, depth: number): string {
  let text = '';
  const keys = Object.keys(object);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    const value = object[key];
    if (value === undefined) continue;
    if (text !== '') text += ',';
    const run = isReference(value) ? texts.get(value)?.run : null;
    if (run instanceof MemberRun && run.isAt(object, keys, index)) {
      text += run.text;
      index += run.length - 1;
    } else text += `${quoteJson(key)}:${textAt(value, depth)}`;
  }
  return `{${text}}`;
}

function isFlat(object: JsonObject): boolean {
  let left = FEW_MEMBERS;
  for (const key in object) {
    if (left-- === 0 || isReference(object[key])) return false;
  }
  return true;
}

/** Whether a part of the value, or a part of one of its lists, has a text already. */
function hasKnownPart(value: JsonObject | readonly JsonValue[], nested = true): boolean {
  let left = LOOKED_AT;
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    if (left-- === 0) return false;
    if (typeof part !== 'object' || part === null) continue;
    if (texts.has(part) || (nested && Array.isArray(part) && hasKnownPart(part, false))) return true;
  }
  return false;
}

function remember(value: object, known: Known): string {
  known.text = JSON.stringify(value);
  return known.text;
}
