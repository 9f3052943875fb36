/**
 * sprig's date functions. What depends on the present (`now`, `ago`, a date of something that is no time) needs a clock in the
 * options and is an error without one, so that a pod's injection can be repeated.
 */
import type { GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import type { GoValue } from '../../value.ts';
import { GoNumber, type GoRef } from '../../value.ts';
import { any, fn0, fn1, fn2, fn3, param, text } from '../signature.ts';
import { GoTime, ZERO_TIME } from './calendar.ts';
import { formatDuration, HOUR, MINUTE, parseDuration, roundDuration, SECOND } from './duration.ts';
import { parseDecimalInteger } from './number-text.ts';
import { formatTime } from './time-format.ts';
import { parseTime } from './time-parse.ts';
import { addDuration, TIME, timeBetween, timeOf, timeValue } from './time-value.ts';
import type { Zone } from './time-zone.ts';
import { loadZone, UTC } from './time-zone.ts';

export interface DateOptions {
  /** The present in milliseconds since the epoch. Without it, functions that need the present are errors. */
  readonly now?: () => number;
  /** Name of the zone that Go calls Local. Default UTC, as in a container. */
  readonly localZone?: string;
}

const HTML_DATE = '2006-01-02';
const DAY = 24n * HOUR;

/** The largest unit of which a duration has more than one. */
const ROUNDING_UNITS: readonly (readonly [size: bigint, suffix: string])[] = [
  [365n * DAY, 'y'],
  [30n * DAY, 'mo'],
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'm'],
  [SECOND, 's'],
];

function describeDuration(duration: bigint): string {
  const magnitude = duration < 0n ? -duration : duration;
  for (const [size, suffix] of ROUNDING_UNITS) {
    if (magnitude > size) return `${magnitude / size}${suffix}`;
  }
  return '0s';
}

function int64Of(value: GoValue): bigint | null {
  return value instanceof GoNumber && value.kind === 'int64' && typeof value.value === 'bigint' ? value.value : null;
}

function durationOfSeconds(value: GoValue): string {
  const seconds = typeof value === 'string' ? parseDecimalInteger(value).value : (int64Of(value) ?? 0n);
  return formatDuration(BigInt.asIntN(64, seconds * SECOND));
}

/** The instant that a date argument stands for; null where sprig takes the present. */
function instantOf(value: GoValue, local: Zone): GoTime | null {
  const time = timeOf(value);
  if (time !== null) return time;
  if (typeof value === 'bigint') return new GoTime(value, 0, local);
  if (value instanceof GoNumber && typeof value.value === 'bigint' && /^int(?:32|64)$/.test(value.kind)) {
    return new GoTime(value.value, 0, local);
  }
  return null;
}

function durationOrNull(written: string): bigint | null {
  try {
    return parseDuration(written);
  } catch (error) {
    if (error instanceof FuncError) return null;
    throw error;
  }
}

const time = param<GoRef>(TIME);

function given(value: GoRef): GoTime {
  return timeOf(value) ?? ZERO_TIME;
}

/** The date functions for one clock and zone. */
export function dateFuncs(options: DateOptions): readonly (readonly [string, GoFunc])[] {
  const machineZone = loadZone(options.localZone ?? 'UTC', UTC) ?? UTC;
  const local: Zone = {
    name: 'Local',
    at: (unixSeconds) => machineZone.at(unixSeconds),
    offsetAt: (unixSeconds) => machineZone.offsetAt(unixSeconds),
  };
  const zones = new Map<string, Zone>();

  function zoneOf(name: string): Zone {
    const known = zones.get(name);
    if (known !== undefined) return known;
    const zone = loadZone(name, local) ?? UTC;
    // Only real zones are kept, and there are not many of those.
    if (zone.name === name) zones.set(name, zone);
    return zone;
  }
  function present(): GoTime {
    if (options.now === undefined) {
      throw new FuncError('the present time is not available to templates, so that injections can be repeated');
    }
    const milliseconds = Math.trunc(options.now());
    const seconds = Math.floor(milliseconds / 1000);
    return new GoTime(BigInt(seconds), (milliseconds - seconds * 1000) * 1_000_000, local);
  }
  function dateInZone(layout: string, value: GoValue, zoneName: string): string {
    const instant = instantOf(value, local) ?? present();
    return formatTime(new GoTime(instant.seconds, instant.nanoseconds, zoneOf(zoneName)), layout);
  }
  function ago(value: GoValue): string {
    const isInt32 = value instanceof GoNumber && value.kind === 'int32';
    const since = isInt32 ? present() : (instantOf(value, local) ?? present());
    return formatDuration(roundDuration(timeBetween(present(), since), SECOND));
  }
  function durationRound(value: GoValue): string {
    if (typeof value === 'string') return describeDuration(durationOrNull(value) ?? 0n);
    const since = timeOf(value);
    return describeDuration(since === null ? (int64Of(value) ?? 0n) : timeBetween(present(), since));
  }
  function mustToDate(layout: string, written: string): GoTime {
    const parsed = parseTime(layout, written, local);
    if (parsed === null) throw new FuncError(`parsing time "${written}" as "${layout}": cannot parse`);
    return parsed;
  }

  const dateInZoneFunc = fn3(text, any, text, dateInZone);
  const modify = fn2(text, time, (written, value) => {
    const duration = durationOrNull(written);
    return duration === null ? value : timeValue(addDuration(given(value), duration));
  });
  const mustModify = fn2(text, time, (written, value) => timeValue(addDuration(given(value), parseDuration(written))));
  return [
    ['now', fn0(() => timeValue(present()))],
    ['ago', fn1(any, ago)],
    ['date', fn2(text, any, (layout, value) => dateInZone(layout, value, 'Local'))],
    ['dateInZone', dateInZoneFunc],
    ['date_in_zone', dateInZoneFunc],
    ['htmlDate', fn1(any, (value) => dateInZone(HTML_DATE, value, 'Local'))],
    ['htmlDateInZone', fn2(any, text, (value, zone) => dateInZone(HTML_DATE, value, zone))],
    ['dateModify', modify],
    ['date_modify', modify],
    ['mustDateModify', mustModify],
    ['must_date_modify', mustModify],
    ['duration', fn1(any, durationOfSeconds)],
    ['durationRound', fn1(any, durationRound)],
    ['toDate', fn2(text, text, (layout, written) => timeValue(parseTime(layout, written, local) ?? ZERO_TIME))],
    ['mustToDate', fn2(text, text, (layout, written) => timeValue(mustToDate(layout, written)))],
    ['unixEpoch', fn1(time, (value) => String(given(value).seconds))],
  ];
}
