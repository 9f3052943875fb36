/**
 * Time zones as Go's time.LoadLocation gives them, from the zone data that JavaScript has.
 */

export interface Zone {
  /** `UTC`, `America/New_York`; "" for a fixed offset without a name. */
  readonly name: string;
  /** Seconds east of UTC and the abbreviation in force at a Unix time; an empty abbreviation prints as the offset. */
  at(unixSeconds: bigint): { readonly offset: number; readonly abbreviation: string };
  /** The offset alone, which costs far less. */
  offsetAt(unixSeconds: bigint): number;
}

export function fixedZone(name: string, offset: number): Zone {
  const state = { offset, abbreviation: name };
  return { name, at: () => state, offsetAt: () => offset };
}

export const UTC: Zone = fixedZone('UTC', 0);

/** Locales whose short zone names are the abbreviations in use; others give `GMT+1`. */
const ABBREVIATING_LOCALES = ['en-US', 'en-GB', 'en-AU'];
/** Abbreviations of the zone database that JavaScript does not know: abbreviation, seconds east of UTC, zones. */
const MISSING_ABBREVIATIONS: readonly (readonly [abbreviation: string, offset: number, zones: string])[] = [
  ['WAT', 3_600, 'Bangui Brazzaville Douala Kinshasa Lagos Libreville Luanda Malabo Ndjamena Niamey Porto-Novo'],
  ['CAT', 7_200, 'Blantyre Bujumbura Gaborone Harare Juba Khartoum Kigali Lubumbashi Lusaka Maputo Windhoek'],
  ['SAST', 7_200, 'Johannesburg Maseru Mbabane'],
  [
    'EAT',
    10_800,
    'Addis_Ababa Asmara Asmera Dar_es_Salaam Djibouti Kampala Mogadishu Nairobi Antananarivo Comoro Mayotte',
  ],
  ['IST', 7_200, 'Jerusalem Tel_Aviv'],
  ['IDT', 10_800, 'Jerusalem Tel_Aviv'],
  ['MSK', 10_800, 'Moscow Kirov Simferopol Volgograd'],
  ['PKT', 18_000, 'Karachi'],
  ['IST', 19_800, 'Kolkata Calcutta'],
  ['WIB', 25_200, 'Jakarta Pontianak'],
  ['WITA', 28_800, 'Makassar'],
  ['WIT', 32_400, 'Jayapura'],
  ['CST', 28_800, 'Shanghai Macau Taipei PRC ROC'],
  ['HKT', 28_800, 'Hong_Kong'],
  ['PST', 28_800, 'Manila'],
  ['JST', 32_400, 'Tokyo Japan'],
  ['KST', 32_400, 'Seoul Pyongyang ROK'],
  ['ChST', 36_000, 'Guam Saipan'],
  ['SST', -39_600, 'Midway Pago_Pago'],
  ['MST', -25_200, 'Dawson Hermosillo Mazatlan Whitehorse'],
  ['CST', -18_000, 'Havana'],
  ['CDT', -14_400, 'Havana'],
  ['NST', -12_600, 'St_Johns'],
  ['NDT', -9_000, 'St_Johns'],
  ['IST', 3_600, 'Dublin'],
  ['BST', 3_600, 'Guernsey Isle_of_Man Jersey'],
  ['HST', -36_000, 'Adak'],
  ['HDT', -32_400, 'Adak'],
];

function missingAbbreviation(zone: string, offset: number): string | undefined {
  const city = zone.slice(zone.lastIndexOf('/') + 1);
  return MISSING_ABBREVIATIONS.find(([, seconds, zones]) => seconds === offset && zones.split(' ').includes(city))?.[0];
}

/** The Gregorian calendar repeats after this long, so times beyond what Date holds are looked up in an equal year. */
const CALENDAR_CYCLE_SECONDS = 12_622_780_800n;
const MAX_LOOKUP_SECONDS = 8_000_000_000_000n;
/** Offsets of local mean time are the only ones that are no multiple of this. */
const ZONE_STEP_SECONDS = 900;

/** One in winter, one in summer. */
const RECENT_DATES = [new Date(Date.UTC(2024, 0, 15)), new Date(Date.UTC(2024, 6, 15))];

function fieldsAt(format: Intl.DateTimeFormat, date: Date): ReadonlyMap<string, string> {
  return new Map(format.formatToParts(date).map(({ type, value }) => [type, value]));
}

function numericAbbreviation(offset: number): string {
  if (offset % ZONE_STEP_SECONDS !== 0) return 'LMT';
  const minutes = Math.floor(Math.abs(offset) / 60);
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60;
  return `${offset < 0 ? '-' : '+'}${hours}${rest === 0 ? '' : String(rest).padStart(2, '0')}`;
}

function dateAt(unixSeconds: bigint): Date {
  const representable = unixSeconds < MAX_LOOKUP_SECONDS && unixSeconds > -MAX_LOOKUP_SECONDS;
  return new Date(Number(representable ? unixSeconds : unixSeconds % CALENDAR_CYCLE_SECONDS) * 1000);
}

class NamedZone implements Zone {
  readonly name: string;
  readonly #clock: Intl.DateTimeFormat;
  #names: readonly Intl.DateTimeFormat[] | null = null;

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
  }

  offsetAt(unixSeconds: bigint): number {
    return this.#offsetAt(dateAt(unixSeconds));
  }

  at(unixSeconds: bigint): { readonly offset: number; readonly abbreviation: string } {
    const date = dateAt(unixSeconds);
    const offset = this.#offsetAt(date);
    const missing = missingAbbreviation(this.name, offset);
    if (missing !== undefined) return { offset, abbreviation: missing };
    const known = this.#abbreviationAt(date) ?? this.#recentAbbreviation(offset);
    return { offset, abbreviation: known ?? numericAbbreviation(offset) };
  }

  #abbreviationAt(date: Date): string | undefined {
    this.#names ??= ABBREVIATING_LOCALES.map(
      (locale) => new Intl.DateTimeFormat(locale, { timeZone: this.name, timeZoneName: 'short' }),
    );
    for (const format of this.#names) {
      const abbreviation = fieldsAt(format, date).get('timeZoneName') ?? '';
      if (/^[A-Z]{2,5}$/.test(abbreviation)) return abbreviation;
    }
    return undefined;
  }

  /** JavaScript knows no names before 1970: those in use since then for the same offset. */
  #recentAbbreviation(offset: number): string | undefined {
    const date = RECENT_DATES.find((recent) => this.#offsetAt(recent) === offset);
    return date === undefined ? undefined : this.#abbreviationAt(date);
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

/** Three letters that JavaScript takes for a zone and the zone database does not have, such as `PST`. */
const FOREIGN_NAME = /^(?!UTC|GMT|EST|MST|HST|CET|MET|EET|WET|UCT|PRC|ROC|ROK)[A-Z]{3}$/;

/** time.LoadLocation; null for an unknown name. `local` stands for the machine's zone. */
export function loadZone(name: string, local: Zone): Zone | null {
  if (name === '' || name === 'UTC') return UTC;
  if (name === 'Local') return local;
  // Zone files start with a capital, offsets are none, and the file system minds the case.
  if (!/^[A-Z][-+\w]*(?:\/[-+\w]+)*$/.test(name) || FOREIGN_NAME.test(name)) return null;
  try {
    return new NamedZone(name);
  } catch {
    return null;
  }
}
