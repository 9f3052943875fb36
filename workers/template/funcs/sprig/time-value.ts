/**
 * time.Time and time.Duration as values in templates: their types, and the methods a template can call.
 */
import { FuncError } from '../../func.ts';
import { quote } from '../../quote.ts';
import type { GoField, GoMethod, GoScalarType, GoStructType, GoType, GoValue } from '../../value.ts';
import { GoNumber, GoRef, int64 } from '../../value.ts';
import type { CivilTime } from './calendar.ts';
import { civilTime, GoTime, timeFromCivil, ZERO_TIME } from './calendar.ts';
import { formatDuration, HOUR, MICROSECOND, MILLISECOND, MINUTE, roundDuration, SECOND } from './duration.ts';
import { formatTime } from './time-format.ts';
import { MONTHS, WEEKDAYS } from './time-layout.ts';
import { UTC } from './time-zone.ts';

const STRING_LAYOUT = '2006-01-02 15:04:05.999999999 -0700 MST';
const JSON_LAYOUT = '2006-01-02T15:04:05.999999999Z07:00';

const MONTH: GoScalarType = {
  kind: 'int',
  name: 'time.Month',
  methods: new Map<string, GoMethod>([['String', (receiver) => MONTHS[Number(receiver.data) - 1] ?? '']]),
};
const WEEKDAY: GoScalarType = {
  kind: 'int',
  name: 'time.Weekday',
  methods: new Map<string, GoMethod>([['String', (receiver) => WEEKDAYS[Number(receiver.data)] ?? '']]),
};

function nanosOf(receiver: GoRef): bigint {
  return receiver.data as bigint;
}

function floatUnits(unit: bigint): GoMethod {
  // Whole units and the rest apart, as Go adds them.
  return (receiver) => Number(nanosOf(receiver) / unit) + Number(nanosOf(receiver) % unit) / Number(unit);
}

const DURATION: GoScalarType = {
  kind: 'int64',
  name: 'time.Duration',
  methods: new Map<string, GoMethod>([
    ['String', (receiver) => formatDuration(nanosOf(receiver))],
    ['Hours', floatUnits(HOUR)],
    ['Minutes', floatUnits(MINUTE)],
    ['Seconds', floatUnits(SECOND)],
    ['Milliseconds', (receiver) => int64(nanosOf(receiver) / MILLISECOND)],
    ['Microseconds', (receiver) => int64(nanosOf(receiver) / MICROSECOND)],
    ['Nanoseconds', (receiver) => int64(nanosOf(receiver))],
    ['Abs', (receiver) => durationValue(nanosOf(receiver) < 0n ? -nanosOf(receiver) : nanosOf(receiver))],
    ['Round', (receiver, args) => durationValue(roundDuration(nanosOf(receiver), integerOf(args[0])))],
    ['Truncate', (receiver, args) => durationValue(truncate(nanosOf(receiver), integerOf(args[0])))],
  ]),
};

function truncate(duration: bigint, unit: bigint): bigint {
  return unit <= 0n ? duration : duration - (duration % unit);
}

export function durationValue(nanoseconds: bigint): GoRef {
  return new GoRef(DURATION, BigInt.asIntN(64, nanoseconds));
}

function wrongType(expected: string): FuncError {
  return new FuncError(`wrong type for value; expected ${expected}`);
}

/** An argument of an integer or duration parameter. */
function integerOf(value: GoValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof GoNumber && typeof value.value === 'bigint') return value.value;
  if (value instanceof GoRef && value.type === DURATION) return nanosOf(value);
  throw wrongType('int64');
}

/** The instant within a time.Time value; null for any other value. */
export function timeOf(value: GoValue | undefined): GoTime | null {
  return value instanceof GoRef && value.data instanceof GoTime ? value.data : null;
}

function otherTime(value: GoValue | undefined): GoTime {
  const time = timeOf(value);
  if (time === null) throw wrongType('time.Time');
  return time;
}

function compareTimes(a: GoTime, b: GoTime): number {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return Math.sign(a.nanoseconds - b.nanoseconds);
}

/** Time.Add. */
export function addDuration(time: GoTime, duration: bigint): GoTime {
  const total = BigInt(time.nanoseconds) + duration;
  const rest = ((total % SECOND) + SECOND) % SECOND;
  return new GoTime(time.seconds + (total - rest) / SECOND, Number(rest), time.zone);
}

const MIN_DURATION = -(2n ** 63n);
const MAX_DURATION = 2n ** 63n - 1n;

/** Time.Sub: nanoseconds from `b` to `a`, at the type's limits where they do not fit. */
export function timeBetween(a: GoTime, b: GoTime): bigint {
  const difference = (a.seconds - b.seconds) * SECOND + BigInt(a.nanoseconds - b.nanoseconds);
  if (difference > MAX_DURATION) return MAX_DURATION;
  return difference < MIN_DURATION ? MIN_DURATION : difference;
}

function addDate(time: GoTime, years: bigint, months: bigint, days: bigint): GoTime {
  const { year, month, day, hour, minute, second } = civilTime(time);
  return timeFromCivil(
    [year + Number(years), month + Number(months), day + Number(days)],
    [hour, minute, second],
    time.nanoseconds,
    time.zone,
  );
}

