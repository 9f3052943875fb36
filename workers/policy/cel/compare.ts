/** Equality and order as CEL defines them: numbers compare across their types, everything else only with its own kind. */

import type { JsonObject, JsonValue } from '../../template/value.ts';
import type { Budget } from './budget.ts';
import { limitError, noSuchOverload, runtimeError } from './error.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import {
  CelDuration,
  type CelList,
  type CelMap,
  CelOpaque,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
  entriesOf,
  isList,
  isMap,
  itemsOf,
  lookUp,
  sizeOfMap,
} from './value.ts';

type Num = bigint | number | CelUint;

function isNumber(value: CelValue): value is Num {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof CelUint;
}

function plain(value: Num): bigint | number {
  return value instanceof CelUint ? value.value : value;
}

/** Values of different kinds are unequal, never an error. Throws CelError CEL_LIMIT. */
export function equals(a: CelValue, b: CelValue, budget: Budget, depth = 0): boolean {
  if (a === b) return true;
  if (depth > MAX_VALUE_DEPTH) throw limitError(`values nested deeper than ${MAX_VALUE_DEPTH} levels are compared`);
  budget.spend(1);
  // Integers and floating point numbers compare by value here (`1 == 1.0`), which is what JavaScript's own operator does.
  if (isNumber(a)) return isNumber(b) && equalNumbers(plain(a), plain(b));
  if (typeof a === 'string' || typeof a === 'boolean' || a === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (isList(a)) return isList(b) && equalLists(a, b, budget, depth);
  if (isMap(a)) return isMap(b) && equalMaps(a, b, budget, depth);
  return equalOthers(a, b, budget, depth);
}

function equalNumbers(a: bigint | number, b: bigint | number): boolean {
  return compareNumbers(a, b) === 0;
}

function equalOthers(a: CelValue, b: CelValue, budget: Budget, depth: number): boolean {
  if (a instanceof CelType) return b instanceof CelType && a.name === b.name;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.nanos === b.nanos;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelOpaque) return b instanceof CelOpaque && a.typeName === b.typeName && a.equals(b);
  if (!(a instanceof CelOptional && b instanceof CelOptional)) return false;
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equals(a.value, b.value, budget, depth + 1);
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function equalLists(
  a: CelList | readonly JsonValue[],
  b: CelList | readonly JsonValue[],
  budget: Budget,
  depth: number,
): boolean {
  const left = itemsOf(a);
  const right = itemsOf(b);
  if (left.length !== right.length) return false;
  return left.every((item, index) => equals(item, right[index] as CelValue, budget, depth + 1));
}

function equalMaps(a: CelMap | JsonObject, b: CelMap | JsonObject, budget: Budget, depth: number): boolean {
  if (sizeOfMap(a) !== sizeOfMap(b)) return false;
  for (const [key, value] of entriesOf(a)) {
    const other = lookUp(b, key);
    if (other === undefined || !equals(value, other, budget, depth + 1)) return false;
  }
  return true;
}

/** Order of two values: negative, 0 or positive; NaN where there is none (a NaN). Throws CelError for values without order. */
export function compare(a: CelValue, b: CelValue): number {
  if (isNumber(a) && isNumber(b)) return compareNumbers(plain(a), plain(b));
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return compareNumbers(a.nanos, b.nanos);
  if (a instanceof CelDuration && b instanceof CelDuration) return compareNumbers(a.nanos, b.nanos);
  throw noSuchOverload();
}

function compareNumbers(a: bigint | number, b: bigint | number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? Number.NaN : 0;
}

/** By code points, as UTF-8 orders. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    // A surrogate stands for a code point beyond all others of one unit.
    const order = surrogateLast(left) - surrogateLast(right);
    return order < 0 ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

function surrogateLast(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = (a[index] as number) - (b[index] as number);
    if (order !== 0) return order < 0 ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

/** Throws where an order is asked of what has none. */
export function ordered(a: CelValue, b: CelValue): number {
  const order = compare(a, b);
  if (Number.isNaN(order)) throw runtimeError('NaN values cannot be ordered');
  return order;
}
