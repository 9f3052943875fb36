/**
 * What Go's reflect package tells about a value: its kind, type, truth, length, elements, entries and fields.
 *
 * `undefined` is the zero reflect.Value (no value at all) and is accepted wherever a value is read. Data behind a GoRef may come from
 * users: members are read only when they are the object's own.
 */
import { limitError } from './errors.ts';
import { byteLength, compareBytes } from './gostring.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import { typeName } from './type-identity.ts';
import type { GoField, GoNumberKind, GoScalarKind, GoScalarType, GoType, GoValue } from './value.ts';
import { ANY, ANY_MAP, BOOL, FLOAT64, GoNumber, GoRef, INT, STRING } from './value.ts';

export { assignable, sameType, typeName } from './type-identity.ts';

/** Kinds by the names that reflect.Kind's String gives. */
export type GoKind = GoScalarKind | 'invalid' | 'slice' | 'map' | 'ptr' | 'struct';

type Slot = GoValue | undefined;

const ANY_SLICE: GoType = { kind: 'slice', elem: ANY };
const NUMBER_TYPES: Readonly<Record<GoNumberKind, GoScalarType>> = {
  int8: { kind: 'int8' },
  int16: { kind: 'int16' },
  int32: { kind: 'int32' },
  int64: { kind: 'int64' },
  uint: { kind: 'uint' },
  uint8: { kind: 'uint8' },
  uint16: { kind: 'uint16' },
  uint32: { kind: 'uint32' },
  uint64: { kind: 'uint64' },
  uintptr: { kind: 'uintptr' },
  float32: { kind: 'float32' },
};

/** Go's dynamic type of a value; null for untyped nil. */
export function typeOf(value: Slot): GoType | null {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'number':
      return FLOAT64;
    case 'bigint':
      return INT;
    case 'boolean':
      return BOOL;
    case 'undefined':
      return null;
    default:
      if (value === null) return null;
      if (value instanceof GoRef) return value.type;
      if (value instanceof GoNumber) return NUMBER_TYPES[value.kind];
      return Array.isArray(value) ? ANY_SLICE : ANY_MAP;
  }
}

/** reflect.ValueOf(v).Kind(): "string", "map", "slice", "int", "float64", "ptr", "struct", …; "invalid" for nil. */
export function kindOf(value: Slot): GoKind {
  const type = typeOf(value);
  if (type === null) return 'invalid';
  if (type.kind === 'pointer') return 'ptr';
  // A GoRef of an interface type holds a value that tells its own type.
  if (type.kind === 'interface') return kindOf(concrete(value));
  return type.kind;
}

/** The value within a GoRef whose static type is an interface; every other value itself. */
export function concrete(value: Slot): Slot {
  let inner = value;
  for (let depth = 0; inner instanceof GoRef && inner.type.kind === 'interface'; depth++) {
    if (depth > MAX_VALUE_DEPTH) throw limitError('value is nested too deeply');
    inner = asValue(inner.data);
  }
  return inner;
}

/** fmt's `%T`: `map[string]interface {}`, `[]string`, `*v1.Probe`; `<nil>` for nil. */
export function typeString(value: Slot): string {
  const type = typeOf(concrete(value));
  return type === null ? '<nil>' : typeName(type);
}

/**
 * Gives plain data a static type: unnamed bool, string, int, float64 and `any` become the plain value, other unnamed numbers a
 * GoNumber, everything else a GoRef over the data itself. `undefined` and `null` give the type's zero value (for `any`: null).
 */
export function wrap(type: GoType, data: unknown): GoValue {
  if (data instanceof GoRef) return data;
  if (type.name !== undefined || type.methods !== undefined) {
    return type.kind === 'interface' ? asValue(data) : new GoRef(type, data);
  }
  switch (type.kind) {
    case 'interface':
      return asValue(data);
    case 'string':
    case 'bool':
    case 'int':
    case 'float64':
      return scalarOf(type.kind, data);
    case 'slice':
    case 'map':
    case 'pointer':
    case 'struct':
      return new GoRef(type, data);
    default:
      return scalarOf(type.kind, data);
  }
}

/** The plain value or GoNumber of scalar data, named type or not. Data that does not fit the kind gives its zero value. */
export function scalarOf(kind: GoScalarKind, data: unknown): GoValue {
  if (data instanceof GoNumber) return data;
  switch (kind) {
    case 'string':
      return typeof data === 'string' ? data : '';
    case 'bool':
      return data === true;
    case 'float64':
      return typeof data === 'number' ? data : typeof data === 'bigint' ? Number(data) : 0;
    case 'int':
      return integerOf(data);
    case 'float32':
      return new GoNumber(kind, Math.fround(typeof data === 'number' ? data : Number(integerOf(data))));
    default:
      return new GoNumber(kind, integerOf(data));
  }
}

