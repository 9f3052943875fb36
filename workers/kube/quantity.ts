/**
 * Kubernetes quantities (`100m`, `1.5Gi`, `12e6`) as k8s.io/apimachinery v0.35.4's resource.Quantity reads, compares and writes
 * them. Upstream keeps a quantity in one of two forms, an int64 with a decimal scale or an arbitrary decimal, and some results
 * differ between them (what overflows, how negative values round), so both are told apart here.
 */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** A parsed quantity: `unscaled` × 10^`scale`. */
export interface Quantity {
  readonly unscaled: bigint;
  readonly scale: number;
  /** Which kind of suffix it is written with. */
  readonly format: QuantityFormat;
  /** Whether upstream holds it as an int64 (all but very long, very small and fractional binary quantities). */
  readonly small: boolean;
  /** The text it came from, where upstream takes that for canonical without looking closer (`+5`, `1.`); else null. */
  readonly text: string | null;
}

/** Thrown for texts that are no quantity. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
  readonly code: 'QUANTITY_SYNTAX' | 'QUANTITY_LIMIT';
  constructor(code: 'QUANTITY_SYNTAX' | 'QUANTITY_LIMIT', message: string) {
    super(message);
    this.code = code;
  }
}

/** Longest text read, and largest exponent: upstream has no limits and can be made to compute for hours. */
export const MAX_QUANTITY_LENGTH = 1024;
export const MAX_QUANTITY_EXPONENT = 1000;

const NANO = -9;
const MILLI = -3;
/** Digits that surely fit into an int64, and before a binary suffix, which takes about three tenths of a digit a bit. */
const INT64_DIGITS = 18;
const BINARY_DIGITS = 14;
const MAX_INT64 = (1n << 63n) - 1n;

