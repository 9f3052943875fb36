/**
 * Number and character constants. Like Go's untyped constants they fit every numeric type that can hold their value: `1.0` may be an
 * int, `1.5` may not; where no type is asked for, the way they are written decides.
 */
import { unquoteCharacter } from './quote.ts';

/** A constant in every form that it has; null where its value does not fit. */
export interface Constant {
  readonly text: string;
  readonly int: bigint | null;
  readonly uint: bigint | null;
  readonly float: number | null;
}

export type ConstantResult =
  | { readonly ok: true; readonly value: Constant }
  | { readonly ok: false; readonly message: string };

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;
const INTEGER = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const DECIMAL_FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/;
const MAX_HEX_EXPONENT = 10_000;

/** A character constant with its quotes. */
export function parseCharacter(text: string): ConstantResult {
  const rune = unquoteCharacter(text);
  if (rune === null) return { ok: false, message: `malformed character constant: ${text}` };
  return { ok: true, value: { text, int: BigInt(rune), uint: BigInt(rune), float: rune } };
}

/** A number in Go's syntax: decimal, 0x, 0o, 0 and 0b integers, floats, hexadecimal floats, underscores between digits. */
export function parseNumber(text: string): ConstantResult {
  if (text.endsWith('i')) return { ok: false, message: `complex constants are not supported: ${text}` };
  const plain = withoutUnderscores(text);
  if (plain === null) return { ok: false, message: `illegal number syntax: "${text}"` };
  const whole = parseInteger(plain);
  if (whole !== null) {
    const int = whole >= MIN_INT && whole <= MAX_INT ? whole : null;
    // A sign makes a number signed, but for zero.
    const unsigned = /^[0-9]/.test(text) || whole === 0n;
    const uint = unsigned && whole <= MAX_UINT ? whole : null;
    if (int !== null || uint !== null) return { ok: true, value: { text, int, uint, float: Number(whole) } };
  }
  const float = parseFloatText(plain);
  if (float === null) return { ok: false, message: `illegal number syntax: "${text}"` };
  if (!/[.eEpP]/.test(text)) return { ok: false, message: `integer overflow: "${text}"` };
  const exact = Number.isInteger(float) ? BigInt(float) : null;
  return {
    ok: true,
    value: {
      text,
      int: exact !== null && exact >= MIN_INT && exact <= MAX_INT ? exact : null,
      uint: exact !== null && exact >= 0n && exact <= MAX_UINT ? exact : null,
      float,
    },
  };
}

/**
 * The value of a constant where no type is asked for: int, or float64 when it is written with a point or an exponent. Null when it
 * is an integer that does not fit int.
 */
export function idealValue(constant: Constant): bigint | number | null {
  const { text, float } = constant;
  const hexInteger = /^0[xX]./.test(text) && !/[pP]/.test(text);
  if (float !== null && !hexInteger && !text.startsWith("'") && /[.eEpP]/.test(text)) return float;
  return constant.int;
}

/** Underscores may only stand between digits, or between a base's prefix and a digit. */
function withoutUnderscores(text: string): string | null {
  if (!text.includes('_')) return text;
  const hex = /^[+-]?0[xX]/.test(text);
  const digit = hex ? '[0-9a-fA-F]' : '[0-9]';
  const stray = new RegExp(`(?<!${digit}|^[+-]?0[xXoObB])_|_(?!${digit})`);
  return stray.test(text) ? null : text.replaceAll('_', '');
}

function parseInteger(text: string): bigint | null {
  const match = INTEGER.exec(text);
  if (match === null) return null;
  const [, sign, digits = ''] = match;
  const octal = /^0[0-7]+$/.test(digits);
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -magnitude : magnitude;
}

function parseFloatText(text: string): number | null {
  const hex = HEX_FLOAT.exec(text);
  if (hex !== null) return parseHexFloat(hex);
  if (!DECIMAL_FLOAT.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function parseHexFloat([, sign = '', whole = '', fraction = '', power = '0']: readonly string[]): number | null {
  const digits = whole + fraction;
  if (digits === '') return null;
  const exponent = Number(power) - 4 * fraction.length;
  const mantissa = BigInt(`0x${digits}`);
  if (mantissa === 0n) return sign === '-' ? -0 : 0;
  if (Math.abs(exponent) > MAX_HEX_EXPONENT) return exponent > 0 ? null : 0;
  const value = exponent >= 0 ? Number(mantissa << BigInt(exponent)) : scaleDown(mantissa, -exponent);
  if (!Number.isFinite(value)) return null;
  return sign === '-' ? -value : value;
}

/** mantissa / 2^bits, rounded once: digits below the 64th leading bit only matter as "not exactly half". */
function scaleDown(mantissa: bigint, bits: number): number {
  const surplus = mantissa.toString(2).length - 64;
  if (surplus <= 0) return Number(mantissa) * 2 ** -Math.min(bits, 1074) * 2 ** -Math.max(bits - 1074, 0);
  const kept = (mantissa >> BigInt(surplus)) | ((mantissa & ((1n << BigInt(surplus)) - 1n)) === 0n ? 0n : 1n);
  const left = bits - surplus;
  return left >= 0 ? scaleDown(kept, left) : Number(kept << BigInt(-left));
}
