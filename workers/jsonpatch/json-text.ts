/**
 * JSON text of values that share parts with each other. What a template always gives alike (volumes, environment variables, whole
 * containers) is one object for all pods; its text is made once and put together with the text of what differs, which takes a
 * third of the time of JSON.stringify over the whole. The text is the one that JSON.stringify would have made.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';

/** Texts of shared values; '' until the first one is asked for. They go with the values. */
const texts = new WeakMap<object, string>();

/** Parts of a value that are looked at to see whether it has known ones; where it has none, JSON.stringify is faster. */
const LOOKED_AT = 16;
/** Values that are nested deeper are written by JSON.stringify, which has its own limit. */
const MAX_DEPTH = 32;

/** What can not stand in a JSON string as it is; halves of surrogate pairs among them. */
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Says that a value is shared and never changed, so that its text is worth keeping. */
export function markShared(value: JsonValue): void {
  if (typeof value === 'object' && value !== null && !texts.has(value)) texts.set(value, '');
}

/** Says what the JSON text of a value is that is not changed any more; it has to be that of JSON.stringify. */
export function rememberText(value: object, text: string): void {
  texts.set(value, text);
}

/** The same text as JSON.stringify(text). */
export function quoteJson(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/**
 * Puts the text of values together piece by piece: to join pieces at the end is cheaper than to flatten a text that grew by addition.
 */
export class JsonWriter {
  readonly #pieces: string[] = [];

  /** Text that is JSON already. */
  raw(text: string): void {
    this.#pieces.push(text);
  }

  /** The same text as JSON.stringify(text). */
  string(text: string): void {
    if (NEEDS_ESCAPE.test(text)) this.#pieces.push(JSON.stringify(text));
    else this.#pieces.push('"', text, '"');
  }

  /** The same text as JSON.stringify(value). */
  value(value: JsonValue): void {
    this.#value(value, 0);
  }

  toString(): string {
    return this.#pieces.join('');
  }

  #value(value: JsonValue, depth: number): void {
    if (typeof value === 'string') this.string(value);
    else if (typeof value !== 'object' || value === null) this.#pieces.push(String(value));
    else {
      const known = texts.get(value);
      if (known !== undefined) this.#pieces.push(known === '' ? remember(value) : known);
      else if (depth === MAX_DEPTH || !hasKnownPart(value)) this.#pieces.push(JSON.stringify(value));
      else if (Array.isArray(value)) this.#list(value, depth);
      else this.#object(value, depth);
    }
  }

  #list(list: readonly JsonValue[], depth: number): void {
    const pieces = this.#pieces;
    pieces.push('[');
    for (let index = 0; index < list.length; index++) {
      if (index > 0) pieces.push(',');
      this.#value(list[index] as JsonValue, depth + 1);
    }
    pieces.push(']');
  }

  #object(object: JsonObject, depth: number): void {
    const pieces = this.#pieces;
    let separator = '{"';
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (value === undefined) continue;
      if (NEEDS_ESCAPE.test(key)) pieces.push(separator.slice(0, -1), JSON.stringify(key), ':');
      else pieces.push(separator, key, '":');
      separator = ',"';
      this.#value(value, depth + 1);
    }
    pieces.push(separator === '{"' ? '{}' : '}');
  }
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

/** The same text as JSON.stringify(value). */
export function jsonText(value: JsonValue): string {
  const writer = new JsonWriter();
  writer.value(value);
  return writer.toString();
}

function remember(value: object): string {
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}
