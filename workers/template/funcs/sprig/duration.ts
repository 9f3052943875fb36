/**
 * Go's time.Duration: nanoseconds in 64 bits.
 */

import { FuncError } from '../../func.ts';
import { quote } from '../../quote.ts';

export const MICROSECOND = 1_000n;
export const MILLISECOND = 1_000_000n;
export const SECOND = 1_000_000_000n;
export const MINUTE = 60n * SECOND;
export const HOUR = 60n * MINUTE;

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', MICROSECOND],
  ['µs', MICROSECOND],
  ['μs', MICROSECOND],
  ['ms', MILLISECOND],
  ['s', SECOND],
  ['m', MINUTE],
  ['h', HOUR],
]);
const LIMIT = 2n ** 63n;
/** Fraction digits beyond these do not fit 63 bits, and Go drops them. */
const MAX_FRACTION = LIMIT - 1n;

const PART = /(\d*)(\.?)(\d*)([^.\d]*)/y;

function invalid(text: string): FuncError {
  return new FuncError(`time: invalid duration ${quote(text)}`);
}

/** A fraction's digits as a float of the unit, with Go's own rounding. */
function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > MAX_FRACTION / 10n || next > LIMIT) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}

/** time.ParseDuration. Throws FuncError. */
export function parseDuration(text: string): bigint {
  const signed = text.startsWith('-') || text.startsWith('+');
  const magnitude = signed ? text.slice(1) : text;
  if (magnitude === '0') return 0n;
  if (magnitude === '') throw invalid(text);
  let total = 0n;
  for (let index = 0; index < magnitude.length; ) {
    PART.lastIndex = index;
    const [part = '', whole = '', , fraction = '', unitName = ''] = PART.exec(magnitude) ?? [];
    if (whole === '' && fraction === '') throw invalid(text);
    const unit = UNITS.get(unitName);
    if (unit === undefined) {
      const problem = unitName === '' ? 'missing unit' : `unknown unit ${quote(unitName)}`;
      throw new FuncError(`time: ${problem} in duration ${quote(text)}`);
    }
    const value = BigInt(whole === '' ? '0' : whole);
    if (value > LIMIT / unit) throw invalid(text);
    total += value * unit + fractionOf(fraction, unit);
    if (total > LIMIT) throw invalid(text);
    index += part.length;
  }
  const negative = text.startsWith('-');
  if (!negative && total === LIMIT) throw invalid(text);
  return BigInt.asIntN(64, negative ? -total : total);
}

/** A number of units with the smaller ones as a fraction without zeros at its end. */
function withFraction(value: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction =
    digits === 0
      ? ''
      : String(value % unit)
          .padStart(digits, '0')
          .replace(/0+$/, '');
  return `${value / unit}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Duration.String: `1h2m3.5s`, `1.5µs`, `0s`. */
export function formatDuration(duration: bigint): string {
  if (duration === 0n) return '0s';
  const sign = duration < 0n ? '-' : '';
  const value = duration < 0n ? -duration : duration;
  if (value < MICROSECOND) return `${sign}${value}ns`;
  if (value < MILLISECOND) return `${sign}${withFraction(value, MICROSECOND)}µs`;
  if (value < SECOND) return `${sign}${withFraction(value, MILLISECOND)}ms`;
  const hours = value / HOUR;
  const minutes = (value % HOUR) / MINUTE;
  const large = hours > 0n ? `${hours}h${minutes}m` : minutes > 0n ? `${minutes}m` : '';
  return `${sign}${large}${withFraction(value % MINUTE, SECOND)}s`;
}

/** Duration.Round: to the nearest multiple, halves away from zero. */
export function roundDuration(duration: bigint, unit: bigint): bigint {
  if (unit <= 0n) return duration;
  const sign = duration < 0n ? -1n : 1n;
  const magnitude = duration * sign;
  const rest = magnitude % unit;
  const rounded = rest + rest < unit ? magnitude - rest : magnitude - rest + unit;
  const limit = sign < 0n ? LIMIT : LIMIT - 1n;
  return sign * (rounded > limit ? limit : rounded);
}
