/**
 * The builtins index and slice.
 */
import { FuncError } from './func.ts';
import { byteLength, sliceBytes, toBytes } from './gostring.ts';
import {
  assignable,
  elementsOf,
  indirect,
  kindOf,
  mapData,
  scalarOfRef,
  typeName,
  typeOf,
  typeString,
  wrap,
} from './reflect.ts';
import type { GoMapType, GoType, GoValue } from './value.ts';
import { ANY_MAP, GoNumber, GoRef, STRING } from './value.ts';

/** `index x 1 "k"` is x[1]["k"]; a map gives its element type's zero for a key that it does not have. */
export function indexValue([item = null, ...keys]: readonly GoValue[]): GoValue {
  if (kindOf(item) === 'invalid') throw new FuncError('index of untyped nil');
  let current = item;
  for (const key of keys) current = step(current, key);
  return current;
}

/** What a map with texts for keys has under one; undefined where it takes indexValue to tell. */
export function textKey(item: GoValue, key: string): GoValue | undefined {
  if (item instanceof GoRef && item.type.kind === 'map' && item.type.key === STRING) {
    const { data } = item;
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
    const members = data as { readonly [key: string]: unknown };
    return wrap(item.type.elem, Object.hasOwn(members, key) ? members[key] : undefined);
  }
  return undefined;
}

function step(item: GoValue, key: GoValue): GoValue {
  if (typeof key === 'string' && !(item instanceof GoRef) && typeOf(item) === ANY_MAP) {
    const members = item as { readonly [key: string]: GoValue };
    return Object.hasOwn(members, key) ? (members[key] ?? null) : null;
  }
  const { value, nil } = indirect(item);
  if (nil || value === undefined) throw new FuncError('index of nil pointer');
  const text = scalarOfRef(value);
  if (typeof text === 'string') {
    const at = position(key, byteLength(text));
    return new GoNumber('uint8', BigInt(toBytes(text)[at] ?? outOfRange(at)));
  }
  const elements = elementsOf(value);
  if (elements !== null) {
    const at = position(key, elements.length);
    const element = elements[at];
    return element === undefined ? outOfRange(at) : element;
  }
  const type = typeOf(value);
  if (type?.kind !== 'map') throw new FuncError(`can't index item of type ${typeString(value)}`);
  const name = mapKey(key, type);
  const data = mapData(value) ?? {};
  return wrap(type.elem, Object.hasOwn(data, name) ? data[name] : undefined);
}

function outOfRange(at: number): never {
  throw new FuncError(`index out of range: ${at}`);
}

/** The member name under which a map of that type holds a key. */
function mapKey(key: GoValue, map: GoMapType): string {
  const given = typeOf(key);
  if (given === null) throw new FuncError(`value is nil; should be of type ${typeName(map.key)}`);
  if (!assignable(given, map.key) && !(isInteger(given) && isInteger(map.key))) {
    throw new FuncError(`value has type ${typeName(given)}; should be ${typeName(map.key)}`);
  }
  const scalar = scalarOfRef(key);
  if (scalar instanceof GoRef) throw new FuncError(`hash of unhashable type ${typeName(given)}`);
  return String(scalar instanceof GoNumber ? scalar.value : scalar);
}

function isInteger(type: GoType): boolean {
  return type.kind.startsWith('int') ? type.kind !== 'interface' : type.kind.startsWith('uint');
}

function position(key: GoValue, limit: number): number {
  const scalar = scalarOfRef(key);
  const value = scalar instanceof GoNumber && scalar.kind !== 'float32' ? scalar.value : scalar;
  if (typeof value !== 'bigint') {
    const given = kindOf(key) === 'invalid' ? 'nil' : `type ${typeString(key)}`;
    throw new FuncError(`cannot index slice/array with ${given}`);
  }
  if (value < 0n || value > BigInt(limit)) throw new FuncError(`index out of range: ${value}`);
  return Number(value);
}

/**
 * `slice x 1 2` is x[1:2], of bytes where x is a string. Bounds end at the length: what Go keeps behind it, as spare capacity of a
 * slice, does not exist here.
 */
export function sliceValue(item: GoValue, bounds: readonly GoValue[]): GoValue {
  if (kindOf(item) === 'invalid') throw new FuncError('slice of untyped nil');
  const { value, nil } = indirect(item);
  if (nil || value === undefined) throw new FuncError('slice of nil pointer');
  if (bounds.length > 3) throw new FuncError(`too many slice indexes: ${bounds.length}`);
  const text = scalarOfRef(value);
  const elements = typeof text === 'string' ? null : elementsOf(value);
  if (typeof text !== 'string' && elements === null)
    throw new FuncError(`can't slice item of type ${typeString(value)}`);
  if (typeof text === 'string' && bounds.length === 3) throw new FuncError('cannot 3-index slice a string');
  const length = typeof text === 'string' ? byteLength(text) : (elements?.length ?? 0);
  const [start = 0, end = length, capacity = length] = bounds.map((bound) => position(bound, length));
  if (start > end) throw new FuncError(`invalid slice index: ${start} > ${end}`);
  if (end > capacity) throw new FuncError(`invalid slice index: ${end} > ${capacity}`);
  if (typeof text === 'string') {
    const part = sliceBytes(text, start, end);
    return value instanceof GoRef ? new GoRef(value.type, part) : part;
  }
  if (!(value instanceof GoRef)) return (elements ?? []).slice(start, end);
  const data =
    Array.isArray(value.data) || value.data instanceof Uint8Array ? value.data.slice(start, end) : value.data;
  return new GoRef(value.type, data);
}
