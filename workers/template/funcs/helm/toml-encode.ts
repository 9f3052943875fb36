/**
 * Helm's toToml: TOML as BurntSushi/toml v1.5 encodes it. Plain members come before tables, both sorted; tables are indented.
 */
import { formatFloat } from '../../float.ts';
import { FuncError } from '../../func.ts';
import { repairText } from '../../gostring.ts';
import {
  elementsOf,
  indirect,
  isNil,
  mapGet,
  mapKeysSorted,
  scalarOfRef,
  structField,
  typeOf,
  typeString,
} from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { GoNumber, GoRef } from '../../value.ts';
import { formatTime } from '../sprig/time-format.ts';
import { timeOf } from '../sprig/time-value.ts';

/** Deeper data is taken for a cycle. */
const MAX_TOML_DEPTH = 1_000;
const INDENT = '  ';
const RFC3339 = '2006-01-02T15:04:05.999999999Z07:00';
const BARE_KEY = /^[-A-Za-z0-9_]+$/;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\f', '\\f'],
  ['\r', '\\r'],
]);

function quoteToml(text: string): string {
  const escaped = text.replace(
    /["\\\u0000-\u001f\u007f]/g,
    (unit) => ESCAPES.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

function tomlKey(key: string): string {
  return BARE_KEY.test(key) ? key : quoteToml(key);
}

function tomlFloat(value: number, bits: 32 | 64): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const digits = formatFloat(value, 'f', -1, bits);
  return digits.includes('.') ? digits : `${digits}.0`;
}

/** Scalars by their own type; a value that marshals itself gives text. Null for lists, tables and nil. */
function tomlScalar(value: GoValue): string | null {
  const time = timeOf(value);
  if (time !== null) return formatTime(time, RFC3339);
  const marshal = value instanceof GoRef ? value.type.methods?.get('MarshalJSON') : undefined;
  if (marshal !== undefined && value instanceof GoRef) return quoteToml(String(JSON.parse(String(marshal(value, [])))));
  const scalar = scalarOfRef(indirect(value).value);
  switch (typeof scalar) {
    case 'string':
      return quoteToml(scalar);
    case 'number':
      return tomlFloat(scalar, 64);
    case 'boolean':
    case 'bigint':
      return String(scalar);
    default:
      if (!(scalar instanceof GoNumber)) return null;
      return scalar.kind === 'float32' ? tomlFloat(Number(scalar.value), 32) : String(scalar.value);
  }
}

type Members = readonly (readonly [string, GoValue])[];

/** A table's members without nils; null for anything that is no table. */
function membersOf(value: GoValue): Members | null {
  if (tomlScalar(value) !== null) return null;
  const target = indirect(value).value ?? null;
  const type = typeOf(target);
  if (type?.kind === 'map') return mapKeysSorted(target).map((key) => [key, mapGet(target, key) ?? null] as const);
  if (type?.kind === 'struct' && target instanceof GoRef) {
    return [...type.fields.values()].map((field) => [field.name, structField(target, field)] as const);
  }
  return null;
}

/** A list of nothing but tables. Throws FuncError for a nil in any list. */
function isTableList(items: readonly GoValue[]): boolean {
  let tables = items.length > 0;
  for (const item of items) {
    if (isNil(indirect(item).value)) throw new FuncError('toml: cannot encode array with nil element');
    const nested = elementsOf(indirect(item).value);
    if (nested !== null) isTableList(nested);
    if (membersOf(item) === null) tables = false;
  }
  return tables;
}

function isTable(value: GoValue): boolean {
  if (isNil(indirect(value).value)) return false;
  const items = elementsOf(indirect(value).value);
  return items === null ? membersOf(value) !== null : isTableList(items);
}

class TomlWriter {
  text = '';
  #depth = 0;

  root(value: GoValue): void {
    const members = membersOf(value);
    if (members !== null) {
      this.#members([], members);
      return;
    }
    const items = elementsOf(indirect(value).value);
    if (items !== null && isTableList(items)) {
      throw new FuncError('toml: top-level values must be Go maps or structs');
    }
    this.text += this.#element(value);
  }

  #newline(): void {
    if (this.text !== '') this.text += '\n';
  }

  /** A table's own members: scalars and lists, then tables. */
  #members(path: readonly string[], members: Members): void {
    if (++this.#depth > MAX_TOML_DEPTH) throw new FuncError('toml: data is nested too deeply');
    const tables = new Set(members.filter(([, value]) => isTable(value)));
    for (const [key, value] of members.filter((member) => !tables.has(member))) {
      if (isNil(indirect(value).value)) continue;
      this.text += `${INDENT.repeat(path.length)}${tomlKey(key)} = ${this.#element(value)}\n`;
    }
    for (const [key, value] of tables) this.#table([...path, key], value);
    this.#depth--;
  }

  #table(path: readonly string[], value: GoValue): void {
    const name = path.map(tomlKey).join('.');
    const indent = INDENT.repeat(path.length - 1);
    const items = elementsOf(indirect(value).value);
    if (items !== null) {
      for (const item of items) {
        this.#newline();
        this.text += `${indent}[[${name}]]\n`;
        this.#members(path, membersOf(item) ?? []);
      }
      return;
    }
    if (path.length === 1) this.#newline();
    this.text += `${indent}[${name}]\n`;
    this.#members(path, membersOf(value) ?? []);
  }

  /** A value within a line. */
  #element(value: GoValue): string {
    const scalar = tomlScalar(value);
    if (scalar !== null) return scalar;
    if (++this.#depth > MAX_TOML_DEPTH) throw new FuncError('toml: data is nested too deeply');
    const items = elementsOf(indirect(value).value);
    const members = membersOf(value);
    if (items === null && members === null) throw new FuncError(`toml: unsupported type: ${typeString(value)}`);
    if (items !== null) isTableList(items);
    const text =
      items !== null ? `[${items.map((item) => this.#element(item)).join(', ')}]` : this.#inlineTable(members ?? []);
    this.#depth--;
    return text;
  }

  /** A comma follows each member but the last, also where the last is nil and left out. */
  #inlineTable(members: Members): string {
    const sorted = [
      ...members.filter(([, value]) => !isTable(value)),
      ...members.filter(([, value]) => isTable(value)),
    ];
    const parts = sorted.map(([key, value], index) => {
      if (isNil(indirect(value).value)) return '';
      const comma = index < sorted.length - 1 ? ', ' : '';
      return `${tomlKey(key)} = ${this.#element(value)}${comma}`;
    });
    return `{${parts.join('')}}`;
  }
}

/** toml.Encoder.Encode of anything but nil. Throws FuncError where it returns an error. */
export function encodeToml(value: GoValue): string {
  const writer = new TomlWriter();
  writer.root(value);
  return repairText(writer.text);
}