function integerOf(data: unknown): bigint {
  if (typeof data === 'bigint') return data;
  return typeof data === 'number' && Number.isFinite(data) ? BigInt(Math.trunc(data)) : 0n;
}

/** Data of an `any`, which is a GoValue already; a missing member is nil. */
export function asValue(data: unknown): GoValue {
  return data === undefined ? null : (data as GoValue);
}

/** The scalar within a named type (a string type such as v1.Protocol); every other value itself. */
export function scalarOfRef(value: Slot): Slot {
  const inner = concrete(value);
  if (!(inner instanceof GoRef)) return inner;
  const type = inner.type;
  switch (type.kind) {
    case 'slice':
    case 'map':
    case 'pointer':
    case 'struct':
    case 'interface':
      return inner;
    default:
      return scalarOf(type.kind, inner.data);
  }
}

/** text/template's truth: not the zero of its type, and for strings and collections not empty. Structs are true. */
export function isTrue(value: Slot): boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return value !== '';
    case 'number':
      return value !== 0;
    case 'bigint':
      return value !== 0n;
    case 'undefined':
      return false;
    default:
      if (value === null) return false;
      if (value instanceof GoRef) return isTrueRef(value);
      if (value instanceof GoNumber) return value.kind === 'float32' ? value.value !== 0 : value.value !== 0n;
      return Array.isArray(value) ? value.length > 0 : hasKeys(value);
  }
}

function isTrueRef(ref: GoRef): boolean {
  switch (ref.type.kind) {
    case 'struct':
      return true;
    case 'pointer':
      return ref.data !== null && ref.data !== undefined;
    case 'slice':
      return sliceLength(ref.data) > 0;
    case 'map':
      return isRecord(ref.data) && hasKeys(ref.data);
    default:
      return isTrue(scalarOfRef(ref));
  }
}

function hasKeys(data: object): boolean {
  for (const key in data) {
    if (Object.hasOwn(data, key)) return true;
  }
  return false;
}

/** Whether encoding/json's omitempty, and sprig's `empty`, call the value empty. The opposite of truth. */
export function isEmptyValue(value: Slot): boolean {
  return !isTrue(value);
}

/** Whether the value is nil: no value, or a nil pointer, map or slice. */
export function isNil(value: Slot): boolean {
  const inner = concrete(value);
  if (inner === undefined || inner === null) return true;
  if (!(inner instanceof GoRef)) return false;
  const kind = inner.type.kind;
  return (
    (kind === 'pointer' || kind === 'map' || kind === 'slice') && (inner.data === null || inner.data === undefined)
  );
}

/** What a non-nil pointer points to. */
export function pointee(ref: GoRef): GoValue {
  return ref.type.kind === 'pointer' ? wrap(ref.type.elem, ref.data) : ref;
}

/** Follows pointers and interfaces to the end. `nil` tells that the end is a nil pointer or an empty interface, which is `value` then. */
export function indirect(value: Slot): { readonly value: Slot; readonly nil: boolean } {
  let inner = concrete(value);
  for (let depth = 0; inner instanceof GoRef && inner.type.kind === 'pointer'; depth++) {
    if (depth > MAX_VALUE_DEPTH) throw limitError('value is nested too deeply');
    if (inner.data === null || inner.data === undefined) return { value: inner, nil: true };
    inner = concrete(pointee(inner));
  }
  return { value: inner, nil: inner === null };
}

/** Go's len() of a string (bytes), slice or map; null for anything else. */
export function lengthOf(value: Slot): number | null {
  const inner = scalarOfRef(value);
  if (typeof inner === 'string') return byteLength(inner);
  if (typeof inner !== 'object' || inner === null || inner instanceof GoNumber) return null;
  if (!(inner instanceof GoRef)) return Array.isArray(inner) ? inner.length : Object.keys(inner).length;
  if (inner.type.kind === 'slice') return sliceLength(inner.data);
  if (inner.type.kind === 'map') return isRecord(inner.data) ? Object.keys(inner.data).length : 0;
  return null;
}

function sliceLength(data: unknown): number {
  return Array.isArray(data) || data instanceof Uint8Array ? data.length : 0;
}

