/** Where `%g` without a precision turns to an exponent: from this power of ten on. */
const EXPONENT_FROM = 6;
/** Digits after the first that tell every float32 from its neighbours. */
const MAX_FLOAT32_DIGITS = 8;

/**
 * Writes a float64 as Go's strconv.FormatFloat(x, 'g', -1, 64) does: the shortest digits that read back as the same number,
 * with an exponent of at least two digits from 1e+06 on and below 0.0001.
 */
export function formatFloat64(value: number): string {
  return formatShortest(value, value.toExponential());
}

/** The same for FormatFloat(x, 'g', -1, 32): the value rounded to float32 and its shortest digits. */
export function formatFloat32(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded) || rounded === 0) return formatShortest(rounded, rounded.toExponential());
  for (let digits = 0; digits < MAX_FLOAT32_DIGITS; digits++) {
    const text = rounded.toExponential(digits);
    if (Math.fround(Number(text)) === rounded) return formatShortest(rounded, text);
  }
  return formatShortest(rounded, rounded.toExponential(MAX_FLOAT32_DIGITS));
}

function formatShortest(value: number, exponential: string): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const at = exponential.indexOf('e');
  const digits = exponential.slice(exponential.startsWith('-') ? 1 : 0, at).replace('.', '');
  const exponent = Number(exponential.slice(at + 1));
  if (exponent < -4 || exponent >= EXPONENT_FROM) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const magnitude = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${magnitude}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