const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
/** Powers of two. */
const BINARY_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
]);
const DECIMAL_SUFFIX_OF = new Map(Array.from(DECIMAL_SUFFIXES, ([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIX_OF = new Map(Array.from(BINARY_SUFFIXES, ([suffix, exponent]) => [exponent, suffix]));

/** Numbers below a thousand, in the suffixes that people use: no larger suffix could take them, so they are canonical. */
export const SHORT_QUANTITY = /^[1-9]\d{0,2}(?:[mkMGT]|[KMGT]i)?$/;
/** Sign, leading zeros, digits, digits behind the point, suffix. */
const QUANTITY = /^([+-]?)(0*)([0-9]*)(\.[0-9]*)?([eEinumkKMGTP]*[+-]?[0-9]*)$/;
const EXPONENT_SUFFIX = /^[eE]([+-]?[0-9]+)$/;

/**
 * Reads a quantity. More than nine digits behind the point are rounded away from zero; binary quantities beyond int64 become the
 * largest int64. Throws QuantityError: QUANTITY_SYNTAX as ParseQuantity fails, QUANTITY_LIMIT for texts too long or exponents too
 * large to work with.
 */
export function parseQuantity(text: string): Quantity {
  if (text.length > MAX_QUANTITY_LENGTH) throw new QuantityError('QUANTITY_LIMIT', 'quantity is too long');
  const match = text === '' ? null : QUANTITY.exec(text);
  if (match === null) throw new QuantityError('QUANTITY_SYNTAX', `${JSON.stringify(text)} is no quantity`);
  const [, sign, zeros = '', digits = '', point, suffix = ''] = match;
  const { exponent, format } = interpretSuffix(suffix);
  const fraction = point === undefined ? '' : point.slice(1);
  const number: Decimal = { negative: sign === '-', whole: digits === '' ? '0' : digits, fraction, exponent, format };
  const small = parseSmall(text, number);
  if (small !== null) return small;
  if (zeros === '' && digits === '' && fraction === '') {
    throw new QuantityError('QUANTITY_SYNTAX', 'unable to parse numeric part of quantity');
  }
  return parseLarge(number);
}

/** A quantity's parts, before it is decided which form holds it. */
interface Decimal {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
  /** Of ten; of two for BinarySI. */
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function interpretSuffix(suffix: string): { exponent: number; format: QuantityFormat } {
  const decimal = DECIMAL_SUFFIXES.get(suffix);
  if (decimal !== undefined) return { exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY_SUFFIXES.get(suffix);
  if (binary !== undefined) return { exponent: binary, format: 'BinarySI' };
  const digits = EXPONENT_SUFFIX.exec(suffix)?.[1];
  if (digits === undefined) throw new QuantityError('QUANTITY_SYNTAX', "unable to parse quantity's suffix");
  const parsed = BigInt(digits.replace('+', ''));
  if (parsed !== BigInt.asIntN(64, parsed))
    throw new QuantityError('QUANTITY_SYNTAX', "unable to parse quantity's suffix");
  // Upstream cuts the exponent to 32 bits.
  const exponent = Number(BigInt.asIntN(32, parsed));
  if (Math.abs(exponent) > MAX_QUANTITY_EXPONENT) throw new QuantityError('QUANTITY_LIMIT', 'exponent is too large');
  return { exponent, format: 'DecimalExponent' };
}

/** The int64 form, or null where upstream does not use it. */
function parseSmall(text: string, number: Decimal): Quantity | null {
  const { whole, fraction, exponent, format } = number;
  const binary = format === 'BinarySI';
  if (binary && fraction !== '') return null;
  const precision = binary
    ? BINARY_DIGITS - whole.length - Math.floor((exponent * 3) / 10)
    : INT64_DIGITS - whole.length - fraction.length;
  const scale = (binary ? 0 : exponent) - fraction.length;
  if (precision < 0 || scale < NANO) return null;
  const digits = whole + fraction;
  const value = BigInt(digits);
  const unscaled = binary ? value << BigInt(exponent) : value;
  if (unscaled > MAX_INT64) return null;
  // Upstream's quick guess at whether the text is canonical already.
  const canonical = binary
    ? (value & 7n) !== 0n
    : scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
  return {
    unscaled: number.negative ? -unscaled : unscaled,
    scale,
    format,
    small: true,
    text: canonical ? text : null,
  };
}

/** The form of any size: rounded up to nano, capped for binary suffixes. */
function parseLarge(number: Decimal): Quantity {
  const binary = number.format === 'BinarySI';
  let unscaled = BigInt(number.whole + number.fraction);
  let scale = (binary ? 0 : number.exponent) - number.fraction.length;
  let { format } = number;
  if (binary) unscaled <<= BigInt(number.exponent);
  if (unscaled !== 0n) {
    unscaled = rescaleUp(unscaled, scale, NANO);
    scale = NANO;
    const one = 10n ** 9n;
    if (binary && unscaled > MAX_INT64 * one) {
      unscaled = MAX_INT64;
      scale = 0;
    } else if (binary && unscaled < one) {
      format = 'DecimalSI';
    }
  }
  return { unscaled: number.negative ? -unscaled : unscaled, scale, format, small: false, text: null };
}

/** A non-negative number moved from one scale to another, rounded up. */
function rescaleUp(unscaled: bigint, from: number, to: number): bigint {
  if (from >= to) return unscaled * 10n ** BigInt(from - to);
  const divisor = 10n ** BigInt(to - from);
  return (unscaled + divisor - 1n) / divisor;
}

/** Quantity.String(): the text the apiserver stores for it. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== null) return quantity.text;
  if (quantity.unscaled === 0n) return '0';
  const whole = quantity.format === 'BinarySI' ? binaryValue(quantity) : null;
  return whole === null ? formatDecimal(quantity) : formatBinary(whole);
}

/** The value where a binary suffix can show it: a whole number of at least 1024 in magnitude. */
function binaryValue({ unscaled, scale }: Quantity): bigint | null {
  let whole: bigint;
  if (scale >= 0) {
    whole = unscaled * 10n ** BigInt(scale);
  } else {
    const divisor = 10n ** BigInt(-scale);
    if (unscaled % divisor !== 0n) return null;
    whole = unscaled / divisor;
  }
  return whole > -1024n && whole < 1024n ? null : whole;
}

function formatBinary(value: bigint): string {
  let mantissa = value;
  let exponent = 0;
  while (mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    exponent += 10;
  }
  return `${mantissa}${BINARY_SUFFIX_OF.get(exponent) ?? ''}`;
}

function formatDecimal({ unscaled, scale, format }: Quantity): string {
  let mantissa = unscaled;
  let exponent = scale;
  while (mantissa % 10n === 0n) {
    mantissa /= 10n;
    exponent++;
  }
  while (exponent % 3 !== 0) {
    mantissa *= 10n;
    exponent--;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  // Upstream has no suffix beyond exa and then writes none.
  return `${mantissa}${DECIMAL_SUFFIX_OF.get(exponent) ?? ''}`;
}

/** The canonical text of a quantity's text. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text));
}

/** What strings.TrimSpace removes. */
const OUTER_SPACE =
  /^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

/** Reads a quantity as it stands in JSON: a string, spaces around it allowed, or a number; null is zero. Throws QuantityError. */
export function quantityFromJson(value: string | number | null): Quantity {
  if (value === null) return { unscaled: 0n, scale: 0, format: 'DecimalSI', small: true, text: null };
  return parseQuantity(typeof value === 'number' ? String(value) : value.replace(OUTER_SPACE, ''));
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareQuantity(a: Quantity, b: Quantity): number {
  const scale = Math.min(a.scale, b.scale);
  const x = a.scale === scale ? a.unscaled : a.unscaled * 10n ** BigInt(a.scale - scale);
  const y = b.scale === scale ? b.unscaled : b.unscaled * 10n ** BigInt(b.scale - scale);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Quantity.Value(): the next whole number; see scaledValue. */
export function wholeValue(quantity: Quantity): bigint {
  return scaledValue(quantity, 0);
}

/** Quantity.MilliValue(): thousandths, rounded up; see scaledValue. */
export function milliValue(quantity: Quantity): bigint {
  return scaledValue(quantity, MILLI);
}

/**
 * Quantity.ScaledValue(scale): the number of 10^`scale`s, rounded up, as an int64 with upstream's overflows: what does not fit
 * wraps around or becomes 0. Negative numbers round away from zero in the int64 form, and up in the other.
 */
export function scaledValue(quantity: Quantity, scale: number): bigint {
  const { unscaled } = quantity;
  const difference = quantity.scale - scale;
  if (quantity.small)
    return difference < 0 ? divideAwayFromZero(unscaled, -difference) : multiplyInt64(unscaled, difference);
  if (difference >= 0) return multiplyWrapping(unscaled, difference);
  const divisor = 10n ** BigInt(-difference);
  if (unscaled < MAX_INT64 && -difference < 19) {
    const number = BigInt.asIntN(64, unscaled);
    return number / divisor + (number % divisor === 0n ? 0n : 1n);
  }
  const remainder = unscaled % divisor;
  const floor = (unscaled - remainder) / divisor - (remainder < 0n ? 1n : 0n);
  return BigInt.asIntN(64, BigInt.asIntN(64, floor) + (remainder === 0n ? 0n : 1n));
}

/**
 * The whole units of a quantity's text, rounded up as wholeValue rounds but without its overflows; undefined where the text is no
 * quantity.
 */
export function roundUpQuantity(text: string): bigint | undefined {
  let quantity: Quantity;
  try {
    quantity = parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
  const { unscaled, scale } = quantity;
  if (scale >= 0) return unscaled * 10n ** BigInt(scale);
  if (quantity.small || unscaled >= 0n) return divideAwayFromZero(unscaled, -scale);
  const divisor = 10n ** BigInt(-scale);
  return unscaled / divisor + (unscaled % divisor === 0n ? 0n : 1n);
}

function divideAwayFromZero(value: bigint, digits: number): bigint {
  const divisor = 10n ** BigInt(digits);
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}

/** Upstream multiplies by these powers at once and lets the overflow show; by others step by step, and gives 0 for it. */
const DIRECT_POWERS: ReadonlySet<number> = new Set([0, 1, 2, 3, 6, 9]);

function multiplyInt64(value: bigint, digits: number): bigint {
  const product = value * 10n ** BigInt(digits);
  const wrapped = BigInt.asIntN(64, product);
  return wrapped === product || DIRECT_POWERS.has(digits) ? wrapped : 0n;
}

function multiplyWrapping(value: bigint, digits: number): bigint {
  const factor = digits <= INT64_DIGITS ? 10n ** BigInt(digits) : -(1n << 63n);
  return digits === 0 ? BigInt.asIntN(64, value) : BigInt.asIntN(64, BigInt.asIntN(64, value) * factor);
}
