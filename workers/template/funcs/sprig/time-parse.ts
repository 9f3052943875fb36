/**
 * time.ParseInLocation: a text read by a Go layout.
 */
import type { GoTime } from './calendar.ts';
import { daysInMonth, GoTime as Instant, isLeapYear, timeFromCivil } from './calendar.ts';
import type { LayoutPart, LayoutPiece, ZoneStyle } from './time-layout.ts';
import { MONTHS, parseLayout, WEEKDAYS } from './time-layout.ts';
import type { Zone } from './time-zone.ts';
import { fixedZone, UTC } from './time-zone.ts';

const SHORT_MONTHS = MONTHS.map((name) => name.slice(0, 3));
const SHORT_WEEKDAYS = WEEKDAYS.map((name) => name.slice(0, 3));
const MAX_FRACTION_DIGITS = 9;

/** Thrown and caught within this file: the text does not fit the layout. */
class Mismatch extends Error {}

/** Reads a text from its front, part by part. */
class TimeReader {
  readonly #local: Zone;
  #rest: string;
  #year = 0;
  #month: number | null = null;
  #day: number | null = null;
  #yearDay: number | null = null;
  #hour = 0;
  #minute = 0;
  #second = 0;
  #nanoseconds = 0;
  #half: 'AM' | 'PM' | null = null;
  #utc = false;
  #offset: number | null = null;
  #zoneName = '';

  constructor(text: string, local: Zone) {
    this.#rest = text;
    this.#local = local;
  }

