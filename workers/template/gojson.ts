/**
 * JSON to the byte as Go's encoding/json writes it, and JSON read as json.Unmarshal reads it into `any`.
 *
 * Writing: map keys in byte order, struct fields in declaration order with omitempty, `<`, `>`, `&`, U+2028 and U+2029 escaped,
 * floats in exponent form below 1e-6 and from 1e21, []byte as base64, nil slices and maps as null.
 */
import { Buffer } from 'node:buffer';
import { FuncError } from './func.ts';
import { findJsonSyntaxError, MAX_JSON_DEPTH } from './gojson-syntax.ts';
import { compareBytes, normalizeBytes, repairText } from './gostring.ts';
import { ownMember } from './reflect.ts';
import type { GoField, GoMapType, GoSliceType, GoStructType, GoType, GoValue } from './value.ts';
import { ANY, GoNumber, GoRef } from './value.ts';

/** Deeper data is taken for a cycle (Go looks for cycles from level 1000 on). */
export const MAX_MARSHAL_DEPTH = 1_000;

export interface MarshalOptions {
  /** Escape `<`, `>` and `&` as Go's Marshal does. Default true. */
  readonly escapeHtml?: boolean;
  /** MarshalIndent's arguments. Either one given makes indented output. */
  readonly indent?: string;
  readonly prefix?: string;
}

