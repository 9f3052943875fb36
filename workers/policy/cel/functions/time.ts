/** Timestamps and durations: RFC 3339 in and out, and their parts in UTC or another time zone. */
import { noSuchOverload, runtimeError } from '../error.ts';
import { asText, type CallContext, type CelFunction, type FunctionTable, known } from '../function.ts';
import { fitTimestamp } from '../operators.ts';
import { CelDuration, CelTimestamp, type CelValue } from '../value.ts';

const MILLI = 1_000_000n;
const SECOND = 1_000_000_000n;
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9})\d*)?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/;
const OFFSET = /^([+-]?)(\d{1,2}):(\d{2})$/;

/** Throws CelError for a text that is no time in RFC 3339. */
export function parseTimestamp(text: string): CelTimestamp {
  const match = RFC3339.exec(text);
  if (match === null) throw runtimeError(`parsing time ${JSON.stringify(text)} as RFC 3339 failed`);
  const [, year, month, day, hour, minute, second, fraction = '', , sign, offsetHours = '0', offsetMinutes = '0'] =
    match;
  const parts = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts;
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  date.setUTCHours(h, mi, s);
  const real =
    date.getUTCMonth() === mo - 1 && date.getUTCDate() === d && h < 24 && mi < 60 && s < 60 && mo >= 1 && d >= 1;
  if (!real || Number(offsetHours) > 23 || Number(offsetMinutes) > 59) {
    throw runtimeError(`parsing time ${JSON.stringify(text)}: out of range`);
  }
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  const nanos = BigInt(date.getTime()) * MILLI + BigInt(fraction.padEnd(9, '0'));
  return fitTimestamp(nanos - BigInt(offset) * 60n * SECOND);
}

export function formatTimestamp({ nanos }: CelTimestamp): string {
  const { date, rest } = split(nanos);
  const seconds = date.toISOString().slice(0, 19);
  const fraction = String(rest).padStart(9, '0').replace(/0+$/, '');
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** A time as a date of whole seconds, and the nanoseconds after it. */
function split(nanos: bigint): { readonly date: Date; readonly rest: bigint } {
  const rest = ((nanos % SECOND) + SECOND) % SECOND;
  return { date: new Date(Number((nanos - rest) / MILLI)), rest };
}

/** The date in a zone: UTC, a fixed offset such as `+02:00`, or a named one such as `Europe/Berlin`. */
function inZone(
  { nanos }: CelTimestamp,
  zone: CelValue | undefined,
  { zones, budget }: CallContext,
): { readonly date: Date; readonly rest: bigint } {
  if (zone === undefined) return split(nanos);
  const name = asText(zone);
  if (name === '' || name === 'UTC') return split(nanos);
  const match = OFFSET.exec(name);
  if (match === null) {
    const offset = zones.offsetAt(name, floorDivide(nanos, SECOND), budget);
    return split(nanos + BigInt(offset) * SECOND);
  }
  const minutes = (Number(match[2]) * 60 + Number(match[3])) * (match[1] === '-' ? -1 : 1);
  return split(nanos + BigInt(minutes) * 60n * SECOND);
}

const DAY_MS = 86_400_000;

function part(read: (date: Date, rest: bigint) => number, ofDuration?: (nanos: bigint) => bigint): CelFunction {
  return known(([value, zone]: readonly CelValue[], context: CallContext) => {
    if (value instanceof CelTimestamp) {
      const { date, rest } = inZone(value, zone, context);
      return BigInt(read(date, rest));
    }
    if (value instanceof CelDuration && ofDuration !== undefined && zone === undefined) return ofDuration(value.nanos);
    throw noSuchOverload();
  });
}

function yearDay(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS);
}

export const TIME_FUNCTIONS: FunctionTable = new Map([
  ['.getFullYear', part((date) => date.getUTCFullYear())],
  ['.getMonth', part((date) => date.getUTCMonth())],
  ['.getDate', part((date) => date.getUTCDate())],
  ['.getDayOfMonth', part((date) => date.getUTCDate() - 1)],
  ['.getDayOfWeek', part((date) => date.getUTCDay())],
  ['.getDayOfYear', part(yearDay)],
  [
    '.getHours',
    part(
      (date) => date.getUTCHours(),
      (nanos) => nanos / (3_600n * SECOND),
    ),
  ],
  [
    '.getMinutes',
    part(
      (date) => date.getUTCMinutes(),
      (nanos) => nanos / (60n * SECOND),
    ),
  ],
  [
    '.getSeconds',
    part(
      (date) => date.getUTCSeconds(),
      (nanos) => nanos / SECOND,
    ),
  ],
  [
    '.getMilliseconds',
    part(
      (_, rest) => Number(rest / MILLI),
      (nanos) => nanos / MILLI,
    ),
  ],
]);
