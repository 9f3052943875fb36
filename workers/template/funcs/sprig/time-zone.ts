/**
 * Time zones as Go's time.LoadLocation gives them, from the zone data that JavaScript has.
 */

export interface Zone {
  /** `UTC`, `America/New_York`; "" for a fixed offset without a name. */
  readonly name: string;
  /** Seconds east of UTC and the abbreviation in force at a Unix time; an empty abbreviation prints as the offset. */
  at(unixSeconds: bigint): { readonly offset: number; readonly abbreviation: string };
}

export function fixedZone(name: string, offset: number): Zone {
  const state = { offset, abbreviation: name };
  return { name, at: () => state };
}

export const UTC: Zone = fixedZone('UTC', 0);

/** Locales whose short zone names are the abbreviations in use; others give `GMT+1`. */
const ABBREVIATING_LOCALES = ['en-US', 'en-GB', 'en-AU'];
/** Times that JavaScript's Date can hold. */
const MAX_DATE_SECONDS = 8_640_000_000_000n;

function fieldsAt(format: Intl.DateTimeFormat, date: Date): ReadonlyMap<string, string> {
  return new Map(format.formatToParts(date).map(({ type, value }) => [type, value]));
}

function numericAbbreviation(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60;
  return `${offset < 0 ? '-' : '+'}${hours}${rest === 0 ? '' : String(rest).padStart(2, '0')}`;
}

class NamedZone implements Zone {
  readonly name: string;
  readonly #clock: Intl.DateTimeFormat;
  readonly #names: readonly Intl.DateTimeFormat[];

  /** Throws RangeError for an unknown name. */
  constructor(name: string) {
    this.name = name;
    const numeric = 'numeric';
    this.#clock = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
    this.#names = ABBREVIATING_LOCALES.map(
      (locale) => new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName: 'short' }),
    );
  }

  at(unixSeconds: bigint): { readonly offset: number; readonly abbreviation: string } {
    const limited = unixSeconds > MAX_DATE_SECONDS ? MAX_DATE_SECONDS : unixSeconds;
    const date = new Date(Number(limited < -MAX_DATE_SECONDS ? -MAX_DATE_SECONDS : limited) * 1000);
    const offset = this.#offsetAt(date);
    for (const format of this.#names) {
      const abbreviation = fieldsAt(format, date).get('timeZoneName') ?? '';
      if (/^[A-Z]{2,5}$/.test(abbreviation)) return { offset, abbreviation };
    }
    return { offset, abbreviation: numericAbbreviation(offset) };
  }

  #offsetAt(date: Date): number {
    const fields = fieldsAt(this.#clock, date);
    const number = (name: string): number => Number(fields.get(name) ?? 0);
    const year = fields.get('era') === 'BC' ? 1 - number('year') : number('year');
    const wall = new Date(0);
    wall.setUTCFullYear(year, number('month') - 1, number('day'));
    wall.setUTCHours(number('hour'), number('minute'), number('second'), 0);
    return Math.round((wall.getTime() - date.getTime()) / 1000);
  }
}

/** time.LoadLocation; null for an unknown name. `local` stands for the machine's zone. */
export function loadZone(name: string, local: Zone): Zone | null {
  if (name === '' || name === 'UTC') return UTC;
  if (name === 'Local') return local;
  // Zone files start with a capital, offsets are none, and the file system minds the case.
  if (!/^[A-Z][-+\w]*(?:\/[-+\w]+)*$/.test(name)) return null;
  try {
    return new NamedZone(name);
  } catch {
    return null;
  }
}