/** The elements of a slice, typed or not, with their static type; null for anything that is no slice. Plain arrays are not copied. */
export function elementsOf(value: Slot): readonly GoValue[] | null {
  const inner = concrete(value);
  if (Array.isArray(inner)) return inner as readonly GoValue[];
  if (!(inner instanceof GoRef) || inner.type.kind !== 'slice') return null;
  const { elem } = inner.type;
  if (inner.data instanceof Uint8Array) return Array.from(inner.data, (byte) => wrap(elem, byte));
  if (!Array.isArray(inner.data)) return [];
  const data: readonly unknown[] = inner.data;
  if (elem.kind === 'interface' || (elem === STRING && data.every((item) => typeof item === 'string'))) {
    return data as readonly GoValue[];
  }
  return data.map((item) => wrap(elem, item));
}

/** The object behind a map (plain or typed; empty for a nil map); null for anything that is no map. */
export function mapData(value: Slot): { readonly [key: string]: unknown } | null {
  const inner = concrete(value);
  if (typeof inner !== 'object' || inner === null || inner instanceof GoNumber) return null;
  if (inner instanceof GoRef) {
    if (inner.type.kind !== 'map') return null;
    return isRecord(inner.data) ? inner.data : {};
  }
  return isRecord(inner) ? inner : null;
}

/** A map's keys in the order in which Go prints and ranges over them; empty for anything that is no map. */
export function mapKeysSorted(value: Slot): readonly string[] {
  const data = mapData(value);
  if (data === null) return [];
  const keys = Object.keys(data);
  if (keys.length < 2) return keys;
  const type = typeOf(concrete(value));
  const keyKind = type?.kind === 'map' ? type.key.kind : 'string';
  if (keyKind === 'string' || keyKind === 'interface') return sortStrings(keys);
  if (keyKind === 'bool') return keys.sort();
  return keys.sort((a, b) => Number(a) - Number(b));
}

const BEYOND_UTF16_ORDER = /[\ud800-\uffff]/;

/** Sorts in place, in Go's order of strings. */
export function sortStrings(items: string[]): string[] {
  items.sort();
  return items.some((item) => BEYOND_UTF16_ORDER.test(item)) ? items.sort(compareBytes) : items;
}

/** A map's keys and values with their static types, in Go's key order; null for anything that is no map. */
export function entriesOf(value: Slot): (readonly [GoValue, GoValue])[] | null {
  const data = mapData(value);
  if (data === null) return null;
  const type = typeOf(concrete(value));
  const keys = mapKeysSorted(value);
  if (type?.kind !== 'map' || (type.key === STRING && type.elem === ANY)) {
    return keys.map((key) => [key, asValue(data[key])] as const);
  }
  return keys.map((key) => [mapKey(type.key, key), wrap(type.elem, data[key])] as const);
}

function mapKey(type: GoType, key: string): GoValue {
  switch (type.kind) {
    case 'string':
    case 'interface':
      return wrap(type, key);
    case 'bool':
      return wrap(type, key === 'true');
    case 'float64':
    case 'float32':
      return wrap(type, Number(key));
    default:
      return wrap(type, /^-?\d+$/.test(key) ? BigInt(key) : 0n);
  }
}

/** The value under a key; undefined when the map has no such key or `value` is no map. */
export function mapGet(value: Slot, key: string): GoValue | undefined {
  const data = mapData(value);
  if (data === null || !Object.hasOwn(data, key)) return undefined;
  const type = typeOf(concrete(value));
  return type?.kind === 'map' ? wrap(type.elem, data[key]) : asValue(data[key]);
}

/** A field of a struct, or of the struct a pointer points to, by its Go name; undefined when there is none or the pointer is nil. */
export function fieldOf(ref: GoRef, name: string): GoValue | undefined {
  const target = ref.type.kind === 'pointer' ? indirect(ref).value : ref;
  if (!(target instanceof GoRef) || target.type.kind !== 'struct') return undefined;
  const field = target.type.fields.get(name);
  return field === undefined ? undefined : structField(target, field);
}

/** The value of a known field of a struct. */
export function structField(ref: GoRef, field: GoField): GoValue {
  const { data } = ref;
  return wrap(field.type, isRecord(data) ? ownMember(data, field.jsonName) : undefined);
}

/** A member of the object's own. Most of those that are asked for are not there, which one look tells. */
export function ownMember(data: { readonly [key: string]: unknown }, name: string): unknown {
  const held = data[name];
  return held === undefined || Object.hasOwn(data, name) ? held : undefined;
}

function isRecord(data: unknown): data is { readonly [key: string]: unknown } {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
