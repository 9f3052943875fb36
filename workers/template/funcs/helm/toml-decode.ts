/**
 * Helm's fromToml: TOML 1.0 into the values that BurntSushi/toml makes of it: int64, float64, times in zones of their own for local ones.
 */
import { parse, TomlDate } from 'smol-toml';
import { FuncError } from '../../func.ts';
import { repairText } from '../../gostring.ts';
import type { GoValue } from '../../value.ts';
import { int64 } from '../../value.ts';
import type { Dict } from '../dict.ts';
import { newDict } from '../dict.ts';
import { parseTime } from '../sprig/time-parse.ts';
import { timeValue } from '../sprig/time-value.ts';
import { fixedZone, UTC } from '../sprig/time-zone.ts';

/** Nesting of lists and inline tables. */
const MAX_TOML_DEPTH = 1_000;

/** Layouts and zone names by kind of time; Go keeps the kind of a local time in its zone's name. */
const LOCAL_DATE_TIME = { layout: '2006-01-02T15:04:05.999999999', zone: fixedZone('datetime-local', 0) };
const LOCAL_DATE = { layout: '2006-01-02', zone: fixedZone('date-local', 0) };
const LOCAL_TIME = { layout: '15:04:05.999999999', zone: fixedZone('time-local', 0) };
const OFFSET_DATE_TIME = { layout: '2006-01-02T15:04:05.999999999Z07:00', zone: UTC };

function kindOfDate(date: TomlDate): typeof LOCAL_DATE {
  if (date.isDate()) return LOCAL_DATE;
  if (date.isTime()) return LOCAL_TIME;
  return date.isLocal() ? LOCAL_DATE_TIME : OFFSET_DATE_TIME;
}

function toTime(date: TomlDate): GoValue {
  const { layout, zone } = kindOfDate(date);
  const time = parseTime(layout, date.toISOString(), zone);
  if (time === null) throw new FuncError('toml: invalid datetime');
  return timeValue(time);
}

function toGo(value: unknown): GoValue {
  if (typeof value === 'bigint') return int64(value);
  if (typeof value !== 'object' || value === null) return value as GoValue;
  if (value instanceof TomlDate) return toTime(value);
  if (Array.isArray(value)) return value.map(toGo);
  const out = newDict();
  for (const key of Object.keys(value)) out[key] = toGo((value as Dict)[key]);
  return out;
}

/** toml.Unmarshal into a map[string]any. Throws FuncError with the reason. */
export function decodeToml(text: string): GoValue {
  try {
    return toGo(parse(repairText(text), { integersAsBigInt: true, maxDepth: MAX_TOML_DEPTH }));
  } catch (error) {
    if (error instanceof FuncError) throw error;
    throw new FuncError(`toml: ${error instanceof Error ? error.message : 'invalid document'}`);
  }
}
