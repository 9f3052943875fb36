/**
 * The calendar behind Go's time.Time: an instant in a zone, and its date and clock.
 */
import type { Zone } from './time-zone.ts';
import { UTC } from './time-zone.ts';

/** An instant: Unix seconds (64 bits, wrapping as Go's do), nanoseconds within the second, and the zone it is shown in. */
export class GoTime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
  readonly zone: Zone;
  constructor(seconds: bigint, nanoseconds: number, zone: Zone) {
    this.seconds = BigInt.asIntN(64, seconds);
    this.nanoseconds = nanoseconds;
    this.zone = zone;
  }
}

export interface CivilTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly yearDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const SECONDS_PER_DAY = 86_400n;
const DAYS_PER_ERA = 146_097;
const YEARS_PER_ERA = 400;
/** Days from 1 March of year 0 to 1 January 1970. */
const EPOCH_SHIFT = 719_468;
/** Go counts from 1 March of this year; beyond 64 bits from there its dates wrap around. */
const ABSOLUTE_YEAR = -292_277_022_400;
const UNIX_TO_ABSOLUTE =
  (BigInt(-ABSOLUTE_YEAR / YEARS_PER_ERA) * BigInt(DAYS_PER_ERA) + BigInt(EPOCH_SHIFT)) * SECONDS_PER_DAY;

/** 0001-01-01 00:00:00 UTC, time.Time's zero. */
export const ZERO_TIME = new GoTime(-62_135_596_800n, 0, UTC);

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Months and days beyond their range carry over. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const months = year * 12 + (month - 1) - 2;
  const marchYear = Math.floor(months / 12);
  const marchMonth = months - marchYear * 12;
  const era = Math.floor(marchYear / YEARS_PER_ERA);
  const yearOfEra = marchYear - era * YEARS_PER_ERA;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_SHIFT;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function civilDate(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + EPOCH_SHIFT;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * YEARS_PER_ERA + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1 };
}

/** Date and clock of an instant in its zone. */
export function civilTime(time: GoTime): CivilTime {
  const { offset } = time.zone.at(time.seconds);
  const absolute = BigInt.asUintN(64, time.seconds + BigInt(offset) + UNIX_TO_ABSOLUTE);
  const days = Number(absolute / SECONDS_PER_DAY - UNIX_TO_ABSOLUTE / SECONDS_PER_DAY);
  const clock = Number(absolute % SECONDS_PER_DAY);
  const date = civilDate(days);
  return {
    ...date,
    yearDay: days - daysFromCivil(date.year, 1, 1) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(clock / 3600),
    minute: Math.floor((clock % 3600) / 60),
    second: clock % 60,
  };
}

/** time.Date: the instant of a date and clock in a zone; values out of range carry over. */
export function timeFromCivil(
  date: readonly [year: number, month: number, day: number],
  clock: readonly [hour: number, minute: number, second: number],
  nanoseconds: number,
  zone: Zone,
): GoTime {
  const days = BigInt(daysFromCivil(...date));
  const wall = days * SECONDS_PER_DAY + BigInt(clock[0] * 3600 + clock[1] * 60 + clock[2]);
  // As Go does: guess with the offset at the wall clock's own reading, and look again where that is on the other side of a change.
  const guess = zone.at(wall).offset;
  const corrected = zone.at(wall - BigInt(guess)).offset;
  return new GoTime(wall - BigInt(corrected), nanoseconds, zone);
}
