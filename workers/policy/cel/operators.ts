/** CEL's operators on values: arithmetic that fails instead of wrapping around, order, membership. */
import type { Budget } from './budget.ts';
import { equals, ordered } from './compare.ts';
import { noSuchOverload, runtimeError } from './error.ts';
import {
  asKey,
  CelDuration,
  CelList,
  CelTimestamp,
  CelUint,
  type CelValue,
  isList,
  isMap,
  itemsOf,
  lookUp,
} from './value.ts';

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

export type BinaryOperation = (left: CelValue, right: CelValue, budget: Budget) => CelValue;

/** Throws CelError for a value that no int holds. */
export function fitInt(value: bigint): bigint {
  if (value < MIN_INT || value > MAX_INT) throw runtimeError('integer overflow');
  return value;
}

export function fitUint(value: bigint): CelUint {
  if (value < 0n || value > MAX_UINT) throw runtimeError('unsigned integer overflow');
  return new CelUint(value);
}

function fitDuration(value: bigint): CelDuration {
  return new CelDuration(fitInt(value));
}

/** Years 1 to 9999. */
const MIN_TIMESTAMP = -62_135_596_800n * 1_000_000_000n;
const MAX_TIMESTAMP = 253_402_300_800n * 1_000_000_000n - 1n;

export function fitTimestamp(nanos: bigint): CelTimestamp {
  if (nanos < MIN_TIMESTAMP || nanos > MAX_TIMESTAMP) throw runtimeError('timestamp overflow');
  return new CelTimestamp(nanos);
}

interface Arithmetic {
  readonly whole: (a: bigint, b: bigint) => bigint;
  readonly real?: (a: number, b: number) => number;
}

function numeric({ whole, real }: Arithmetic, a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'bigint' && typeof b === 'bigint') return fitInt(whole(a, b));
  if (typeof a === 'number' && typeof b === 'number' && real !== undefined) return real(a, b);
  if (a instanceof CelUint && b instanceof CelUint) return fitUint(whole(a.value, b.value));
  throw noSuchOverload();
}

const ADDITION: Arithmetic = { whole: (a, b) => a + b, real: (a, b) => a + b };
const SUBTRACTION: Arithmetic = { whole: (a, b) => a - b, real: (a, b) => a - b };
const MULTIPLICATION: Arithmetic = { whole: (a, b) => a * b, real: (a, b) => a * b };
const DIVISION: Arithmetic = {
  whole: (a, b) => {
    if (b === 0n) throw runtimeError('division by zero');
    return a / b;
  },
  real: (a, b) => a / b,
};
const REMAINDER: Arithmetic = {
  whole: (a, b) => {
    if (b === 0n) throw runtimeError('modulus by zero');
    return a % b;
  },
};

function add(a: CelValue, b: CelValue, budget: Budget): CelValue {
  if (typeof a === 'string' && typeof b === 'string') {
    budget.admitText(a.length + b.length);
    return a + b;
  }
  if (isList(a) && isList(b)) {
    const left = itemsOf(a);
    const right = itemsOf(b);
    budget.admitList(left.length + right.length);
    return new CelList([...left, ...right]);
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    budget.admitText(a.length + b.length);
    const joined = new Uint8Array(a.length + b.length);
    joined.set(a);
    joined.set(b, a.length);
    return joined;
  }
  if (a instanceof CelDuration) {
    if (b instanceof CelDuration) return fitDuration(a.nanos + b.nanos);
    if (b instanceof CelTimestamp) return fitTimestamp(a.nanos + b.nanos);
  }
  if (a instanceof CelTimestamp && b instanceof CelDuration) return fitTimestamp(a.nanos + b.nanos);
  return numeric(ADDITION, a, b);
}

function subtract(a: CelValue, b: CelValue): CelValue {
  if (a instanceof CelDuration && b instanceof CelDuration) return fitDuration(a.nanos - b.nanos);
  if (a instanceof CelTimestamp) {
    if (b instanceof CelTimestamp) return fitDuration(a.nanos - b.nanos);
    if (b instanceof CelDuration) return fitTimestamp(a.nanos - b.nanos);
  }
  return numeric(SUBTRACTION, a, b);
}

function contains(element: CelValue, container: CelValue, budget: Budget): boolean {
  if (isList(container)) return itemsOf(container).some((item) => equals(element, item, budget));
  if (!isMap(container)) throw noSuchOverload();
  // What can not be a key is not there.
  return asKey(element) !== undefined && lookUp(container, element) !== undefined;
}

/** By CEL's own sign. `==` and `!=` never fail for values of different kinds. */
export const BINARY_OPERATIONS: ReadonlyMap<string, BinaryOperation> = new Map<string, BinaryOperation>([
  ['==', equals],
  ['!=', (a, b, budget) => !equals(a, b, budget)],
  ['<', (a, b) => ordered(a, b) < 0],
  ['<=', (a, b) => ordered(a, b) <= 0],
  ['>', (a, b) => ordered(a, b) > 0],
  ['>=', (a, b) => ordered(a, b) >= 0],
  ['+', add],
  ['-', subtract],
  ['*', (a, b) => numeric(MULTIPLICATION, a, b)],
  ['/', (a, b) => numeric(DIVISION, a, b)],
  ['%', (a, b) => numeric(REMAINDER, a, b)],
  ['in', contains],
]);

export function negate(value: CelValue): CelValue {
  if (typeof value === 'bigint') return fitInt(-value);
  if (typeof value === 'number') return -value;
  if (value instanceof CelDuration) return fitDuration(-value.nanos);
  throw noSuchOverload();
}

export function not(value: CelValue): boolean {
  if (typeof value !== 'boolean') throw noSuchOverload();
  return !value;
}
