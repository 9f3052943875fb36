/**
 * shopspring/decimal as sprig's addf, subf, mulf and divf use it: exact decimal arithmetic between float64 values.
 */

import { formatFloat64 } from '../../float.ts';
import { FuncError } from '../../func.ts';

/** units × 10^exponent */
export interface Decimal {
  readonly units: bigint;
  readonly exponent: number;
}

/** Digits after the point of a quotient (decimal.DivisionPrecision). */
const DIVISION_PRECISION = 16;

/** The decimal with the fewest digits that reads back as the float. Throws FuncError for NaN and infinities. */
export function decimalFromFloat(value: number): Decimal {
  if (!Number.isFinite(value)) throw new FuncError(`Cannot create a Decimal from ${formatFloat64(value)}`);
  if (value === 0) return { units: 0n, exponent: 0 };
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { units: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** The nearest float64; infinite when out of range. */
export function decimalToFloat({ units, exponent }: Decimal): number {
  return Number(`${units}e${exponent}`);
}

function scaled({ units, exponent }: Decimal, to: number): bigint {
  return units * 10n ** BigInt(exponent - to);
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  return { units: scaled(a, exponent) + scaled(b, exponent), exponent };
}

export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, { units: -b.units, exponent: b.exponent });
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, exponent: a.exponent + b.exponent };
}

/** a / b to 16 digits after the point, halves away from zero. Throws FuncError for division by 0. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (b.units === 0n) throw new FuncError('decimal division by 0');
  const shift = a.exponent - b.exponent + DIVISION_PRECISION;
  const dividend = shift < 0 ? a.units : a.units * 10n ** BigInt(shift);
  const divisor = shift < 0 ? b.units * 10n ** BigInt(-shift) : b.units;
  const quotient = dividend / divisor;
  const remainder = dividend % divisor;
  const doubled = 2n * (remainder < 0n ? -remainder : remainder);
  const roundAway = doubled >= (divisor < 0n ? -divisor : divisor);
  const step = a.units < 0n === b.units < 0n ? 1n : -1n;
  return { units: roundAway ? quotient + step : quotient, exponent: -DIVISION_PRECISION };
}
