/**
 * Values of CEL. What comes from a review is not converted: JSON objects and lists stand as they are, and a member is taken for a CEL
 * value when it is read (`fromJson`). What an expression makes are CelList and CelMap, whose numbers have their CEL types.
 *
 *   bool boolean · int bigint · uint CelUint · double number · string string · bytes Uint8Array · null_type null
 */
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { CelError, noSuchOverload } from './error.ts';

export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelList
  | CelMap
  | CelType
  | CelOptional
  | CelTimestamp
  | CelDuration
  | CelOpaque
  | LazyObject
  | JsonObject
  | readonly JsonValue[];

export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class CelList {
  readonly items: readonly CelValue[];
  constructor(items: readonly CelValue[]) {
    this.items = items;
  }
}

export type MapKey = boolean | bigint | string | CelUint;

/** A map that an expression wrote out. Keys are told apart by type and text. */
export class CelMap {
  readonly #entries = new Map<string, readonly [MapKey, CelValue]>();

  /** Of two values for one key the later stands. */
  add(key: MapKey, value: CelValue): void {
    this.#entries.set(keyText(key), [key, value]);
  }

  delete(key: MapKey): void {
    this.#entries.delete(keyText(key));
  }

  get(key: MapKey): CelValue | undefined {
    return this.#entries.get(keyText(key))?.[1];
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): Iterable<readonly [MapKey, CelValue]> {
    return this.#entries.values();
  }
}

/** Integers are one key whether signed or not. */
function keyText(key: MapKey): string {
  if (typeof key === 'string') return `s${key}`;
  return typeof key === 'boolean' ? `b${key}` : `n${key instanceof CelUint ? key.value : key}`;
}

export class CelType {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class CelOptional {
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}
export const NONE = new CelOptional(undefined);

/** Nanoseconds since 1970, UTC. */
export class CelTimestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelDuration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A value of one of Kubernetes' own types, e.g. `kubernetes.Quantity`. */
export abstract class CelOpaque {
  abstract readonly typeName: string;
  abstract equals(other: CelOpaque): boolean;
}

/** An object whose members are worked out when they are first read: the `variables` of a policy. */
export abstract class LazyObject {
  abstract member(name: string): CelValue | undefined;
}

export function isJsonList(value: CelValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Whether a value is a JSON object of a review. Those have Object's prototype, or none. */
export function isJsonMap(value: CelValue): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A member or element of JSON as CEL sees it: whole numbers are integers, as the apiserver's decoder makes them. */
export function fromJson(value: JsonValue): CelValue {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return value;
}

export function typeNameOf(value: CelValue): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<CelValue, boolean | bigint | number | string>): string {
  if (value === null) return 'null_type';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof CelUint) return 'uint';
  if (value instanceof CelList || Array.isArray(value)) return 'list';
  if (value instanceof CelType) return 'type';
  if (value instanceof CelOptional) return 'optional_type';
  if (value instanceof CelTimestamp) return 'google.protobuf.Timestamp';
  if (value instanceof CelDuration) return 'google.protobuf.Duration';
  if (value instanceof CelOpaque) return value.typeName;
  return 'map';
}

export function isList(value: CelValue): value is CelList | readonly JsonValue[] {
  return value instanceof CelList || Array.isArray(value);
}

export function isMap(value: CelValue): value is CelMap | JsonObject {
  return value instanceof CelMap || isJsonMap(value);
}

/** Elements of a list as values. Throws CelError for anything else. */
export function itemsOf(value: CelValue): readonly CelValue[] {
  if (value instanceof CelList) return value.items;
  if (isJsonList(value)) return value.map(fromJson);
  throw noSuchOverload();
}

export function sizeOfMap(map: CelMap | JsonObject): number {
  return map instanceof CelMap ? map.size : Object.keys(map).length;
}

export function entriesOf(map: CelMap | JsonObject): Iterable<readonly [MapKey, CelValue]> {
  if (map instanceof CelMap) return map.entries();
  return Object.keys(map).map((key) => [key, fromJson(map[key] as JsonValue)] as const);
}

/** The value at a key; undefined where there is none. Throws CelError for a value that can not be a key. */
export function lookUp(map: CelMap | JsonObject, key: CelValue): CelValue | undefined {
  const wanted = asKey(key);
  if (wanted === undefined) throw noSuchOverload();
  if (map instanceof CelMap) return map.get(wanted);
  if (typeof wanted !== 'string' || !Object.hasOwn(map, wanted)) return undefined;
  return fromJson(map[wanted] as JsonValue);
}

/** A value as a map's key: doubles that are whole count as integers. Undefined for what is no key. */
export function asKey(value: CelValue): MapKey | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : undefined;
    default:
      return value instanceof CelUint ? value : undefined;
  }
}

/** Whether an error is one that operators of CEL absorb. */
export function isAbsorbed(error: unknown): error is CelError {
  return error instanceof CelError && error.code === 'CEL_RUNTIME';
}
