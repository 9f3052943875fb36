/**
 * Go's time layouts: which parts of the reference time `Mon Jan 2 15:04:05 MST 2006` a layout holds.
 */

/** A piece of a layout: literal text, or a part of the time. */
export type LayoutPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'part'; readonly part: LayoutPart }
  | { readonly kind: 'zone'; readonly style: ZoneStyle }
  | { readonly kind: 'fraction'; readonly separator: string; readonly digits: number; readonly fixed: boolean };

export type LayoutPart =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'shortMonth'
  | 'monthNumber'
  | 'paddedMonth'
  | 'weekday'
  | 'shortWeekday'
  | 'day'
  | 'spacedDay'
  | 'paddedDay'
  | 'spacedYearDay'
  | 'paddedYearDay'
  | 'hour'
  | 'hour12'
  | 'paddedHour12'
  | 'minute'
  | 'paddedMinute'
  | 'second'
  | 'paddedSecond'
  | 'PM'
  | 'pm'
  | 'zoneName';

/** A numeric zone: `Z` for UTC or not, what follows the hour, and with colons or not. */
export interface ZoneStyle {
  readonly zulu: boolean;
  readonly colon: boolean;
  readonly minutes: boolean;
  readonly seconds: boolean;
}

/** In the order in which they have to be tried where one starts another. */
const PARTS: readonly (readonly [text: string, part: LayoutPart])[] = [
  ['January', 'month'],
  ['Jan', 'shortMonth'],
  ['Monday', 'weekday'],
  ['Mon', 'shortWeekday'],
  ['MST', 'zoneName'],
  ['01', 'paddedMonth'],
  ['02', 'paddedDay'],
  ['03', 'paddedHour12'],
  ['04', 'paddedMinute'],
  ['05', 'paddedSecond'],
  ['06', 'shortYear'],
  ['002', 'paddedYearDay'],
  ['15', 'hour'],
  ['1', 'monthNumber'],
  ['2006', 'year'],
  ['2', 'day'],
  ['_2', 'spacedDay'],
  ['__2', 'spacedYearDay'],
  ['3', 'hour12'],
  ['4', 'minute'],
  ['5', 'second'],
  ['PM', 'PM'],
  ['pm', 'pm'],
];

const ZONE = /([-Z])07(0000|:00:00|00|:00)?/y;
const FRACTION = /([.,])(0+|9+)(?![0-9])/y;

type NonText = Exclude<LayoutPiece, { kind: 'text' }>;

function zoneAt(layout: string, index: number): readonly [NonText, number] | null {
  ZONE.lastIndex = index;
  const match = ZONE.exec(layout);
  if (match === null) return null;
  const rest = match[2] ?? '';
  const style = {
    zulu: match[1] === 'Z',
    colon: rest.startsWith(':'),
    minutes: rest !== '',
    seconds: rest === '0000' || rest === ':00:00',
  };
  return [{ kind: 'zone', style }, match[0].length];
}

function fractionAt(layout: string, index: number): readonly [NonText, number] | null {
  FRACTION.lastIndex = index;
  const match = FRACTION.exec(layout);
  const [text, separator, digits] = match ?? [];
  if (text === undefined || separator === undefined || digits === undefined) return null;
  return [{ kind: 'fraction', separator, digits: digits.length, fixed: digits.startsWith('0') }, text.length];
}

function partAt(layout: string, index: number): readonly [NonText, number] | null {
  for (const [text, part] of PARTS) {
    if (!layout.startsWith(text, index)) continue;
    // A word that goes on is not a name: `Jane`, `Month`. `_2006` is an underscore before a year.
    const isName = part === 'shortMonth' || part === 'shortWeekday';
    if (isName && /^[a-z]/.test(layout.slice(index + 3, index + 4))) continue;
    if (part === 'spacedDay' && layout.startsWith('2006', index + 1)) return null;
    return [{ kind: 'part', part }, text.length];
  }
  return null;
}

function pieceAt(layout: string, index: number): readonly [NonText, number] | null {
  switch (layout.charAt(index)) {
    case '-':
    case 'Z':
      return zoneAt(layout, index);
    case '.':
    case ',':
      return fractionAt(layout, index);
    default:
      return partAt(layout, index);
  }
}

/** Splits a layout into its pieces, in order; texts are never empty. */
export function parseLayout(layout: string): LayoutPiece[] {
  const pieces: LayoutPiece[] = [];
  let textStart = 0;
  for (let index = 0; index < layout.length; ) {
    const found = pieceAt(layout, index);
    if (found === null) {
      index++;
      continue;
    }
    if (textStart < index) pieces.push({ kind: 'text', text: layout.slice(textStart, index) });
    pieces.push(found[0]);
    index += found[1];
    textStart = index;
  }
  if (textStart < layout.length) pieces.push({ kind: 'text', text: layout.slice(textStart) });
  return pieces;
}

export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];