const NEEDS_ESCAPE_HTML = /[\u0000-\u001f"\\<>&\u2028\u2029\ud800-\udfff]/;
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\u2028\u2029\ud800-\udfff]/;
const ESCAPED_HTML = /[\u0000-\u001f"\\<>&\u2028\u2029]|\p{Surrogate}/gu;
const ESCAPED = /[\u0000-\u001f"\\\u2028\u2029]|\p{Surrogate}/gu;
const SURROGATE = /[\ud800-\udfff]/;
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escapeUnit(unit: string): string {
  const short = SHORT_ESCAPES.get(unit);
  if (short !== undefined) return short;
  const code = unit.charCodeAt(0);
  // A lone surrogate is a byte outside valid UTF-8 (gostring.ts).
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

/** A string as json.Marshal writes it. */
export function quoteGoJson(text: string): string {
  return encodeString(text, true);
}

function encodeString(text: string, escapeHtml: boolean): string {
  if (!(escapeHtml ? NEEDS_ESCAPE_HTML : NEEDS_ESCAPE).test(text)) return `"${text}"`;
  return `"${normalizeBytes(text).replace(escapeHtml ? ESCAPED_HTML : ESCAPED, escapeUnit)}"`;
}

/** The shortest decimal digits that read back as the same float32. */
function shortestFloat32(value: number): number {
  for (let precision = 1; precision < 9; precision++) {
    const candidate = Number(value.toPrecision(precision));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

function encodeFloat(value: number, single: boolean): string {
  if (!Number.isFinite(value)) {
    const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
    throw new FuncError(`json: unsupported value: ${name}`);
  }
  if (Object.is(value, -0)) return '-0';
  // JavaScript switches to exponents at 1e-6 and 1e21 as encoding/json does.
  return String(single ? shortestFloat32(Math.fround(value)) : value);
}

function sortedKeys(data: object): string[] {
  const keys = Object.keys(data);
  let previous = '';
  for (const key of keys) {
    // Most data has its keys sorted already.
    if (key < previous || SURROGATE.test(key))
      return keys.some((each) => SURROGATE.test(each)) ? keys.sort(compareBytes) : keys.sort();
    previous = key;
  }
  return keys;
}

class JsonEncoder {
  readonly #escapeHtml: boolean;
  #depth = 0;

  constructor(escapeHtml: boolean) {
    this.#escapeHtml = escapeHtml;
  }

  /** Encodes a value whose own form tells its type. */
  encode(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return encodeString(value, this.#escapeHtml);
      case 'number':
        return encodeFloat(value, false);
      case 'boolean':
      case 'bigint':
        return String(value);
      case 'object':
        break;
      default:
        return 'null';
    }
    if (value === null) return 'null';
    if (value instanceof GoRef) return this.encodeTyped(value.type, value.data);
    if (value instanceof GoNumber) {
      return value.kind === 'float32' ? encodeFloat(Number(value.value), true) : String(value.value);
    }
    this.#enter();
    const text = Array.isArray(value) ? this.#encodeItems(ANY, value) : this.#encodeEntries(ANY, value);
    this.#depth--;
    return text;
  }

  /** Encodes data under its static type; absent data is the type's zero value. */
  encodeTyped(type: GoType, data: unknown): string {
    // A value that carries its own type (an element of an `any`) tells it better than the place it lies in.
    if (data instanceof GoRef && data.type !== type) return this.encode(data);
    if (data instanceof GoNumber) return this.encode(data);
    const inner = data instanceof GoRef ? data.data : data;
    const marshaled = this.#encodeByMethod(type, inner);
    if (marshaled !== undefined) return marshaled;
    switch (type.kind) {
      case 'interface':
        return this.encode(inner);
      case 'bool':
        return inner === true ? 'true' : 'false';
      case 'string':
        return encodeString(typeof inner === 'string' ? inner : '', this.#escapeHtml);
      case 'float32':
      case 'float64':
        return encodeFloat(Number(inner ?? 0), type.kind === 'float32');
      case 'pointer':
        return inner === undefined || inner === null ? 'null' : this.encodeTyped(type.elem, inner);
      case 'slice':
      case 'map':
      case 'struct':
        return this.#encodeComposite(type, inner);
      default:
        return String(inner ?? 0);
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_MARSHAL_DEPTH) throw new FuncError('json: unsupported value: encountered a cycle');
  }

  #encodeByMethod(type: GoType, data: unknown): string | undefined {
    const methods = type.methods;
    if (methods === undefined) return undefined;
    if (type.kind === 'pointer' && (data === undefined || data === null)) return undefined;
    const marshalJson = methods.get('MarshalJSON');
    if (marshalJson !== undefined) return this.#recode(String(marshalJson(new GoRef(type, data), [])));
    const marshalText = methods.get('MarshalText');
    if (marshalText === undefined) return undefined;
    return encodeString(String(marshalText(new GoRef(type, data), [])), this.#escapeHtml);
  }

  /** Go compacts what MarshalJSON returns and escapes its HTML characters. */
  #recode(json: string): string {
    if (!this.#escapeHtml) return json;
    return json.replace(/[<>&\u2028\u2029]/g, escapeUnit);
  }

  #encodeComposite(type: GoSliceType | GoMapType | GoStructType, data: unknown): string {
    if (data === undefined || data === null) {
      return type.kind === 'struct' ? this.#encodeFields(type, {}) : 'null';
    }
    this.#enter();
    let text: string;
    if (type.kind === 'struct') text = this.#encodeFields(type, data);
    else if (type.kind === 'map') text = this.#encodeEntries(type.elem, data);
    else if (type.elem.kind === 'uint8') text = encodeByteSlice(data);
    else text = this.#encodeItems(type.elem, Array.isArray(data) ? data : []);
    this.#depth--;
    return text;
  }

  #encodeItems(elem: GoType, items: readonly unknown[]): string {
    if (items.length === 0) return '[]';
    const untyped = elem.kind === 'interface';
    let text = '[';
    for (let index = 0; index < items.length; index++) {
      if (index > 0) text += ',';
      text += untyped ? this.encode(items[index]) : this.encodeTyped(elem, items[index]);
    }
    return `${text}]`;
  }

  #encodeEntries(elem: GoType, data: object): string {
    const untyped = elem.kind === 'interface';
    let text = '{';
    for (const key of sortedKeys(data)) {
      const value = (data as Readonly<Record<string, unknown>>)[key];
      if (text.length > 1) text += ',';
      text += `${encodeString(key, this.#escapeHtml)}:${untyped ? this.encode(value) : this.encodeTyped(elem, value)}`;
    }
    return `${text}}`;
  }

  #encodeFields(type: GoStructType, data: object): string {
    let text = '';
    for (const { field, name } of writtenFields(type)) {
      const value = ownMember(data as Readonly<Record<string, unknown>>, field.jsonName);
      if (field.omitempty === true && (value === undefined || isEmptyField(field, value))) {
        // A struct is never empty.
        if (value !== undefined || field.type.kind !== 'struct') continue;
      }
      if (text !== '') text += ',';
      text += this.#escapeHtml ? name : `${encodeString(field.jsonName, false)}:`;
      text += this.encodeTyped(field.type, value);
    }
    return `{${text}}`;
  }
}

/** A field that is written, with its name as it begins the member where HTML characters are escaped. */
interface WrittenField {
  readonly field: GoField;
  readonly name: string;
}

const written = new WeakMap<GoStructType, readonly WrittenField[]>();

function writtenFields(type: GoStructType): readonly WrittenField[] {
  const known = written.get(type);
  if (known !== undefined) return known;
  const fields: WrittenField[] = [];
  for (const field of type.fields.values()) {
    if (field.jsonName !== '-') fields.push({ field, name: `${encodeString(field.jsonName, true)}:` });
  }
  written.set(type, fields);
  return fields;
}

/** What omitempty leaves out: false, 0, "", nil, and collections without elements; never a struct. */
function isEmptyField(field: GoField, value: unknown): boolean {
  if (field.type.kind === 'struct') return false;
  const data = value instanceof GoRef ? value.data : value;
  if (data === undefined || data === null) return true;
  switch (field.type.kind) {
    case 'pointer':
    case 'interface':
      return false;
    case 'slice':
      return (data as { length?: number }).length === 0;
    case 'map':
      return Object.keys(data).length === 0;
    case 'bool':
      return data === false;
    case 'string':
      return data === '';
    default:
      return Number(data instanceof GoNumber ? data.value : data) === 0;
  }
}

/** []byte: base64. Data that is a string already is the base64 of the JSON it came from. */
function encodeByteSlice(data: unknown): string {
  if (typeof data === 'string') return `"${data}"`;
  const bytes = data instanceof Uint8Array ? data : Uint8Array.from(data as ArrayLike<number>, Number);
  return `"${Buffer.from(bytes).toString('base64')}"`;
}

const INDENT_TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^{}[\],:"]+/g;

/** json.Indent over compact JSON: empty objects and lists stay on one line. */
function indentJson(json: string, prefix: string, indent: string): string {
  let text = '';
  let depth = 0;
  let opened = false;
  const newline = (): string => `\n${prefix}${indent.repeat(depth)}`;
  for (const token of json.match(INDENT_TOKEN) ?? []) {
    const closes = token === '}' || token === ']';
    if (closes) depth--;
    if (opened !== closes) text += opened || closes ? newline() : '';
    opened = token === '{' || token === '[';
    if (opened) depth++;
    text += token;
    if (token === ',') text += newline();
    else if (token === ':') text += ' ';
  }
  return text;
}

/**
 * json.Marshal (MarshalIndent when `indent` or `prefix` is given). Throws FuncError for NaN, infinities and data nested deeper
 * than MAX_MARSHAL_DEPTH, as a dict that contains itself is.
 */
export function marshalGoJson(value: GoValue, options?: MarshalOptions): string {
  const json = new JsonEncoder(options?.escapeHtml ?? true).encode(value);
  if (options?.indent === undefined && options?.prefix === undefined) return json;
  return indentJson(json, options.prefix ?? '', options.indent ?? '');
}

/** The result of json.Unmarshal into an `any`: a value may stand beside an error (a number out of range leaves nil in its place). */
export interface DecodedJson {
  readonly value: GoValue;
  readonly error: string | null;
}

const UNPAIRED_ESCAPE = /\\u[dD][89a-fA-F]/;
const MAYBE_OUT_OF_RANGE = /[eE]\+?0*[0-9]{3}|[0-9]{309}/;

/** Walks decoded JSON without recursion; `visit` returns what replaces a scalar. */
function replaceScalars(
  root: unknown,
  visit: (scalar: unknown) => unknown,
  visitKey?: (key: string) => string,
): unknown {
  const holder = [root];
  const pending: unknown[] = [holder];
  for (let container = pending.pop(); container !== undefined; container = pending.pop()) {
    const record = container as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const item = record[key];
      const replaced = typeof item === 'object' && item !== null ? item : visit(item);
      if (replaced === item && item !== null && typeof item === 'object') pending.push(item);
      const renamed = visitKey === undefined || Array.isArray(container) ? key : visitKey(key);
      if (renamed !== key) delete record[key];
      if (renamed !== key || replaced !== item) {
        Object.defineProperty(record, renamed, {
          value: replaced,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    }
  }
  return holder[0];
}

/** json.Unmarshal into an `any`, without throwing. Numbers are float64; of equal keys the last wins; `__proto__` is a key like any. */
export function decodeGoJson(text: string): DecodedJson {
  // Bytes outside valid UTF-8 read as U+FFFD.
  const source = repairText(text);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return { value: null, error: findJsonSyntaxError(source) ?? 'invalid JSON' };
  }
  if (source.length > MAX_JSON_DEPTH && findJsonSyntaxError(source) !== null) {
    return { value: null, error: findJsonSyntaxError(source) };
  }
  let error: string | null = null;
  if (UNPAIRED_ESCAPE.test(source)) {
    value = replaceScalars(
      value,
      (scalar) => (typeof scalar === 'string' ? scalar.toWellFormed() : scalar),
      (key) => key.toWellFormed(),
    );
  }
  if (MAYBE_OUT_OF_RANGE.test(source)) {
    value = replaceScalars(value, (scalar) => {
      if (typeof scalar !== 'number' || Number.isFinite(scalar)) return scalar;
      error ??= 'json: cannot unmarshal number into Go value of type float64';
      return null;
    });
  }
  return { value: value as GoValue, error };
}

/** json.Unmarshal into an `any`. Throws FuncError with Go's words for the first violation. */
export function parseGoJson(text: string): GoValue {
  const { value, error } = decodeGoJson(text);
  if (error !== null) throw new FuncError(error);
  return value;
}
