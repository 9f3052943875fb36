/**
 * Arguments of functions: the checks and conversions that text/template makes between a value and a parameter's type.
 */
import type { Operand } from './ast.ts';
import { idealValue } from './constant.ts';
import { assignable, concrete, isNil, pointee, typeName, typeOf, wrap } from './reflect.ts';
import type { Evaluate, Slot } from './run.ts';
import type { Site } from './site.ts';
import type { GoType, GoValue } from './value.ts';
import { GoRef } from './value.ts';

/** Evaluates an argument to a value of its parameter's type. */
export type EvaluateArgument = (...args: Parameters<Evaluate>) => GoValue;

/** Turns a value into one of the type, or throws TEMPLATE_EXEC. */
export function validator(type: GoType, site: Site): (value: Slot) => GoValue {
  if (type.name === undefined) {
    switch (type.kind) {
      case 'interface':
        return nullForNothing;
      case 'string':
        return (value) => (typeof value === 'string' ? value : convert(value, type, site));
      case 'bool':
        return (value) => (typeof value === 'boolean' ? value : convert(value, type, site));
      case 'int':
        return (value) => (typeof value === 'bigint' ? value : convert(value, type, site));
      case 'float64':
        return (value) => (typeof value === 'number' ? value : convert(value, type, site));
      default:
        break;
    }
  }
  return (value) => convert(value, type, site);
}

function nullForNothing(value: Slot): GoValue {
  return value === undefined ? null : value;
}

function convert(value: Slot, type: GoType, site: Site): GoValue {
  if (value === undefined) {
    return canBeNil(type) ? wrap(type, null) : site.fail(`invalid value; expected ${typeName(type)}`);
  }
  const inner = concrete(value) ?? null;
  const given = typeOf(inner);
  if (given !== null) {
    if (assignable(given, type)) return inner;
    if (given.kind === 'pointer' && assignable(given.elem, type) && inner instanceof GoRef) {
      if (isNil(inner)) site.fail(`dereference of nil pointer of type ${typeName(type)}`);
      return pointee(inner);
    }
  } else if (type.kind === 'interface') return null;
  const got = given === null ? 'interface {}' : typeName(given);
  return site.fail(`wrong type for value; expected ${typeName(type)}; got ${got}`);
}

function canBeNil(type: GoType): boolean {
  return type.kind === 'interface' || type.kind === 'map' || type.kind === 'slice' || type.kind === 'pointer';
}

/** The value of a literal as an argument of a type; constants take the parameter's type where their value fits it. */
export function literalArgument(literal: Operand, type: GoType, site: Site): EvaluateArgument {
  const result = literalOf(literal, type, site.context);
  if (!result.ok) return () => site.fail(result.message);
  return constant(result.value);
}

function constant(value: GoValue): EvaluateArgument {
  return () => value;
}

export type LiteralResult =
  | { readonly ok: true; readonly value: GoValue }
  | { readonly ok: false; readonly message: string };

/** The value of a literal as a type has it; `text` is how it is written. */
export function literalOf(literal: Operand, type: GoType, text: string): LiteralResult {
  if (literal.kind === 'nil') {
    if (canBeNil(type)) return { ok: true, value: wrap(type, null) };
    return { ok: false, message: `cannot assign nil to ${typeName(type)}` };
  }
  switch (type.kind) {
    case 'interface':
      return plainLiteral(literal, text);
    case 'bool':
      if (literal.kind === 'bool') return { ok: true, value: wrap(type, literal.value) };
      return { ok: false, message: `expected bool; found ${text}` };
    case 'string':
      if (literal.kind === 'string') return { ok: true, value: wrap(type, literal.value) };
      return { ok: false, message: `expected string; found ${text}` };
    case 'slice':
    case 'map':
    case 'pointer':
    case 'struct':
      return { ok: false, message: `can't handle ${text} for arg of type ${typeName(type)}` };
    default:
      return numberLiteral(literal, type, text);
  }
}

function numberLiteral(literal: Operand, type: GoType, text: string): LiteralResult {
  const constant = literal.kind === 'number' ? literal.value : null;
  if (type.kind === 'float64' || type.kind === 'float32') {
    const float = constant?.float ?? null;
    if (float === null) return { ok: false, message: `expected float; found ${text}` };
    return { ok: true, value: wrap(type, float) };
  }
  const unsigned = type.kind.startsWith('uint');
  const integer = (unsigned ? constant?.uint : constant?.int) ?? null;
  if (integer === null) return { ok: false, message: `expected ${unsigned ? 'unsigned ' : ''}integer; found ${text}` };
  const bits = Number(/\d+$/.exec(type.kind)?.[0] ?? 64);
  // A constant too large for its type is cut, not refused.
  return { ok: true, value: wrap(type, unsigned ? BigInt.asUintN(bits, integer) : BigInt.asIntN(bits, integer)) };
}

/** The value of a literal where any type will do. */
export function plainLiteral(literal: Operand, text: string): LiteralResult {
  switch (literal.kind) {
    case 'bool':
    case 'string':
      return { ok: true, value: literal.value };
    case 'number': {
      const value = idealValue(literal.value);
      return value === null ? { ok: false, message: `${text} overflows int` } : { ok: true, value };
    }
    default:
      return { ok: false, message: `can't handle assignment of ${text} to empty interface argument` };
  }
}
