/**
 * Durations: Go's notation (`1h30m`, `1.5s`), which Istio reads, and protobuf's JSON notation (`1.500s`), which it writes.
 */
import type { Message } from './message.ts';

/** A google.protobuf.Duration. Both members have the same sign; absent means zero. */
export interface Duration extends Message {
  readonly seconds?: number;
  readonly nanos?: number;
}

const NANOS_PER_SECOND = 1_000_000_000n;
const MAX_NANOS = 2n ** 63n;

const NANOS_PER_UNIT: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  // U+00B5 and U+03BC, two spellings of micro.
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', NANOS_PER_SECOND],
  ['m', 60n * NANOS_PER_SECOND],
  ['h', 3_600n * NANOS_PER_SECOND],
]);

const TERM = /(\d*)(?:(\.)(\d*))?([^\d.]+)/y;

/** Nanoseconds of a duration as Go's time.ParseDuration reads it, or null where that fails (also beyond 64 bits). */
export function parseGoDuration(text: string): bigint | null {
  const negative = text.startsWith('-');
  const unsigned = negative || text.startsWith('+') ? text.slice(1) : text;
  if (unsigned === '0') return 0n;
  if (unsigned === '') return null;
  let total = 0n;
  TERM.lastIndex = 0;
  for (let at = 0; at < unsigned.length; at = TERM.lastIndex) {
    TERM.lastIndex = at;
    const match = TERM.exec(unsigned);
    const nanos = match === null ? null : termNanos(match);
    if (nanos === null) return null;
    total += nanos;
    if (total > MAX_NANOS) return null;
  }
  if (negative) return -total;
  return total === MAX_NANOS ? null : total;
}

function termNanos([, whole = '', point, fraction = '', unitName = '']: RegExpExecArray): bigint | null {
  const unit = NANOS_PER_UNIT.get(unitName);
  if (unit === undefined || (whole === '' && fraction === '')) return null;
  const units = BigInt(whole === '' ? '0' : whole);
  if (units > MAX_NANOS / unit) return null;
  const nanos = units * unit;
  const sum = point === undefined ? nanos : nanos + fractionNanos(fraction, unit);
  return sum > MAX_NANOS ? null : sum;
}

/** Go keeps as many digits of a fraction as fit 63 bits, and scales them in float64, rounding down. */
function fractionNanos(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > (MAX_NANOS - 1n) / 10n || next > MAX_NANOS) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}

/** The protobuf form of a number of nanoseconds. */
export function durationOfNanos(nanos: bigint): Duration {
  return { seconds: Number(nanos / NANOS_PER_SECOND), nanos: Number(nanos % NANOS_PER_SECOND) };
}

/** Nanoseconds of a duration message; 0 for an absent one, as Go's AsDuration of a nil pointer. */
export function nanosOf(duration: Duration | undefined): bigint {
  if (duration === undefined) return 0n;
  return BigInt(duration.seconds ?? 0) * NANOS_PER_SECOND + BigInt(duration.nanos ?? 0);
}

/** Protobuf's JSON notation: seconds with 0, 3, 6 or 9 digits of a fraction. */
export function encodeDuration(duration: Duration): string {
  const seconds = duration.seconds ?? 0;
  const nanos = duration.nanos ?? 0;
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  const fraction = String(Math.abs(nanos)).padStart(9, '0');
  const kept = fraction.endsWith('000000000') ? '' : fraction.replace(/(000){1,2}$/, '');
  return `${sign}${Math.abs(seconds)}${kept === '' ? '' : `.${kept}`}s`;
}

/** Go's time.Duration.String: `1h30m0s`, `1.5s`, `300ms`, `0s`. */
export function formatGoDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  if (size < NANOS_PER_SECOND) return sign + formatBelowSecond(size);
  const minutes = size / (60n * NANOS_PER_SECOND);
  const rest = size % (60n * NANOS_PER_SECOND);
  const seconds = `${decimal(rest, NANOS_PER_SECOND)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

function formatBelowSecond(nanos: bigint): string {
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimal(nanos, 1_000n)}\u00b5s`;
  return `${decimal(nanos, 1_000_000n)}ms`;
}

/** A quotient by a power of ten, with no more digits than it needs. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = String(value % unit)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '');
  return `${value / unit}${fraction === '' ? '' : `.${fraction}`}`;
}
