/**
 * sprig's arithmetic: int64 for the plain functions (they wrap around as Go's do), float64 for those that end in f.
 */
import type { CallContext, GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { sprint } from '../../printf.ts';
import type { GoType, GoValue } from '../../value.ts';
import { GoRef, INT, int64 } from '../../value.ts';
import { any, float, fn1, fn2, fn3, integer, text, variadic0, variadic1, variadic2 } from '../signature.ts';
import { toFloat64, toInt64 } from './cast.ts';
import type { Decimal } from './decimal.ts';
import {
  addDecimals,
  decimalFromFloat,
  decimalToFloat,
  divideDecimals,
  multiplyDecimals,
  subtractDecimals,
} from './decimal.ts';
import { parseDecimalInteger, parseOctalInteger } from './number-text.ts';

const INT_SLICE: GoType = { kind: 'slice', elem: INT };
const ZERO: Decimal = { units: 0n, exponent: 0 };
const ONE: Decimal = { units: 1n, exponent: 0 };

function divisor(value: GoValue): bigint {
  const number = toInt64(value);
  if (number === 0n) throw new FuncError('runtime error: integer divide by zero');
  return number;
}

function fold(first: bigint, rest: readonly GoValue[], step: (a: bigint, b: bigint) => bigint): GoValue {
  let result = first;
  for (const value of rest) result = BigInt.asIntN(64, step(result, toInt64(value)));
  return int64(result);
}

function foldDecimals(first: Decimal, rest: readonly GoValue[], step: (a: Decimal, b: Decimal) => Decimal): number {
  let result = first;
  for (const value of rest) result = step(result, decimalFromFloat(toFloat64(value)));
  return decimalToFloat(result);
}

function decimalOf(value: GoValue): Decimal {
  return decimalFromFloat(toFloat64(value));
}

/** math.Max and math.Min: the infinity asked for beats NaN. */
function extreme(
  first: GoValue,
  rest: readonly GoValue[],
  winner: number,
  pick: (a: number, b: number) => number,
): number {
  let result = toFloat64(first);
  for (const value of rest) {
    const other = toFloat64(value);
    result = result === winner || other === winner ? winner : pick(result, other);
  }
  return result;
}

/** math.Pow(10, n) with Go's own sequence of multiplications, which rounds differently from JavaScript's. */
function powerOfTen(exponent: bigint): number {
  let left = exponent < 0n ? -exponent : exponent;
  if (left > 1100n) return exponent < 0n ? 0 : Infinity;
  // 10 = 0.625 × 2^4
  let mantissa = 1;
  let power = 0;
  let factor = 0.625;
  let factorPower = 4;
  for (; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) {
      mantissa *= factor;
      power += factorPower;
    }
    factor *= factor;
    factorPower *= 2;
    if (factor < 0.5) {
      factor += factor;
      factorPower--;
    }
  }
  if (exponent < 0n) {
    mantissa = 1 / mantissa;
    power = -power;
  }
  const half = Math.trunc(power / 2);
  return mantissa * 2 ** half * 2 ** (power - half);
}

function round(value: GoValue, places: bigint, [roundOn = 0.5]: readonly number[]): number {
  const power = powerOfTen(places);
  const digits = power * toFloat64(value);
  const fraction = digits - Math.trunc(digits);
  return (fraction >= roundOn ? Math.ceil(digits) : Math.floor(digits)) / power;
}

function larger(a: bigint, b: bigint): bigint {
  if (b > a) return b;
  return a;
}

function smaller(a: bigint, b: bigint): bigint {
  if (b < a) return b;
  return a;
}

/** The numbers from start towards stop, without it; none when the step leads away. */
function steps(start: bigint, stop: bigint, step: bigint, context: CallContext): bigint[] {
  const numbers: bigint[] = [];
  if (stop < start ? step >= 0n : step <= 0n) return numbers;
  const distance = stop < start ? start - stop : stop - start;
  const stride = step < 0n ? -step : step;
  context.charge(Number((distance + stride - 1n) / stride));
  for (let number = start; stop < start ? number > stop : number < stop; number += step) numbers.push(number);
  return numbers;
}

function seq(params: readonly bigint[], context: CallContext): string {
  if (params.length === 0 || params.length > 3) return '';
  const start = params.length === 1 ? 1n : (params[0] ?? 0n);
  const end = params.at(-1) ?? 0n;
  const direction = end < start ? -1n : 1n;
  const step = params.length === 3 ? (params[1] ?? 0n) : direction;
  if (direction < 0n && step > 0n) return '';
  return steps(start, BigInt.asIntN(64, end + direction), step, context).join(' ');
}

export const mathFuncs: readonly (readonly [string, GoFunc])[] = [
  ['add', variadic0(any, (values) => fold(0n, values, (a, b) => a + b))],
  ['add1', fn1(any, (value) => int64(toInt64(value) + 1n))],
  ['sub', fn2(any, any, (a, b) => int64(toInt64(a) - toInt64(b)))],
  ['mul', variadic1(any, any, (first, rest) => fold(toInt64(first), rest, (a, b) => a * b))],
  ['div', fn2(any, any, (a, b) => int64(toInt64(a) / divisor(b)))],
  ['mod', fn2(any, any, (a, b) => int64(toInt64(a) % divisor(b)))],
  ['max', variadic1(any, any, (first, rest) => fold(toInt64(first), rest, larger))],
  ['biggest', variadic1(any, any, (first, rest) => fold(toInt64(first), rest, larger))],
  ['min', variadic1(any, any, (first, rest) => fold(toInt64(first), rest, smaller))],
  ['addf', variadic0(any, (values) => foldDecimals(ZERO, values, addDecimals))],
  ['add1f', fn1(any, (value) => decimalToFloat(addDecimals(decimalOf(value), ONE)))],
  ['subf', variadic1(any, any, (first, rest) => foldDecimals(decimalOf(first), rest, subtractDecimals))],
  ['mulf', variadic1(any, any, (first, rest) => foldDecimals(decimalOf(first), rest, multiplyDecimals))],
  ['divf', variadic1(any, any, (first, rest) => foldDecimals(decimalOf(first), rest, divideDecimals))],
  ['maxf', variadic1(any, any, (first, rest) => extreme(first, rest, Infinity, Math.max))],
  ['minf', variadic1(any, any, (first, rest) => extreme(first, rest, -Infinity, Math.min))],
  ['floor', fn1(any, (value) => Math.floor(toFloat64(value)))],
  ['ceil', fn1(any, (value) => Math.ceil(toFloat64(value)))],
  ['round', variadic2(any, integer, float, round)],
  ['int', fn1(any, toInt64)],
  ['int64', fn1(any, (value) => int64(toInt64(value)))],
  ['float64', fn1(any, toFloat64)],
  ['atoi', fn1(text, (value) => parseDecimalInteger(value).value)],
  [
    'toDecimal',
    fn1(any, (value) => {
      const parsed = parseOctalInteger(sprint(value));
      return int64(parsed.error === null ? parsed.value : 0n);
    }),
  ],
  ['until', fn1(integer, (count, context) => new GoRef(INT_SLICE, steps(0n, count, count < 0n ? -1n : 1n, context)))],
  [
    'untilStep',
    fn3(
      integer,
      integer,
      integer,
      (start, stop, step, context) => new GoRef(INT_SLICE, steps(start, stop, step, context)),
    ),
  ],
  ['seq', variadic0(integer, seq)],
];
