/**
 * spf13/cast as sprig uses it: any value to int64 or float64; what can not be converted is 0.
 */
import { indirect } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { GoNumber, GoRef } from '../../value.ts';
import { parseFloat64, parseInteger } from './number-text.ts';

const MIN_INT64 = -(2n ** 63n);
const TWO_63 = 2 ** 63;

/** int64(f) on amd64: out of range, infinite and NaN give the smallest number. */
export function truncateToInt64(value: number): bigint {
  return value >= -TWO_63 && value < TWO_63 ? BigInt(Math.trunc(value)) : MIN_INT64;
}

/** `5.00` to `5`; only zeros after a point go. */
function trimZeroDecimal(text: string): string {
  return text.replace(/\.0+$/, '');
}

/** The named int types that cast knows by name. */
const NAMED_INTS: ReadonlySet<string | undefined> = new Set(['time.Month', 'time.Weekday']);

/** cast.ToInt64 (and ToInt: both are 64 bits wide). */
export function toInt64(value: GoValue): bigint {
  switch (typeof value) {
    case 'bigint':
      return value;
    case 'number':
      return truncateToInt64(value);
    case 'boolean':
      return value ? 1n : 0n;
    case 'string': {
      const parsed = parseInteger(trimZeroDecimal(value));
      return parsed.error === null ? parsed.value : 0n;
    }
    default:
      break;
  }
  if (value instanceof GoNumber) {
    return typeof value.value === 'bigint' ? BigInt.asIntN(64, value.value) : truncateToInt64(value.value);
  }
  if (!(value instanceof GoRef)) return 0n;
  if (value.type.kind === 'int' && NAMED_INTS.has(value.type.name)) return value.data as bigint;
  const target = indirect(value).value;
  return target === undefined || target instanceof GoRef ? 0n : toInt64(target);
}

/** cast.ToFloat64. */
export function toFloat64(value: GoValue): number {
  switch (typeof value) {
    case 'number':
      return value;
    case 'bigint':
      return Number(value);
    case 'boolean':
      return value ? 1 : 0;
    case 'string':
      return parseFloat64(value) ?? 0;
    default:
      break;
  }
  if (value instanceof GoNumber) return value.kind === 'uintptr' ? 0 : Number(value.value);
  if (!(value instanceof GoRef)) return 0;
  if (value.type.kind === 'int' && NAMED_INTS.has(value.type.name)) return Number(value.data);
  const target = indirect(value).value;
  return target === undefined || target instanceof GoRef ? 0 : toFloat64(target);
}