  read(pieces: readonly LayoutPiece[]): GoTime {
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index];
      if (piece === undefined) continue;
      if (piece.kind === 'text') this.#skip(piece.text);
      else if (piece.kind === 'zone') this.#readOffset(piece.style);
      else if (piece.kind === 'fraction') this.#readFraction(piece);
      else {
        this.#readPart(piece.part);
        const isSecond = piece.part === 'second' || piece.part === 'paddedSecond';
        if (isSecond && !nextIsFraction(pieces, index + 1)) this.#readUnaskedFraction();
      }
    }
    if (this.#rest !== '') throw new Mismatch();
    return this.#finish();
  }

  /** Takes what the pattern matches off the front. */
  #take(pattern: RegExp): string {
    const match = pattern.exec(this.#rest)?.[0];
    if (match === undefined) throw new Mismatch();
    this.#rest = this.#rest.slice(match.length);
    return match;
  }

  /** One or two digits; exactly two when `fixed`. */
  #number(fixed: boolean, low: number, high: number): number {
    const value = Number(this.#take(fixed ? /^\d\d/ : /^\d\d?/));
    if (value < low || value > high) throw new Mismatch();
    return value;
  }

  /** Literal text; a run of spaces fits any run, and none at the end. */
  #skip(text: string): void {
    for (const [run] of text.matchAll(/ +|[^ ]+/g)) {
      if (run.startsWith(' ')) {
        if (this.#rest !== '' && !this.#rest.startsWith(' ')) throw new Mismatch();
        this.#rest = this.#rest.replace(/^ +/, '');
      } else {
        if (!this.#rest.startsWith(run)) throw new Mismatch();
        this.#rest = this.#rest.slice(run.length);
      }
    }
  }

  /** The index of the name that the text starts with, in any case. */
  #name(names: readonly string[]): number {
    for (const [index, name] of names.entries()) {
      if (this.#rest.slice(0, name.length).toLowerCase() === name.toLowerCase()) {
        this.#rest = this.#rest.slice(name.length);
        return index;
      }
    }
    throw new Mismatch();
  }

  #readPart(part: LayoutPart): void {
    switch (part) {
      case 'year':
        this.#year = Number(this.#take(/^\d{4}/));
        break;
      case 'shortYear': {
        const year = Number(this.#take(/^(?:\d\d|[-+]\d)/));
        this.#year = year >= 69 ? year + 1900 : year + 2000;
        break;
      }
      case 'month':
      case 'shortMonth':
        this.#month = this.#name(part === 'month' ? MONTHS : SHORT_MONTHS) + 1;
        break;
      case 'monthNumber':
      case 'paddedMonth':
        this.#month = this.#number(part === 'paddedMonth', 1, 12);
        break;
      case 'weekday':
      case 'shortWeekday':
        this.#name(part === 'weekday' ? WEEKDAYS : SHORT_WEEKDAYS);
        break;
      case 'zoneName':
        this.#readZoneName();
        break;
      default:
        this.#readNumericPart(part);
    }
  }

  #readNumericPart(part: LayoutPart): void {
    switch (part) {
      case 'day':
      case 'spacedDay':
      case 'paddedDay':
        if (part === 'spacedDay') this.#rest = this.#rest.replace(/^ /, '');
        this.#day = this.#number(part === 'paddedDay', 0, 99);
        break;
      case 'spacedYearDay':
        this.#rest = this.#rest.replace(/^ {1,2}/, '');
        this.#yearDay = Number(this.#take(/^\d{1,3}/));
        break;
      case 'paddedYearDay':
        this.#yearDay = Number(this.#take(/^\d{3}/));
        break;
      case 'hour':
        this.#hour = this.#number(false, 0, 23);
        break;
      case 'hour12':
      case 'paddedHour12':
        this.#hour = this.#number(part === 'paddedHour12', 0, 12);
        break;
      case 'minute':
      case 'paddedMinute':
        this.#minute = this.#number(part === 'paddedMinute', 0, 59);
        break;
      case 'second':
      case 'paddedSecond':
        this.#second = this.#number(part === 'paddedSecond', 0, 59);
        break;
      default: {
        const half = this.#take(part === 'PM' ? /^[AP]M/ : /^[ap]m/);
        this.#half = half.toUpperCase() === 'PM' ? 'PM' : (this.#half ?? 'AM');
      }
    }
  }

  /** Go takes a fraction after the seconds even where the layout has none. */
  #readUnaskedFraction(): void {
    if (/^[.,]\d/.test(this.#rest)) this.#setFraction(this.#take(/^[.,]\d+/).slice(1));
  }

  #readFraction({ digits, fixed }: LayoutPiece & { kind: 'fraction' }): void {
    if (!fixed) {
      this.#readUnaskedFraction();
      return;
    }
    const text = this.#take(/^[.,][+\d]\d*/);
    if (text.length < digits + 1) throw new Mismatch();
    this.#rest = text.slice(digits + 1) + this.#rest;
    this.#setFraction(text.slice(1, digits + 1));
  }

  #setFraction(digits: string): void {
    const used = digits.slice(0, MAX_FRACTION_DIGITS);
    if (!/^\+?\d+$/.test(used)) throw new Mismatch();
    this.#nanoseconds = Number(used) * 10 ** (MAX_FRACTION_DIGITS - used.length);
  }

  #readOffset(style: ZoneStyle): void {
    if (style.zulu && this.#rest.startsWith('Z')) {
      this.#rest = this.#rest.slice(1);
      this.#utc = true;
      return;
    }
    const text = this.#take(offsetPattern(style)).replaceAll(':', '');
    const [hours, minutes, seconds] = [1, 3, 5].map((start) => Number(text.slice(start, start + 2)));
    if (hours === undefined || minutes === undefined || seconds === undefined) throw new Mismatch();
    if (hours > 24 || minutes > 60 || seconds > 60) throw new Mismatch();
    const offset = (hours * 60 + minutes) * 60 + seconds;
    this.#offset = text.startsWith('-') ? -offset : offset;
  }

  /** Three to five capitals of the shape that zone abbreviations have, GMT with an offset, or an offset of hours. */
  #readZoneName(): void {
    if (this.#rest.startsWith('UTC')) {
      this.#rest = this.#rest.slice(3);
      this.#utc = true;
      return;
    }
    const capitals = /^[A-Z]{0,6}/.exec(this.#rest)?.[0] ?? '';
    if (/^(?:ChST|MeST)/.test(this.#rest)) this.#zoneName = this.#take(/^..ST/);
    else if (capitals.startsWith('GMT')) this.#zoneName = this.#take(/^GMT/) + this.#hourOffset();
    else if (/^[-+]/.test(this.#rest)) {
      if (this.#rest.length < 3) throw new Mismatch();
      this.#zoneName = this.#hourOffset();
      if (this.#zoneName === '') throw new Mismatch();
    } else if (/^(?:[A-Z]{3}|[A-Z]{3}T|WITA|[A-Z]{4}T)$/.test(capitals)) this.#zoneName = this.#take(/^[A-Z]+/);
    else throw new Mismatch();
  }

  /** A sign and digits that make at most 23; "" when there is no such thing. */
  #hourOffset(): string {
    const text = /^[-+]\d+/.exec(this.#rest)?.[0] ?? '';
    if (text === '' || BigInt(text.slice(1)) > 23n) return '';
    this.#rest = this.#rest.slice(text.length);
    return text;
  }

  #dayOfMonth(): readonly [month: number, day: number] {
    if (this.#yearDay === null) return [this.#month ?? 1, this.#day ?? 1];
    const length = isLeapYear(this.#year) ? 366 : 365;
    if (this.#yearDay < 1 || this.#yearDay > length) throw new Mismatch();
    let month = 1;
    let day = this.#yearDay;
    while (day > daysInMonth(this.#year, month)) {
      day -= daysInMonth(this.#year, month);
      month++;
    }
    if ((this.#month ?? month) !== month || (this.#day ?? day) !== day) throw new Mismatch();
    return [month, day];
  }

  #finish(): GoTime {
    if (this.#half === 'PM' && this.#hour < 12) this.#hour += 12;
    else if (this.#half === 'AM' && this.#hour === 12) this.#hour = 0;
    const [month, day] = this.#dayOfMonth();
    if (day < 1 || day > daysInMonth(this.#year, month)) throw new Mismatch();
    const at = (zone: Zone): GoTime =>
      timeFromCivil([this.#year, month, day], [this.#hour, this.#minute, this.#second], this.#nanoseconds, zone);
    if (this.#utc) return at(UTC);
    if (this.#offset !== null) return this.#inOffset(at(UTC).seconds - BigInt(this.#offset), this.#offset);
    if (this.#zoneName !== '') return this.#inNamedZone(at(UTC).seconds);
    return at(this.#local);
  }

  #inOffset(seconds: bigint, offset: number): GoTime {
    const here = this.#local.at(seconds);
    const isLocal = here.offset === offset && (this.#zoneName === '' || this.#zoneName === here.abbreviation);
    return new Instant(seconds, this.#nanoseconds, isLocal ? this.#local : fixedZone(this.#zoneName, offset));
  }

  #inNamedZone(wall: bigint): GoTime {
    const guess = this.#local.at(wall);
    const here = this.#local.at(wall - BigInt(guess.offset));
    if (here.abbreviation === this.#zoneName) {
      return new Instant(wall - BigInt(here.offset), this.#nanoseconds, this.#local);
    }
    // A name that is not the local zone's tells no offset, but for GMT+3; the clock is then taken for UTC's.
    const offset = this.#zoneName.startsWith('GMT') ? Number(this.#zoneName.slice(3) || '0') * 3600 : 0;
    return new Instant(wall, this.#nanoseconds, fixedZone(this.#zoneName, offset));
  }
}

function nextIsFraction(pieces: readonly LayoutPiece[], start: number): boolean {
  return pieces.slice(start).find((piece) => piece.kind !== 'text')?.kind === 'fraction';
}

function offsetPattern({ colon, minutes, seconds }: ZoneStyle): RegExp {
  if (!minutes) return /^[-+]\d\d/;
  if (seconds) return colon ? /^[-+]\d\d:\d\d:\d\d/ : /^[-+]\d{6}/;
  return colon ? /^[-+]\d\d:\d\d/ : /^[-+]\d{4}/;
}

/** time.ParseInLocation; null when the text does not fit. `local` is the zone of a text that names none. */
export function parseTime(layout: string, text: string, local: Zone): GoTime | null {
  try {
    return new TimeReader(text, local).read(parseLayout(layout));
  } catch (error) {
    if (error instanceof Mismatch) return null;
    throw error;
  }
}
