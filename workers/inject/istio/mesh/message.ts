/**
 * Protobuf messages as plain data, and the schemas that tell what a message may hold. The schemas are built in mesh-schema.ts.
 */

import type { GoPointerType, GoScalarType, GoType } from '../../../template/value.ts';
import { GoRef } from '../../../template/value.ts';

/**
 * A decoded message. Members are keyed by JSON name: string, boolean, number (32-bit integers, enums, doubles, a Duration's
 * seconds), bigint (Int64Value), Message, array, null-prototype object for a map. A oneof is keyed by its Go name, which begins
 * with a capital as no JSON name does, and holds what `oneofMember` makes. Absent members are unset. Messages are never changed once built,
 * so they share parts, and a Go view (a GoRef with the schema's `goPointer`) lies over a message without copying it.
 */
export interface Message {
  readonly [member: string]: unknown;
}

export type ScalarKind = 'string' | 'bool' | 'int32' | 'uint32' | 'int64' | 'double';
export type FieldKind = ScalarKind | 'enum' | 'message';

export interface FieldSchema {
  /** Name in the .proto file, e.g. `drain_duration`. */
  readonly name: string;
  /** Name in JSON, e.g. `drainDuration`. */
  readonly jsonName: string;
  /** Name in Go, e.g. `DrainDuration`. */
  readonly goName: string;
  readonly cardinality: 'single' | 'repeated' | 'map';
  /** Of the element, for lists and maps (whose keys are always strings). */
  readonly kind: FieldKind;
  readonly enum: EnumSchema | null;
  readonly message: MessageSchema | null;
  readonly oneof: OneofSchema | null;
  /** The first minor release of Istio that knows the field; 0 for fields older than any release we follow. */
  readonly since: number;
  /** The field's type in Go: `*v1alpha1.Tracing`, `map[string]string`, `uint32` … */
  readonly goType: GoType;
  /** For a member of a oneof: pointer to the Go struct that wraps it, e.g. `*v1alpha1.ProxyConfig_ServiceCluster`. */
  readonly wrapper: GoPointerType | null;
}

export interface OneofSchema {
  readonly name: string;
  readonly goName: string;
  readonly fields: readonly FieldSchema[];
}

export interface MessageSchema {
  readonly name: string;
  /** In declared order, which is the order of JSON output. */
  readonly fields: readonly FieldSchema[];
  readonly oneofs: readonly OneofSchema[];
  /** Pointer to the Go struct, with its methods. */
  readonly goPointer: GoPointerType;
}

export interface EnumSchema {
  readonly name: string;
  readonly numberOf: ReadonlyMap<string, { readonly number: number; readonly since: number }>;
  readonly nameOf: ReadonlyMap<number, string>;
  readonly goType: GoScalarType;
}

/** The set member of a oneof, which Go holds in a wrapper struct of its own. The wrapper's type tells which member it is. */
export function oneofMember(field: FieldSchema, value: unknown): GoRef {
  if (field.wrapper === null) throw new Error(`${field.name} is no member of a oneof`);
  return new GoRef(field.wrapper, { [field.goName]: value });
}

/** What a oneof holds; undefined when none of its members is set. */
export function oneofHeld(message: Message, oneof: OneofSchema): GoRef | undefined {
  const held = message[oneof.goName];
  return held instanceof GoRef ? held : undefined;
}

/** The value of a field, set or not; undefined stands for the zero value. */
export function fieldValue(message: Message, field: FieldSchema): unknown {
  if (field.oneof === null) return message[field.jsonName];
  const held = oneofHeld(message, field.oneof);
  if (held === undefined || held.type !== field.wrapper) return undefined;
  return (held.data as Message)[field.goName];
}

/**
 * Whether protobuf reflection says that the field is set: present for messages and oneofs, not zero for scalars, not empty for
 * lists and maps. JSON output and merging see set fields only.
 */
export function isSet(message: Message, field: FieldSchema): boolean {
  if (field.oneof !== null) return oneofHeld(message, field.oneof)?.type === field.wrapper;
  const value = message[field.jsonName];
  if (value === undefined) return false;
  if (field.cardinality === 'repeated') return (value as readonly unknown[]).length > 0;
  if (field.cardinality === 'map') {
    for (const _key in value as object) return true;
    return false;
  }
  return isNonZero(field.kind, value);
}

function isNonZero(kind: FieldKind, value: unknown): boolean {
  switch (kind) {
    case 'message':
      return true;
    case 'string':
      return value !== '';
    case 'bool':
      return value === true;
    case 'int64':
      return value !== 0 && value !== 0n;
    default:
      return value !== 0;
  }
}
