import { YamlError } from './error.ts';
import { formatFloat32 } from './float-text.ts';
import { isTimestamp } from './timestamp.ts';

const TAG_PREFIX = 'tag:yaml.org,2002:';
export const BINARY_TAG = `${TAG_PREFIX}binary`;
export const MERGE_TAG = `${TAG_PREFIX}merge`;
const TIMESTAMP_TAG = `${TAG_PREFIX}timestamp`;

export type ScalarType = 'null' | 'bool' | 'int' | 'float' | 'str' | 'timestamp';
/** What a scalar without quotes says. Integers are numbers up to 2^53 and bigints beyond. */
export interface ResolvedScalar {
  readonly type: ScalarType;
  readonly value: null | boolean | number | bigint | string;
}

const TYPE_OF_TAG: ReadonlyMap<string, ScalarType> = new Map([
  [`${TAG_PREFIX}null`, 'null'],
  [`${TAG_PREFIX}bool`, 'bool'],
  [`${TAG_PREFIX}int`, 'int'],
  [`${TAG_PREFIX}float`, 'float'],
  [TIMESTAMP_TAG, 'timestamp'],
]);

const NULL: ResolvedScalar = { type: 'null', value: null };
const WORDS: ReadonlyMap<string, ResolvedScalar> = new Map([
  ...wordsOf({ type: 'bool', value: true }, 'y Y yes Yes YES true True TRUE on On ON'),
  ...wordsOf({ type: 'bool', value: false }, 'n N no No NO false False FALSE off Off OFF'),
  ...wordsOf(NULL, '~ null Null NULL'),
  ['', NULL] as const,
  ...wordsOf({ type: 'float', value: Number.NaN }, '.nan .NaN .NAN'),
  ...wordsOf({ type: 'float', value: Number.POSITIVE_INFINITY }, '.inf .Inf .INF +.inf +.Inf +.INF'),
  ...wordsOf({ type: 'float', value: Number.NEGATIVE_INFINITY }, '-.inf -.Inf -.INF'),
]);
const LONGEST_WORD = 5;

function wordsOf(scalar: ResolvedScalar, words: string): [string, ResolvedScalar][] {
  return words.split(' ').map((word) => [word, scalar]);
}

const NOTHING = 0;
const WORD = 1;
const POINT = 2;
const NUMBER = 3;
/** What a text may be, by its first character: most texts are strings for that alone. */
const FIRST = new Uint8Array(128);
for (const c of 'yYnNtTfFoO~') FIRST[c.charCodeAt(0)] = WORD;
for (const c of '+-0123456789') FIRST[c.charCodeAt(0)] = NUMBER;
FIRST[0x2e] = POINT;

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
/** What Go's ParseFloat takes of the texts that begin with a point; it knows underscores between digits. */
const POINT_FLOAT = /^\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?$/;
const MAX_SAFE_DIGITS = 15;
const INT64_LIMIT = 1n << 63n;
const UINT64_LIMIT = 1n << 64n;

/** Whether a plain scalar is a string, for what a glance at it tells: true means certainly. */
export function isPlainString(text: string): boolean {
  if (text.length === 0) return false;
  const c = text.charCodeAt(0);
  if (c >= 128) return true;
  const first = FIRST[c];
  return first === NOTHING || (first === WORD && text.length > LONGEST_WORD);
}

/** The value of a scalar without quotes and tag, as YAML 1.1 and go-yaml v2 have it; timestamps stay strings. */
export function resolvePlain(text: string): null | boolean | number | bigint | string {
  if (text.length === 0) return null;
  const c = text.charCodeAt(0);
  const first = c < 128 ? FIRST[c] : NOTHING;
  if (first === NOTHING) return text;
  if (first === WORD) {
    if (text.length > LONGEST_WORD) return text;
    const word = WORDS.get(text);
    return word === undefined ? text : word.value;
  }
  if (first === NUMBER) {
    const number = shortDecimal(text, c);
    if (number >= 0) return number;
  }
  return resolveNumber(text, first === POINT)?.value ?? text;
}

