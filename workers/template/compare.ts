/**
 * eq and lt: comparison of basic kinds, with Go's rules for what can be compared with what.
 */
import { FuncError } from './func.ts';
import { compareBytes } from './gostring.ts';
import { concrete, isNil, kindOf, sameType, scalarOfRef, structField, typeOf, typeString } from './reflect.ts';
import type { GoType, GoValue } from './value.ts';
import { GoNumber, GoRef } from './value.ts';

type Basic = 'bool' | 'int' | 'uint' | 'float' | 'string' | null;

/** Whether two values are equal. Throws FuncError for values that Go does not compare. */
export function equalValues(left: GoValue, right: GoValue): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left === right;
  const a = scalarOfRef(left);
  const b = scalarOfRef(right);
  const kind = basicKind(a);
  const otherKind = basicKind(b);
  if (kind !== otherKind) {
    if (areIntegers(kind, otherKind)) return integer(a) === integer(b);
    if (kindOf(a) === 'invalid' || kindOf(b) === 'invalid') return false;
    throw incompatible(left, right);
  }
  switch (kind) {
    case null:
      return equalComposites(a ?? null, b ?? null);
    case 'int':
    case 'uint':
      return integer(a) === integer(b);
    case 'float':
      return float(a) === float(b);
    default:
      return a === b;
  }
}

/** Whether one value is less than another. Throws FuncError for values without order. */
export function compareValues(left: GoValue, right: GoValue): boolean {
  const a = scalarOfRef(left);
  const b = scalarOfRef(right);
  const kind = basicKind(a);
  const otherKind = basicKind(b);
  if (kind === null || otherKind === null) throw new FuncError('invalid type for comparison');
  if (kind !== otherKind && !areIntegers(kind, otherKind)) throw incompatible(left, right);
  switch (kind) {
    case 'bool':
      throw new FuncError('invalid type for comparison');
    case 'string':
      return compareBytes(String(a), String(b)) < 0;
    case 'float':
      return float(a) < float(b);
    default:
      return integer(a) < integer(b);
  }
}

function basicKind(value: GoValue | undefined): Basic {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    default:
      if (!(value instanceof GoNumber)) return null;
      if (value.kind === 'float32') return 'float';
      return value.kind.startsWith('u') ? 'uint' : 'int';
  }
}

/** Integers compare by value, whatever their types. */
function areIntegers(a: Basic, b: Basic): boolean {
  return (a === 'int' && b === 'uint') || (a === 'uint' && b === 'int');
}

function integer(value: GoValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  return value instanceof GoNumber ? BigInt(value.value) : 0n;
}

function float(value: GoValue | undefined): number {
  return value instanceof GoNumber ? Number(value.value) : Number(value);
}

function incompatible(a: GoValue, b: GoValue): FuncError {
  return new FuncError(`incompatible types for comparison: ${typeString(a)} and ${typeString(b)}`);
}

/** Values of no basic kind: only nil, pointers and structs can be equal; maps and slices can not be compared. */
function equalComposites(a: GoValue, b: GoValue): boolean {
  const kind = kindOf(a);
  const otherKind = kindOf(b);
  if (kind !== otherKind && kind !== 'invalid' && otherKind !== 'invalid') {
    throw new FuncError(`non-comparable types ${typeString(a)} and ${typeString(b)}`);
  }
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  const type = typeOf(b);
  if (type === null || !isComparable(type)) throw new FuncError(`non-comparable type ${typeString(b)}`);
  return identical(a, b);
}

function isComparable(type: GoType): boolean {
  if (type.kind === 'map' || type.kind === 'slice') return false;
  return type.kind !== 'struct' || [...type.fields.values()].every((field) => isComparable(field.type));
}

/** Go's == on two values of one type; pointers are equal when they share their data. */
function identical(left: GoValue | undefined, right: GoValue | undefined): boolean {
  const a = concrete(left);
  const b = concrete(right);
  const type = typeOf(a);
  const otherType = typeOf(b);
  if (type === null || otherType === null) return type === otherType;
  if (!sameType(type, otherType)) return false;
  if (!(a instanceof GoRef) || !(b instanceof GoRef)) {
    if (!isComparable(type)) throw new FuncError(`comparing uncomparable type ${typeString(a)}`);
    return a instanceof GoNumber && b instanceof GoNumber ? a.value === b.value : a === b;
  }
  if (type.kind === 'struct') {
    return [...type.fields.values()].every((field) => identical(structField(a, field), structField(b, field)));
  }
  if (type.kind === 'pointer') return isNil(a) || isNil(b) ? isNil(a) === isNil(b) : a.data === b.data;
  if (!isComparable(type)) throw new FuncError(`comparing uncomparable type ${typeString(a)}`);
  return equalValues(a, b);
}