/** Shortens an instant to whole units since year 1. */
function alignTime(time: GoTime, unit: bigint, align: (nanoseconds: bigint, unit: bigint) => bigint): GoTime {
  if (unit <= 0n) return time;
  const sinceZero = (time.seconds - ZERO_TIME.seconds) * SECOND + BigInt(time.nanoseconds);
  return addDuration(time, align(sinceZero, unit) - sinceZero);
}

function floorTo(value: bigint, unit: bigint): bigint {
  return value - (((value % unit) + unit) % unit);
}

function roundTo(value: bigint, unit: bigint): bigint {
  return floorTo(value + unit / 2n + (unit % 2n), unit);
}

function self(receiver: GoRef): GoTime {
  return timeOf(receiver) ?? ZERO_TIME;
}

function civilField(name: keyof CivilTime): GoMethod {
  return (receiver) => BigInt(civilTime(self(receiver))[name]);
}

function marshalJson(time: GoTime): string {
  const { year } = civilTime(time);
  if (year < 0 || year > 9999) throw new FuncError('Time.MarshalJSON: year outside of range [0,9999]');
  if (Math.abs(time.zone.at(time.seconds).offset) >= 86_400) {
    throw new FuncError('Time.MarshalJSON: timezone hour outside of range [0,23]');
  }
  return `"${formatTime(time, JSON_LAYOUT)}"`;
}

function goString(time: GoTime): string {
  const { year, month, day, hour, minute, second } = civilTime(time);
  const { name } = time.zone;
  const zone = name === 'UTC' || name === 'Local' ? `time.${name}` : `time.Location(${quote(name)})`;
  return `time.Date(${year}, time.${MONTHS[month - 1]}, ${day}, ${hour}, ${minute}, ${second}, ${time.nanoseconds}, ${zone})`;
}

const METHODS: ReadonlyMap<string, GoMethod> = new Map<string, GoMethod>([
  ['String', (receiver) => formatTime(self(receiver), STRING_LAYOUT)],
  ['GoString', (receiver) => goString(self(receiver))],
  ['MarshalJSON', (receiver) => marshalJson(self(receiver))],
  [
    'Format',
    (receiver, args) => {
      if (typeof args[0] !== 'string') throw wrongType('string');
      return formatTime(self(receiver), args[0]);
    },
  ],
  ['Year', civilField('year')],
  ['Month', (receiver) => new GoRef(MONTH, BigInt(civilTime(self(receiver)).month))],
  ['Day', civilField('day')],
  ['Weekday', (receiver) => new GoRef(WEEKDAY, BigInt(civilTime(self(receiver)).weekday))],
  ['YearDay', civilField('yearDay')],
  ['Hour', civilField('hour')],
  ['Minute', civilField('minute')],
  ['Second', civilField('second')],
  ['Nanosecond', (receiver) => BigInt(self(receiver).nanoseconds)],
  ['Unix', (receiver) => int64(self(receiver).seconds)],
  ['UnixMilli', (receiver) => int64(sinceEpoch(self(receiver)) / MILLISECOND)],
  ['UnixMicro', (receiver) => int64(sinceEpoch(self(receiver)) / MICROSECOND)],
  ['UnixNano', (receiver) => int64(sinceEpoch(self(receiver)))],
  ['IsZero', (receiver) => compareTimes(self(receiver), ZERO_TIME) === 0],
  ['UTC', (receiver) => timeValue(new GoTime(self(receiver).seconds, self(receiver).nanoseconds, UTC))],
  ['Before', (receiver, args) => compareTimes(self(receiver), otherTime(args[0])) < 0],
  ['After', (receiver, args) => compareTimes(self(receiver), otherTime(args[0])) > 0],
  ['Equal', (receiver, args) => compareTimes(self(receiver), otherTime(args[0])) === 0],
  ['Compare', (receiver, args) => BigInt(compareTimes(self(receiver), otherTime(args[0])))],
  ['Sub', (receiver, args) => durationValue(timeBetween(self(receiver), otherTime(args[0])))],
  ['Add', (receiver, args) => timeValue(addDuration(self(receiver), integerOf(args[0])))],
  [
    'AddDate',
    (receiver, args) => timeValue(addDate(self(receiver), integerOf(args[0]), integerOf(args[1]), integerOf(args[2]))),
  ],
  ['Round', (receiver, args) => timeValue(alignTime(self(receiver), integerOf(args[0]), roundTo))],
  ['Truncate', (receiver, args) => timeValue(alignTime(self(receiver), integerOf(args[0]), floorTo))],
]);

function sinceEpoch(time: GoTime): bigint {
  return time.seconds * SECOND + BigInt(time.nanoseconds);
}

/** An unexported field: printed, but under a key that no template can name. */
function hiddenField(name: string, type: GoType): readonly [string, GoField] {
  return [`#${name}`, { name, type, jsonName: name }];
}

/** time.Time. Its fields are unexported and have no counterpart in a GoTime. */
export const TIME: GoStructType = {
  kind: 'struct',
  name: 'time.Time',
  fields: new Map([hiddenField('wall', { kind: 'uint64' }), hiddenField('ext', { kind: 'int64' })]),
  methods: METHODS,
};

export function timeValue(time: GoTime): GoRef {
  return new GoRef(TIME, time);
}
