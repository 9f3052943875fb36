/** Conversions between types, and what CEL asks of any value. */
import { Buffer } from 'node:buffer';
import { formatFloat } from '../../../template/float.ts';
import { parseDuration } from '../../../template/funcs/sprig/duration.ts';
import { noSuchOverload, runtimeError } from '../error.ts';
import { type CallContext, declared, type FunctionTable, known, madeText } from '../function.ts';
import { fitInt, fitUint } from '../operators.ts';
import {
  CelDuration,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
  isList,
  isMap,
  itemsOf,
  sizeOfMap,
  typeNameOf,
} from '../value.ts';
import { NET_TEXT_DECLARATIONS, netText } from './net.ts';
import { floorDivide, formatTimestamp, parseTimestamp } from './time.ts';

const SECOND = 1_000_000_000n;
const TRUE_WORDS = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE_WORDS = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);
const INTEGER = /^[+-]?[0-9]+$/;
const UNSIGNED = /^[0-9]+$/;
const REAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
/** Digits that an int of 64 bits can have, with zeros in front. */
const MAX_DIGITS = 40;

function only(args: readonly CelValue[]): CelValue {
  const [value] = args;
  if (value === undefined) throw noSuchOverload();
  return value;
}

function characters(text: string, { budget }: CallContext): bigint {
  budget.spendUnits(text.length);
  let count = 0;
  for (const _ of text) count += 1;
  return BigInt(count);
}

function size(args: readonly CelValue[], context: CallContext): CelValue {
  const value = only(args);
  if (typeof value === 'string') return characters(value, context);
  if (value instanceof Uint8Array) return BigInt(value.length);
  if (isList(value)) return BigInt(Array.isArray(value) ? value.length : itemsOf(value).length);
  if (isMap(value)) return BigInt(sizeOfMap(value));
  throw noSuchOverload();
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw runtimeError('integer overflow');
  return BigInt(Math.trunc(value));
}

function toInt(value: CelValue): CelValue {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    // The largest double below 2^63 is the last that converts.
    if (!(value > -(2 ** 63) && value < 2 ** 63)) throw runtimeError('integer overflow');
    return fitInt(truncated(value));
  }
  if (value instanceof CelUint) return fitInt(value.value);
  if (value instanceof CelTimestamp) return floorDivide(value.nanos, SECOND);
  if (value instanceof CelDuration) return value.nanos;
  if (typeof value === 'string' && value.length <= MAX_DIGITS && INTEGER.test(value)) {
    return fitInt(BigInt(value.startsWith('+') ? value.slice(1) : value));
  }
  throw typeof value === 'string' ? runtimeError('type conversion error from string to int') : noSuchOverload();
}

function toUint(value: CelValue): CelValue {
  if (value instanceof CelUint) return value;
  if (typeof value === 'bigint') return fitUint(value);
  if (typeof value === 'number') {
    if (!(value >= 0 && value < 2 ** 64)) throw runtimeError('unsigned integer overflow');
    return fitUint(truncated(value));
  }
  if (typeof value === 'string' && value.length <= MAX_DIGITS && UNSIGNED.test(value)) return fitUint(BigInt(value));
  throw typeof value === 'string' ? runtimeError('type conversion error from string to uint') : noSuchOverload();
}

const REAL_WORDS: ReadonlyMap<string, number> = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
]);

function toDouble(value: CelValue): CelValue {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  if (typeof value !== 'string') throw noSuchOverload();
  if (REAL.test(value)) {
    const number = Number(value);
    if (Number.isFinite(number)) return number;
  }
  const negative = value.startsWith('-');
  const word = REAL_WORDS.get(value.replace(/^[+-]/, '').toLowerCase());
  if (word === undefined) throw runtimeError('type conversion error from string to double');
  return negative ? -word : word;
}

function toText(value: CelValue, context: CallContext): CelValue {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return formatFloat(value, 'g', -1);
    default:
      break;
  }
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return secondsText(value.nanos);
  if (value instanceof Uint8Array) return madeText(decodeUtf8(value), context);
  const address = netText(value);
  if (address !== undefined) return address;
  throw noSuchOverload();
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw runtimeError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** A duration in seconds with as many digits as it has: `90s`, `1.5s`. */
export function secondsText(nanos: bigint): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const fraction = String(magnitude % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${magnitude / SECOND}${fraction === '' ? '' : `.${fraction}`}s`;
}

function toBytes(value: CelValue, { budget }: CallContext): CelValue {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') throw noSuchOverload();
  budget.admitText(value.length);
  return new Uint8Array(Buffer.from(value, 'utf8'));
}

function toBool(value: CelValue): CelValue {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw noSuchOverload();
  if (TRUE_WORDS.has(value)) return true;
  if (FALSE_WORDS.has(value)) return false;
  throw runtimeError('type conversion error from string to bool');
}

function toTimestamp(value: CelValue): CelValue {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === 'bigint') return new CelTimestamp(fitSeconds(value) * SECOND);
  if (typeof value === 'string') return parseTimestamp(value);
  throw noSuchOverload();
}

function fitSeconds(value: bigint): bigint {
  if (value < -62_135_596_800n || value > 253_402_300_799n) throw runtimeError('timestamp overflow');
  return value;
}

function toDuration(value: CelValue): CelValue {
  if (value instanceof CelDuration) return value;
  if (typeof value === 'bigint') return new CelDuration(fitInt(value));
  if (typeof value !== 'string') throw noSuchOverload();
  return durationOf(value);
}

/** Throws CelError for a text that is no duration in Go's notation. */
export function durationOf(text: string): CelDuration {
  try {
    return new CelDuration(parseDuration(text));
  } catch {
    throw runtimeError(`time: invalid duration ${JSON.stringify(text)}`);
  }
}

/** What the checker does not know by itself. */
const TIME_TEXT_DECLARATIONS = [
  'string(google.protobuf.Timestamp): string',
  'string(google.protobuf.Duration): string',
];

export const CONVERSIONS: FunctionTable = new Map([
  ['dyn', known(only)],
  ['type', known((args) => new CelType(typeNameOf(only(args))))],
  ['size', known(size)],
  ['.size', known(size)],
  ['int', declared(['int(uint): int', 'int(google.protobuf.Timestamp): int'], (args) => toInt(only(args)))],
  ['uint', known((args) => toUint(only(args)))],
  ['double', known((args) => toDouble(only(args)))],
  [
    'string',
    declared([...NET_TEXT_DECLARATIONS, ...TIME_TEXT_DECLARATIONS], (args, context) => toText(only(args), context)),
  ],
  ['bytes', known((args, context) => toBytes(only(args), context))],
  ['bool', known((args) => toBool(only(args)))],
  [
    'timestamp',
    declared(['timestamp(google.protobuf.Timestamp): google.protobuf.Timestamp'], (args) => toTimestamp(only(args))),
  ],
  [
    'duration',
    declared(['duration(google.protobuf.Duration): google.protobuf.Duration'], (args) => toDuration(only(args))),
  ],
]);
