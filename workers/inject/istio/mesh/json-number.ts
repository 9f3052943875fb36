/**
 * Numbers of protobuf fields from JSON values, as jsonpb reads them: quotes around a number are taken off, what is left must be a JSON
 * number of the field's type.
 */
import type { YamlValue } from '../../../yaml/value.ts';

export type IntegerKind = 'int32' | 'uint32' | 'int64';

const RANGES: Readonly<Record<IntegerKind, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

const JSON_INTEGER = /^-?(?:0|[1-9][0-9]*)$/;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** Longer texts are no number that anyone writes. */
const MAX_NUMBER_LENGTH = 400;

/** An integer within the type's range; null for anything else. null reads as 0 (only an element of a list or map can be null). */
export function readInteger(raw: YamlValue, kind: IntegerKind): bigint | null {
  const text = numberText(raw);
  if (text === 'null') return 0n;
  if (text === null || !JSON_INTEGER.test(text)) return null;
  // Go parses unsigned numbers without any sign, even that of -0.
  if (kind === 'uint32' && text.startsWith('-')) return null;
  const value = BigInt(text);
  const [low, high] = RANGES[kind];
  return value >= low && value <= high ? value : null;
}

/** A float64; null for anything else, infinity by overflow included. The three words of JSON's protobuf mapping are numbers too. */
export function readDouble(raw: YamlValue): number | null {
  // Adding 0 turns -0 into 0: Istio writes configurations as YAML and reads them again, which loses that sign.
  if (typeof raw === 'number') return raw + 0;
  if (raw === 'NaN') return Number.NaN;
  if (raw === 'Infinity') return Number.POSITIVE_INFINITY;
  if (raw === '-Infinity') return Number.NEGATIVE_INFINITY;
  const text = numberText(raw);
  if (text === 'null') return 0;
  if (text === null || !JSON_NUMBER.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value + 0 : null;
}

/** The JSON text of a scalar without quotes; only spaces may stand around a quoted number. null for what is no scalar. */
function numberText(raw: YamlValue): string | null {
  switch (typeof raw) {
    case 'number':
      return Object.is(raw, -0) ? '-0' : String(raw);
    case 'bigint':
      return String(raw);
    case 'string':
      return raw.length > MAX_NUMBER_LENGTH ? null : raw.replace(/^ +| +$/g, '');
    default:
      return raw === null ? 'null' : null;
  }
}
