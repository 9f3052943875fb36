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
  const powerOfTwo = rounded !== 0 && Number.isInteger(Math.log2(Math.abs(rounded)));
  for (let digits = 0; digits < MAX_FLOAT32_DIGITS; digits++) {
    const text = rounded.toExponential(digits);
    if (readsAs(text, rounded)) return formatShortest(rounded, powerOfTwo ? text : tieToEven(rounded, digits, text));
    // Above a power of two there is more room than below: the next text up may still mean it where the nearest does not.
    const next = powerOfTwo ? nextUp(text) : text;
    if (readsAs(next, rounded)) return formatShortest(rounded, next);
  }
  return formatShortest(rounded, rounded.toExponential(MAX_FLOAT32_DIGITS));
}

function readsAs(text: string, float32: number): boolean {
  return Math.fround(Number(text)) === float32;
}

/** Digits that show all that a float32 of ordinary size has. */
const ALL_DIGITS = 60;

/** toExponential rounds a number in the middle of two texts up; Go takes the one with the even digit. */
function tieToEven(value: number, digits: number, text: string): string {
  const exact = value.toExponential(ALL_DIGITS);
  const end = exact.indexOf('.') + 1 + digits;
  const inTheMiddle = /^50*e/.test(exact.slice(end));
  if (!inTheMiddle || /[02468]\.?e/.test(text)) return text;
  return exact.slice(0, digits === 0 ? end - 1 : end) + exact.slice(exact.indexOf('e'));
}

/** The text whose last digit is one more. */
function nextUp(text: string): string {
  const at = text.indexOf('e');
  const point = text.indexOf('.');
  const places = point < 0 ? 0 : at - point - 1;
  const sign = text.startsWith('-') ? '-' : '';
  const digits = BigInt(text.slice(sign.length, at).replace('.', '')) + 1n;
  return Number(`${sign}${digits}e${Number(text.slice(at + 1)) - places}`).toExponential(places);
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
