/**
 * Helm's toYamlPretty: go.yaml.in/yaml/v3 with an indent of 2. Unlike toYaml it indents lists within mappings, never folds lines, does not
 * go through JSON (whole floats print as `%g`), and writes texts that are no UTF-8 as binary.
 */
import { Buffer } from 'node:buffer';
import { compareKeys } from '../../../yaml/key-order.ts';
import { isMultiline, scalarStyle } from '../../../yaml/scalar-style.ts';
import { formatFloat } from '../../float.ts';
import { FuncError } from '../../func.ts';
import { normalizeBytes, toBytes } from '../../gostring.ts';
import { elementsOf, indirect, mapGet, mapKeysSorted, scalarOfRef, structField, typeOf } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { GoNumber, GoRef } from '../../value.ts';

/** Deeper data is taken for a cycle. */
const MAX_PRETTY_DEPTH = 1_000;
const INDENT = 2;
/** Keys of more bytes are written behind `?`. */
const MAX_SIMPLE_KEY_BYTES = 128;

/** What a literal block can not hold; tabs it can. */
const UNPRINTABLE_IN_LITERAL =
  /[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[^\ud800-\udfff]? [\n\r\x85\u2028\u2029]/;
const NEEDS_ESCAPE = /[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|["\\]/gu;
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x85', '\\N'],
  ['\xa0', '\\_'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
]);

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function pad(indent: number): string {
  return ' '.repeat(indent);
}

function chomping(text: string): string {
  if (!/[\n\u2028\u2029]$/.test(text)) return '-';
  return text.length === 1 || /[\n\u2028\u2029]{2}$/.test(text) ? '+' : '';
}

/** Every line starts behind the indentation, lines that end in a Unicode separator too. */
function literal(text: string, indent: number): string {
  const hint = /^[ \n\u2028\u2029]/.test(text) ? String(INDENT) : '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.replace(/(^|[\n\u2028\u2029])(?=[^\n\u2028\u2029])/g, `$1${pad(indent + INDENT)}`);
  return `|${hint}${chomping(text)}\n${lines}`;
}

/** Single quotes; what follows a Unicode line separator is indented. */
function singleQuoted(text: string, indent: number): string {
  const inner = text.replaceAll("'", "''");
  const aligned = inner.replace(
    /([\u2028\u2029])( *)(?=[^ \u2028\u2029])/g,
    (_all, separator: string, spaces: string) => separator + spaces.padEnd(indent + INDENT),
  );
  return `'${aligned}'`;
}

/** Double quotes; a byte order mark in front makes the emitter escape everything. */
function doubleQuoted(text: string): string {
  if (!text.startsWith('\ufeff')) return `"${text.replace(NEEDS_ESCAPE, escapeCharacter)}"`;
  return `"${Array.from(text, escapeCharacter).join('')}"`;
}

function textScalar(text: string, indent: number): string {
  if (!text.isWellFormed()) {
    const whole = normalizeBytes(text);
    return whole.isWellFormed()
      ? textScalar(whole, indent)
      : `!!binary ${Buffer.from(toBytes(whole)).toString('base64')}`;
  }
  if (text.includes('\n') && !text.endsWith(' ') && !UNPRINTABLE_IN_LITERAL.test(text)) return literal(text, indent);
  const style = text.includes('\n') ? 'double' : scalarStyle(text, false);
  if (style === 'plain') return text;
  return style === 'single' ? singleQuoted(text, indent) : doubleQuoted(text);
}

function floatScalar(value: number, bits: 32 | 64): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  return formatFloat(value, 'g', -1, bits);
}

/** Letters go before other signs where a digit stands in front of both, otherwise after them. */
function comparePrettyKeys(a: string, b: string): number {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index++;
  const order = compareKeys(a, b);
  const afterDigit = index > 0 && /\p{Nd}/u.test(a.charAt(index - 1));
  if (!afterDigit || index >= a.length || index >= b.length) return order;
  return /\p{L}/u.test(a.charAt(index)) === /\p{L}/u.test(b.charAt(index)) ? order : -order;
}

type Members = readonly (readonly [string, GoValue])[];

/** The members of a map in v3's order, or of a struct in its own; null for anything else. */
function membersOf(value: GoValue): Members | null {
  const type = typeOf(value);
  if (type?.kind === 'map') {
    const keys = [...mapKeysSorted(value)].sort(comparePrettyKeys);
    return keys.map((key) => [key, mapGet(value, key) ?? null]);
  }
  if (type?.kind === 'struct' && value instanceof GoRef) {
    return [...type.fields.values()].map((field) => [field.name.toLowerCase(), structField(value, field)]);
  }
  return null;
}

/** The text that a value's MarshalText (or a time's format) stands for. */
function marshaledText(value: GoValue): string | null {
  const marshal = value instanceof GoRef ? value.type.methods?.get('MarshalJSON') : undefined;
  return marshal === undefined || !(value instanceof GoRef) ? null : String(JSON.parse(String(marshal(value, []))));
}

class PrettyWriter {
  #depth = 0;

  /** A value's text, from a place that is `indent` columns in; its further lines are indented by that much. */
  block(value: GoValue, indent: number): string {
    if (++this.#depth > MAX_PRETTY_DEPTH) throw new FuncError('yaml: data is nested too deeply');
    const text = this.#node(value, indent);
    this.#depth--;
    return text;
  }

  #node(given: GoValue, indent: number): string {
    const marshaled = marshaledText(given);
    if (marshaled !== null) return typeOf(given)?.name === 'time.Time' ? marshaled : textScalar(marshaled, indent);
    const { value: target, nil } = indirect(given);
    const value = scalarOfRef(target) ?? null;
    if (value === null || (nil && typeOf(value)?.kind === 'pointer')) return 'null';
    if (typeof value === 'string') return textScalar(value, indent);
    if (typeof value === 'number') return floatScalar(value, 64);
    if (value instanceof GoNumber) {
      return value.kind === 'float32' ? floatScalar(Number(value.value), 32) : String(value.value);
    }
    if (typeof value !== 'object') return String(value);
    const items = elementsOf(value);
    if (items !== null) return items.length === 0 ? '[]' : this.#sequence(items, indent);
    const members = membersOf(value) ?? [];
    return members.length === 0 ? '{}' : this.#mapping(members, indent);
  }

  #sequence(items: readonly GoValue[], indent: number): string {
    // A scalar's own lines are indented from the dash on, not from behind it.
    return items
      .map((item) => `- ${this.block(item, isBlock(item) ? indent + INDENT : indent)}`)
      .join(`\n${pad(indent)}`);
  }

  #mapping(members: Members, indent: number): string {
    return members.map(([key, value]) => this.#member(key, value, indent)).join(`\n${pad(indent)}`);
  }

  #member(key: string, value: GoValue, indent: number): string {
    const name = textScalar(key, indent);
    const nested = isBlock(value);
    if (isMultiline(key) || Buffer.byteLength(key) > MAX_SIMPLE_KEY_BYTES) {
      return `? ${name}\n${pad(indent)}: ${this.block(value, nested ? indent + INDENT : indent)}`;
    }
    if (!nested) return `${name}: ${this.block(value, indent)}`;
    return `${name}:\n${pad(indent + INDENT)}${this.block(value, indent + INDENT)}`;
  }
}

/** Whether a value is written as a block of its own: a mapping or list that is not empty. */
function isBlock(value: GoValue): boolean {
  if (marshaledText(value) !== null) return false;
  const target = indirect(value).value ?? null;
  return (elementsOf(target)?.length ?? membersOf(target)?.length ?? 0) > 0;
}

/** YAML without the newline at its end. Throws FuncError for data that contains itself. */
export function prettyYaml(value: GoValue): string {
  return new PrettyWriter().block(value, 0);
}
