/**
 * Go values as templates see them, and the Go types that are needed to treat them as Go does.
 *
 * Most values need no wrapper: what Go's encoding/json decodes into `any` is a plain JavaScript value.
 *
 *   JavaScript            Go
 *   null                  untyped nil (an `any` holding nothing)
 *   boolean               bool
 *   string                string (JavaScript strings are UTF-16; byte-wise behaviour of Go is up to each function)
 *   number                float64
 *   bigint                int
 *   GoNumber              every other numeric type (int32, int64, uint8, float32, named numbers …)
 *   array                 []any
 *   plain object          map[string]any   (keys may come from users: read only through Object.hasOwn)
 *   GoRef                 everything whose static type matters: structs, pointers, typed maps and slices, named types
 *
 * `undefined` is never a GoValue; it stands for "the zero reflect.Value" (a missing map key) inside the engine only.
 */

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Whether a JSON value is an object, and no list. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type GoNumberKind =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'uintptr'
  | 'float32';

/** A number of a Go type other than int (bigint) and float64 (number). Integer kinds hold a bigint, float32 a number. */
export class GoNumber {
  readonly kind: GoNumberKind;
  readonly value: bigint | number;
  constructor(kind: GoNumberKind, value: bigint | number) {
    this.kind = kind;
    this.value = value;
  }
}

export type GoMethod = (receiver: GoRef, args: readonly GoValue[]) => GoValue;

interface GoTypeBase {
  /** The qualified name of a named type as `%T` prints it, e.g. `v1.Container`. */
  readonly name?: string;
  /** Methods of the type (for a pointer: of the pointer), by their Go name. */
  readonly methods?: ReadonlyMap<string, GoMethod>;
}

export type GoScalarKind = 'bool' | 'string' | 'int' | 'float64' | GoNumberKind;
export interface GoScalarType extends GoTypeBase {
  readonly kind: GoScalarKind;
}
/** `any`: the value tells its own type. */
export interface GoInterfaceType extends GoTypeBase {
  readonly kind: 'interface';
}
export interface GoSliceType extends GoTypeBase {
  readonly kind: 'slice';
  readonly elem: GoType;
}
export interface GoMapType extends GoTypeBase {
  readonly kind: 'map';
  readonly key: GoType;
  readonly elem: GoType;
}
export interface GoPointerType extends GoTypeBase {
  readonly kind: 'pointer';
  readonly elem: GoType;
}
export interface GoStructType extends GoTypeBase {
  readonly kind: 'struct';
  /** In declaration order, embedded structs already promoted as Go's selector rules promote them. */
  readonly fields: ReadonlyMap<string, GoField>;
}
export type GoType = GoScalarType | GoInterfaceType | GoSliceType | GoMapType | GoPointerType | GoStructType;

export interface GoField {
  /** Go name of the field. */
  readonly name: string;
  readonly type: GoType;
  /** The member that holds it in the underlying JavaScript data (the JSON name; for plain Go data the Go name). */
  readonly jsonName: string;
  readonly omitempty?: boolean;
}

/**
 * A value with a static Go type over plain data that is not copied: a struct over its JSON object, a typed map over an
 * object, a typed slice over an array. `undefined` or `null` data is Go's zero value of the type (nil pointer, nil map,
 * nil slice, empty struct).
 */
export class GoRef {
  readonly type: GoType;
  readonly data: unknown;
  constructor(type: GoType, data: unknown) {
    this.type = type;
    this.data = data;
  }
}

export type GoValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | GoNumber
  | GoRef
  | readonly unknown[]
  | { readonly [key: string]: unknown };

export const ANY: GoInterfaceType = { kind: 'interface' };
export const STRING: GoScalarType = { kind: 'string' };
export const BOOL: GoScalarType = { kind: 'bool' };
export const INT: GoScalarType = { kind: 'int' };
export const FLOAT64: GoScalarType = { kind: 'float64' };
export const STRING_SLICE: GoSliceType = { kind: 'slice', elem: STRING };
export const STRING_MAP: GoMapType = { kind: 'map', key: STRING, elem: STRING };
export const ANY_MAP: GoMapType = { kind: 'map', key: STRING, elem: ANY };

/** A []string, which `%T`, `kindOf` and assignability tell from a []any. */
export function stringSlice(items: readonly string[]): GoRef {
  return new GoRef(STRING_SLICE, items);
}
/** A map[string]string, whose missing keys read as "" where a map[string]any gives nothing. */
export function stringMap(entries: unknown): GoRef {
  return new GoRef(STRING_MAP, entries);
}
export function int64(value: bigint): GoNumber {
  return new GoNumber('int64', BigInt.asIntN(64, value));
}
