/**
 * Go's strconv.ParseInt, Atoi and ParseFloat. JavaScript's own readers accept other texts.
 */

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** What strconv makes of a text: a value, and why it is not the number the text says. */
export interface ParsedInteger {
  /** The number; at the type's limit when out of range, 0 for bad syntax. */
  readonly value: bigint;
  readonly error: 'syntax' | 'range' | null;
}

const SYNTAX_ERROR: ParsedInteger = { value: 0n, error: 'syntax' };

const BASE_PREFIX = /^0[xXbBoO]/;
/** Underscores only between digits, or between a base prefix and a digit; a leading 0 is a prefix. */
const SEPARATED_DIGITS: Readonly<Record<number, RegExp>> = {
  2: /^_?[01]+(?:_[01]+)*$/,
  8: /^_?[0-7]+(?:_[0-7]+)*$/,
  10: /^[0-9]+(?:_[0-9]+)*$/,
  16: /^_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*$/,
};
const DECIMAL_DIGITS = /^[0-9]+$/;
const OCTAL_DIGITS = /^[0-7]+$/;

function clamp(value: bigint): ParsedInteger {
  if (value > MAX_INT64) return { value: MAX_INT64, error: 'range' };
  if (value < MIN_INT64) return { value: MIN_INT64, error: 'range' };
  return { value, error: null };
}

function readDigits(digits: string, prefix: string, negative: boolean): ParsedInteger {
  const magnitude = BigInt(prefix + digits);
  return clamp(negative ? -magnitude : magnitude);
}

function splitSign(text: string): { readonly negative: boolean; readonly rest: string } {
  const sign = text[0];
  return { negative: sign === '-', rest: sign === '-' || sign === '+' ? text.slice(1) : text };
}

/** strconv.ParseInt(text, 0, 64): base by prefix (0x, 0b, 0o, 0), underscores allowed. */
export function parseInteger(text: string): ParsedInteger {
  const { negative, rest } = splitSign(text);
  let base = 10;
  let digits = rest;
  if (BASE_PREFIX.test(rest)) {
    base = 'xX'.includes(rest.charAt(1)) ? 16 : 'bB'.includes(rest.charAt(1)) ? 2 : 8;
    digits = rest.slice(2);
  } else if (rest.length > 1 && rest[0] === '0') {
    base = 8;
    digits = rest.slice(1);
  }
  if (SEPARATED_DIGITS[base]?.test(digits) !== true) return SYNTAX_ERROR;
  const prefix = base === 16 ? '0x' : base === 8 ? '0o' : base === 2 ? '0b' : '';
  return readDigits(digits.replaceAll('_', ''), prefix, negative);
}

/** strconv.ParseInt(text, 10, 64), which is Atoi on 64 bits. */
export function parseDecimalInteger(text: string): ParsedInteger {
  const { negative, rest } = splitSign(text);
  return DECIMAL_DIGITS.test(rest) ? readDigits(rest, '', negative) : SYNTAX_ERROR;
}

/** strconv.ParseInt(text, 8, 64). */
export function parseOctalInteger(text: string): ParsedInteger {
  const { negative, rest } = splitSign(text);
  return OCTAL_DIGITS.test(rest) ? readDigits(rest, '0o', negative) : SYNTAX_ERROR;
}

const DIGITS = '[0-9]+(?:_[0-9]+)*';
const DECIMAL_FLOAT = new RegExp(`^[+-]?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?$`);
const HEX = '[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*';
const HEX_FLOAT = new RegExp(`^([+-]?)0[xX](?:(_?${HEX})(?:\\.(${HEX})?)?|\\.(${HEX}))[pP]([+-]?${DIGITS})$`);
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** strconv.ParseFloat(text, 64); null for bad syntax and for numbers beyond the range. */
export function parseFloat64(text: string): number | null {
  if (DECIMAL_FLOAT.test(text)) {
    const value = Number(text.replaceAll('_', ''));
    return Number.isFinite(value) ? value : null;
  }
  const infinity = INFINITY.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  const hex = HEX_FLOAT.exec(text.includes('_') ? text : text);
  return hex === null ? null : hexFloat(hex);
}

function hexFloat([, sign, whole = '', fraction = '', lone = '', exponent = '']: RegExpExecArray): number | null {
  const digits = (fraction || lone).replaceAll('_', '');
  const mantissa = BigInt(`0x${whole.replaceAll('_', '')}${digits}`);
  const shift = Number(exponent.replaceAll('_', '')) - 4 * digits.length;
  // Two steps, so that a subnormal number's power of two does not vanish before it is multiplied.
  const half = Math.trunc(shift / 2);
  const value = Number(mantissa) * 2 ** half * 2 ** (shift - half);
  if (!Number.isFinite(value)) return null;
  return sign === '-' ? -value : value;
}
