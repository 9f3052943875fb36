/**
 * Go's time.ParseDuration to the nanosecond, overflow included, and the float arithmetic Linkerd does with it.
 */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const MAX = 2n ** 63n;
const PART = /([0-9]*)(?:\.([0-9]*))?([^0-9.]+)/y;
/** Longer texts are no duration anybody means, and BigInt of them would cost. */
const TEXT_LIMIT = 256;

/** Nanoseconds; undefined where Go gives an error. */
export function parseGoDuration(text: string): bigint | undefined {
  if (text.length > TEXT_LIMIT) return undefined;
  const negative = text.startsWith('-');
  const rest = negative || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  let total = 0n;
  let position = 0;
  while (position < rest.length) {
    PART.lastIndex = position;
    const part = PART.exec(rest);
    if (part === null) return undefined;
    const nanoseconds = partNanoseconds(part[1] ?? '', part[2], UNITS.get(part[3] ?? ''));
    if (nanoseconds === undefined) return undefined;
    total += nanoseconds;
    if (total > MAX) return undefined;
    position = PART.lastIndex;
  }
  if (negative) return -total;
  return total > MAX - 1n ? undefined : total;
}

function partNanoseconds(whole: string, fraction: string | undefined, unit: bigint | undefined): bigint | undefined {
  if (unit === undefined || (whole === '' && (fraction === undefined || fraction === ''))) return undefined;
  const integer = whole === '' ? 0n : BigInt(whole);
  if (integer > MAX || integer > MAX / unit) return undefined;
  let value = integer * unit;
  if (fraction !== undefined && fraction !== '') {
    // As many digits as fit into 63 bits count; Go then multiplies as floats.
    const digits = BigInt(fraction) >= MAX ? fraction.slice(0, 18) : fraction;
    value += BigInt(Math.trunc(Number(digits) * (Number(unit) / 10 ** digits.length)));
    if (value > MAX) return undefined;
  }
  return value;
}

/** Duration.Seconds(). */
export function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000_000n) + Number(nanoseconds % 1_000_000_000n) / 1e9;
}

/** `fmt.Sprintf("%dms", int(d.Seconds()*1000))`. */
export function wholeMilliseconds(nanoseconds: bigint): string {
  return `${BigInt(Math.trunc(seconds(nanoseconds) * 1_000))}ms`;
}

/** `fmt.Sprintf("%ds", int(d.Seconds()))`. */
export function wholeSeconds(nanoseconds: bigint): string {
  return `${BigInt(Math.trunc(seconds(nanoseconds)))}s`;
}