/** Non-negative decimal integers without leading zeros, which most numbers are; -1 for all else. */
function shortDecimal(text: string, first: number): number {
  const length = text.length;
  if (length > MAX_SAFE_DIGITS || (first === 0x30 && length > 1)) return -1;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** What a text without quotes and tag is, with its type. */
export function resolveScalar(text: string): ResolvedScalar {
  const c = text.charCodeAt(0);
  const first = text.length === 0 ? WORD : c < 128 ? FIRST[c] : NOTHING;
  if (first === NOTHING) return { type: 'str', value: text };
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const number = first === WORD ? null : resolveNumber(text, first === POINT);
  if (number !== null) return number;
  return { type: first === NUMBER && isTimestamp(text) ? 'timestamp' : 'str', value: text };
}

/** Numbers that begin with a sign or digit, or (`afterPoint`) with a point; null for other texts. */
function resolveNumber(text: string, afterPoint: boolean): ResolvedScalar | null {
  const word = text.length <= LONGEST_WORD ? WORDS.get(text) : undefined;
  if (word !== undefined) return word;
  if (afterPoint) return POINT_FLOAT.test(text) ? finiteFloat(text.replaceAll('_', '')) : null;
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const integer = parseGoInteger(plain);
  if (integer !== null) return { type: 'int', value: narrow(integer) };
  if (FLOAT.test(plain)) return finiteFloat(plain);
  // `0b` in front of a signed binary number is a leftover that go-yaml still takes.
  const signedBinary = /^0b([-+])([01]+)$/.exec(plain);
  if (signedBinary !== null) {
    const magnitude = BigInt(`0b${signedBinary[2]}`);
    const value = signedBinary[1] === '-' ? -magnitude : magnitude;
    if (value >= -INT64_LIMIT && value < INT64_LIMIT) return { type: 'int', value: narrow(value) };
  }
  return null;
}

function finiteFloat(text: string): ResolvedScalar | null {
  const value = Number(text);
  return Number.isFinite(value) ? { type: 'float', value } : null;
}

/** Go's ParseInt(text, 0, 64), or ParseUint where that overflows: 0b, 0o, 0x and a leading 0 for octal. */
function parseGoInteger(text: string): bigint | null {
  const match = /^([-+]?)(?:0[bB]([01]+)|0[oO]([0-7]+)|0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))$/.exec(text);
  if (match === null) return null;
  const [, sign, binary, octal, hex, oldOctal, decimal] = match;
  let value: bigint;
  if (decimal !== undefined) value = BigInt(decimal);
  else if (binary !== undefined) value = BigInt(`0b${binary}`);
  else if (hex !== undefined) value = BigInt(`0x${hex}`);
  else value = BigInt(`0o0${octal ?? oldOctal}`);
  if (sign === '-') return value <= INT64_LIMIT ? -value : null;
  return value < (sign === '' ? UINT64_LIMIT : INT64_LIMIT) ? value : null;
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The value of a scalar under a tag. Unknown tags make strings. Throws YamlError YAML_TYPE where the text does not fit the tag. */
export function resolveTagged(tag: string, text: string): ResolvedScalar {
  if (tag === BINARY_TAG) return { type: 'str', value: decodeBinary(text) };
  const wanted = TYPE_OF_TAG.get(tag);
  if (wanted === undefined) return { type: 'str', value: text };
  // An explicit tag other than !!timestamp does not look for timestamps; the outcome differs in the message only.
  const found = resolveScalar(text);
  if (found.type === wanted) return found;
  if (wanted === 'float' && found.type === 'int' && BigInt(found.value ?? 0) < INT64_LIMIT) {
    return { type: 'float', value: Number(found.value) };
  }
  throw new YamlError('YAML_TYPE', `cannot decode ${found.type} ${JSON.stringify(text)} as ${wanted}`);
}

/** Whether text would be read back as the string it is when written without quotes. */
export function readsAsString(text: string): boolean {
  return isPlainString(text) || resolveScalar(text).type === 'str';
}

/**
 * The member name a scalar key gets in JSON: numbers as text (floats as Go prints a float32), booleans as words. Null for keys
 * JSON cannot have: null, and integers beyond int64.
 */
export function keyText(scalar: ResolvedScalar): string | null {
  const { type, value } = scalar;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null || (typeof value === 'bigint' && value >= INT64_LIMIT)) return null;
  if (type === 'int') return value.toString();
  const text = formatFloat32(Number(value));
  if (text === '+Inf') return '.inf';
  if (text === '-Inf') return '-.inf';
  return text === 'NaN' ? '.nan' : text;
}

/** `!!binary`: base64 (line breaks allowed), then its bytes as the UTF-8 that JSON makes of them. */
function decodeBinary(text: string): string {
  const base64 = text.replace(/[\r\n]/g, '');
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new YamlError('YAML_TYPE', '!!binary value contains invalid base64 data');
  }
  return decodeUtf8(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 with U+FFFD for each byte that belongs to no character: Go's rule, where TextDecoder makes one of several bytes. */
function decodeUtf8(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const width = sequenceWidth(bytes, i);
    text += width === 0 ? '\ufffd' : UTF8.decode(bytes.subarray(i, i + width));
    i += Math.max(width, 1);
  }
  return text;
}

/** Length of the well-formed UTF-8 sequence at `i`; 0 if there is none. */
function sequenceWidth(bytes: Uint8Array, i: number): number {
  const at = (k: number): number => bytes[i + k] ?? 0;
  const first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const width = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let k = 1; k < width; k++) if ((at(k) & 0xc0) !== 0x80) return 0;
  const second = at(1);
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return width;
}

/** Whether a tag makes the scalar `<<` a merge key. `!` means "as it would be without a tag". */
export function isMergeTag(tag: string, plain: boolean): boolean {
  return (tag === '' && plain) || tag === '!' || tag === MERGE_TAG;
}
