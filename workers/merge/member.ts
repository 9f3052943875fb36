/** Objects whose keys come from users: read own members only, and write `__proto__` like any other. */
import type { JsonObject, JsonValue } from '../template/value.ts';

/**
 * The own member, or undefined when there is none. No member of JSON is undefined or a function, and what objects inherit are functions,
 * but for `__proto__`: so the value tells, and the second look that `Object.hasOwn` would be is seldom needed.
 */
export function ownMember(object: JsonObject, key: string): JsonValue | undefined {
  const value: unknown = object[key];
  if (typeof value !== 'function' && key !== '__proto__') return value as JsonValue | undefined;
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets an own member; plain assignment of `__proto__` would change the prototype. */
export function setMember(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The dynamic type that Go's decoder would give a value: whole numbers that fit are int64, others float64. */
export type ValueKind = 'null' | 'bool' | 'string' | 'int' | 'float' | 'map' | 'list';

export function valueKind(value: JsonValue): ValueKind {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
      return isInt64(value) ? 'int' : 'float';
    default:
      if (value === null) return 'null';
      return Array.isArray(value) ? 'list' : 'map';
  }
}

// A JavaScript number has forgotten whether its text was `1` or `1.0`; Go's decoder takes the latter for a float64.
function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
}
