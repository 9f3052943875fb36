/**
 * Text of floating point numbers as Go's strconv.FormatFloat writes it. JavaScript's own formats differ: other exponents, halves
 * rounded up, at most 100 digits.
 */

export type FloatFormat = 'e' | 'E' | 'f' | 'g' | 'G' | 'b' | 'x' | 'X';
type Bits = 32 | 64;

/** Significant digits without leading and trailing zeros; the decimal point stands after the first `point` of them. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/**
 * strconv.FormatFloat. `precision` counts digits after the point (`e`, `f`, `x`) or significant digits (`g`); -1 means as few as tell
 * the number from its neighbours. `bits` is the size of the Go type.
 */
export function formatFloat(value: number, format: FloatFormat, precision: number, bits: Bits = 64): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  return (negative ? '-' : '') + formatMagnitude(magnitude, format, precision, bits);
}

/** The default format of a float64 (`%v`): `%g` with as few digits as needed. */
export function formatFloat64(value: number): string {
  // Small whole numbers, by far the most frequent, are written alike in both languages.
  if (Number.isInteger(value) && value > 0 && value < 100_000) return String(value);
  return formatFloat(value, 'g', -1, 64);
}

function formatMagnitude(value: number, format: FloatFormat, precision: number, bits: Bits): string {
  switch (format) {
    case 'b':
      return binaryForm(value, bits);
    case 'x':
      return hexForm(value, precision, bits);
    case 'X':
      return hexForm(value, precision, bits).toUpperCase();
    default:
      break;
  }
  if (precision < 0) {
    const decimal = shortestDecimal(value, bits);
    const { digits, point } = decimal;
    if (format === 'f') return pointForm(decimal, Math.max(digits.length - point, 0));
    if (format === 'e' || format === 'E') return exponentForm(decimal, Math.max(digits.length - 1, 0), format);
    return generalForm(decimal, digits.length, 6, format);
  }
  const exact = exactDecimal(value);
  if (format === 'f') return pointForm(roundDecimal(exact, exact.point + precision), precision);
  if (format === 'e' || format === 'E') return exponentForm(roundDecimal(exact, precision + 1), precision, format);
  const significant = Math.max(precision, 1);
  const decimal = roundDecimal(exact, significant);
  const { digits, point } = decimal;
  const limit = significant > digits.length && digits.length >= point ? digits.length : significant;
  return generalForm(decimal, significant, limit, format);
}

function generalForm(decimal: Decimal, precision: number, exponentLimit: number, format: FloatFormat): string {
  const { digits, point } = decimal;
  const exponent = point - 1;
  if (exponent < -4 || exponent >= exponentLimit) {
    return exponentForm(decimal, Math.min(precision, digits.length) - 1, format === 'G' ? 'E' : 'e');
  }
  return pointForm(decimal, Math.max((precision > point ? digits.length : precision) - point, 0));
}

function exponentForm({ digits, point }: Decimal, precision: number, letter: string): string {
  const first = digits[0] ?? '0';
  const rest = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : '';
  const exponent = digits === '' ? 0 : point - 1;
  return `${first}${rest}${letter}${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function pointForm({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const leading = '0'.repeat(Math.min(Math.max(-point, 0), precision));
  const fraction = leading + digits.slice(Math.max(point, 0), Math.max(point + precision, 0));
  return `${whole}.${fraction.padEnd(precision, '0')}`;
}

/** The fewest digits that no neighbouring number of that size has. */
function shortestDecimal(value: number, bits: Bits): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  if (bits === 64) return fromExponential(value.toExponential());
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return fromExponential(text);
  }
  return fromExponential(value.toExponential());
}

function fromExponential(text: string): Decimal {
  const [mantissa = '', exponent = '0'] = text.split('e');
  return { digits: trimZeros(mantissa.replace('.', '')), point: Number(exponent) + 1 };
}

function trimZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}

/** All digits of the number: m·2^e has finitely many, for 2^-n is 5^n·10^-n. */
function exactDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const { mantissa, exponent } = splitFloat(value, 64);
  const scale = Math.max(-exponent, 0);
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(scale);
  const digits = whole.toString();
  return { digits: trimZeros(digits), point: digits.length - scale };
}

/** Keeps `count` digits, rounding an exact half to the even digit. */
function roundDecimal(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count >= digits.length) return decimal;
  if (count < 0) return { digits: '', point };
  const kept = digits.slice(0, count);
  const next = digits.charCodeAt(count) - 48;
  // Digits carry no trailing zeros, so a lone last 5 is an exact half.
  const half = next === 5 && count + 1 === digits.length;
  const odd = count > 0 && (digits.charCodeAt(count - 1) - 48) % 2 === 1;
  if (half ? !odd : next < 5) return { digits: trimZeros(kept), point };
  const carried = String(BigInt(`1${kept}`) + 1n);
  return carried[0] === '1'
    ? { digits: trimZeros(carried.slice(1)), point }
    : { digits: trimZeros(`1${carried.slice(1)}`), point: point + 1 };
}

/** value = mantissa · 2^exponent with the mantissa of a normalised float of that size. */
function splitFloat(value: number, bits: Bits): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  const [mantissaBits, bias] = bits === 64 ? [52, 1023] : [23, 127];
  if (bits === 64) view.setFloat64(0, value);
  else view.setUint32(4, floatBits32(value));
  const raw = view.getBigUint64(0);
  const fraction = raw & ((1n << BigInt(mantissaBits)) - 1n);
  const biased = Number(raw >> BigInt(mantissaBits)) & (bits === 64 ? 0x7ff : 0xff);
  if (biased === 0) return { mantissa: fraction, exponent: 1 - bias - mantissaBits };
  return { mantissa: fraction | (1n << BigInt(mantissaBits)), exponent: biased - bias - mantissaBits };
}

function floatBits32(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0);
}

function binaryForm(value: number, bits: Bits): string {
  const { mantissa, exponent } = splitFloat(value, bits);
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function hexForm(value: number, precision: number, bits: Bits): string {
  if (value === 0) return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`;
  let { mantissa, exponent } = splitFloat(value, bits);
  // Scaled so that the leading one stands before 60 bits of fraction, 15 hexadecimal digits.
  const shift = 61 - mantissa.toString(2).length;
  mantissa <<= BigInt(shift);
  exponent += 60 - shift;
  if (precision >= 0 && precision < 15) {
    const dropped = BigInt(60 - precision * 4);
    const rest = mantissa & ((1n << dropped) - 1n);
    const half = 1n << (dropped - 1n);
    mantissa >>= dropped;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    mantissa <<= dropped;
    if (mantissa >= 1n << 61n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const all = mantissa.toString(16).padStart(16, '0');
  const fraction = precision < 0 ? trimZeros(all.slice(1)) : all.slice(1).padEnd(precision, '0').slice(0, precision);
  const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return `0x${all[0]}${fraction === '' ? '' : `.${fraction}`}p${power}`;
}
