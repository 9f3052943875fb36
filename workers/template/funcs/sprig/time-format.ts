/**
 * Time.Format: an instant written in a Go layout.
 */
import type { CivilTime, GoTime } from './calendar.ts';
import { civilTime } from './calendar.ts';
import type { LayoutPart, LayoutPiece, ZoneStyle } from './time-layout.ts';
import { MONTHS, parseLayout, WEEKDAYS } from './time-layout.ts';

/** Zero-padded; the sign of a negative number does not count. */
function padded(value: number, width: number): string {
  return (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(width, '0');
}

function twelveHour(hour: number): number {
  return hour % 12 === 0 ? 12 : hour % 12;
}

const FORMATS: Readonly<Record<Exclude<LayoutPart, 'zoneName'>, (time: CivilTime) => string>> = {
  year: ({ year }) => padded(year, 4),
  shortYear: ({ year }) => padded(Math.abs(year) % 100, 2),
  month: ({ month }) => MONTHS[month - 1] ?? '',
  shortMonth: ({ month }) => (MONTHS[month - 1] ?? '').slice(0, 3),
  monthNumber: ({ month }) => String(month),
  paddedMonth: ({ month }) => padded(month, 2),
  weekday: ({ weekday }) => WEEKDAYS[weekday] ?? '',
  shortWeekday: ({ weekday }) => (WEEKDAYS[weekday] ?? '').slice(0, 3),
  day: ({ day }) => String(day),
  spacedDay: ({ day }) => String(day).padStart(2),
  paddedDay: ({ day }) => padded(day, 2),
  spacedYearDay: ({ yearDay }) => String(yearDay).padStart(3),
  paddedYearDay: ({ yearDay }) => padded(yearDay, 3),
  hour: ({ hour }) => padded(hour, 2),
  hour12: ({ hour }) => String(twelveHour(hour)),
  paddedHour12: ({ hour }) => padded(twelveHour(hour), 2),
  minute: ({ minute }) => String(minute),
  paddedMinute: ({ minute }) => padded(minute, 2),
  second: ({ second }) => String(second),
  paddedSecond: ({ second }) => padded(second, 2),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
};

const OFFSET_STYLE: ZoneStyle = { zulu: false, colon: false, minutes: true, seconds: false };

function formatOffset(offset: number, style: ZoneStyle): string {
  if (style.zulu && offset === 0) return 'Z';
  const minutes = Math.trunc(offset / 60);
  const colon = style.colon ? ':' : '';
  let out = (minutes < 0 ? '-' : '+') + padded(Math.trunc(Math.abs(minutes) / 60), 2);
  if (style.minutes) out += colon + padded(Math.abs(minutes) % 60, 2);
  if (style.seconds) out += colon + padded(Math.abs(offset) % 60, 2);
  return out;
}

function formatFraction(nanoseconds: number, { separator, digits, fixed }: LayoutPiece & { kind: 'fraction' }): string {
  const text = separator + padded(nanoseconds, 9).slice(0, digits);
  if (fixed) return text;
  return nanoseconds === 0 ? '' : text.replace(/[.,]?0*$/, '');
}

/** Time.Format. */
export function formatTime(time: GoTime, layout: string): string {
  const civil = civilTime(time);
  const zone = time.zone.at(time.seconds);
  let out = '';
  for (const piece of parseLayout(layout)) {
    if (piece.kind === 'text') out += piece.text;
    else if (piece.kind === 'zone') out += formatOffset(zone.offset, piece.style);
    else if (piece.kind === 'fraction') out += formatFraction(time.nanoseconds, piece);
    else if (piece.part !== 'zoneName') out += FORMATS[piece.part](civil);
    else out += zone.abbreviation === '' ? formatOffset(zone.offset, OFFSET_STYLE) : zone.abbreviation;
  }
  return out;
}
