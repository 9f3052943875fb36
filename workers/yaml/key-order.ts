/**
 * The order in which go-yaml v2 writes a mapping's keys: digits by the number they make (`a2` before `a10`), other signs before
 * digits, letters last. It is no strict order where letters and numbers meet (`a12`, `a1x`, `a2`), where upstream's output
 * depends on its hash seed.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  // Two characters beyond the BMP may differ in their second half only.
  if (
    i > 0 &&
    isHighSurrogate(a.charCodeAt(i - 1)) &&
    (isLowSurrogate(a.charCodeAt(i)) || isLowSurrogate(b.charCodeAt(i)))
  )
    i--;
  const x = a.codePointAt(i) ?? 0;
  const y = b.codePointAt(i) ?? 0;
  const xLetter = isLetter(x);
  const yLetter = isLetter(y);
  if (xLetter !== yLetter) return yLetter ? -1 : 1;
  if (xLetter) return x - y;
  const seed = (x === ZERO || y === ZERO) && followsNonZeroDigit(a, i) ? 1n : 0n;
  const xRun = digitRun(a, i, seed);
  const yRun = digitRun(b, i, seed);
  if (xRun.value !== yRun.value) return xRun.value < yRun.value ? -1 : 1;
  if (xRun.digits !== yRun.digits) return xRun.digits - yRun.digits;
  return x - y;
}

const ZERO = 0x30;
const NINE = 0x39;

function isHighSurrogate(c: number): boolean {
  return c >= 0xd800 && c <= 0xdbff;
}
function isLowSurrogate(c: number): boolean {
  return c >= 0xdc00 && c <= 0xdfff;
}
function isLetter(c: number): boolean {
  if (c < 128) return (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
  return /\p{L}/u.test(String.fromCodePoint(c));
}
function isDigit(c: number): boolean {
  if (c < 128) return c >= ZERO && c <= NINE;
  return /\p{Nd}/u.test(String.fromCodePoint(c));
}

/** Whether the digits right before `i` hold another than 0: then a 0 at `i` is no leading one. */
function followsNonZeroDigit(text: string, i: number): boolean {
  for (const c of Array.from(text.slice(0, i), (character) => character.codePointAt(0) ?? 0).reverse()) {
    if (!isDigit(c)) return false;
    if (c !== ZERO) return true;
  }
  return false;
}

/** The number that the digits from `i` on make behind `seed`, wrapping around as an int64 does, and how many they are. */
function digitRun(text: string, i: number, seed: bigint): { value: bigint; digits: number } {
  let value = seed;
  let digits = 0;
  for (let at = i; at < text.length; ) {
    const c = text.codePointAt(at) ?? 0;
    if (!isDigit(c)) break;
    value = BigInt.asIntN(64, value * 10n + BigInt(c - ZERO));
    digits++;
    at += c > 0xffff ? 2 : 1;
  }
  return { value, digits };
}
