/** Text to bool and number as Go's strconv reads it: what Istio accepts in annotations is exactly that. */

/** strconv.ParseBool; undefined where it gives an error. */
export function parseBool(text: string): boolean | undefined {
  switch (text) {
    case '1':
    case 't':
    case 'T':
    case 'TRUE':
    case 'true':
    case 'True':
      return true;
    case '0':
    case 'f':
    case 'F':
    case 'FALSE':
    case 'false':
    case 'False':
      return false;
    default:
      return undefined;
  }
}

/** Base-10 digits only, at least one. */
function digits(text: string, from: number): boolean {
  if (from >= text.length) return false;
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

/** strconv.ParseUint(text, 10, bits) for up to 32 bits; undefined where it gives an error. */
export function parseUint(text: string, bits: 16 | 32): number | undefined {
  if (!digits(text, 0)) return undefined;
  const value = Number(text);
  return value <= (bits === 16 ? 0xffff : 0xffff_ffff) ? value : undefined;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** strconv.Atoi; undefined where it gives an error. Precise within ±2^53, which all ports and identifiers are. */
export function atoi(text: string): number | undefined {
  const sign = text.charCodeAt(0);
  const from = sign === 43 || sign === 45 ? 1 : 0;
  if (!digits(text, from)) return undefined;
  if (text.length > 17) {
    const value = BigInt(sign === 43 ? text.slice(1) : text);
    if (value > MAX_INT64 || value < MIN_INT64) return undefined;
  }
  return Number(text);
}

const HEX = /^[0-9a-fA-F]{1,4}$/;

/** A dotted quad without leading zeros, as netip.ParseAddr takes it. */
function isIpv4(text: string): boolean {
  const parts = text.split('.');
  if (parts.length !== 4) return false;
  return parts.every((part) => {
    if (part.length > 3 || !digits(part, 0)) return false;
    return !(part.length > 1 && part.startsWith('0')) && Number(part) <= 255;
  });
}

/** Groups of hexadecimal digits with at most one `::` that stands for at least one group, and an IPv4 tail if any. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups: string[] = [];
  for (const half of halves) if (half !== '') groups.push(...half.split(':'));
  let count = groups.length;
  const tail = groups.at(-1);
  if (tail?.includes('.')) {
    // An IPv4 tail has to be the very end, not what stands before a closing `::`.
    if (text.endsWith('::') || !isIpv4(tail)) return false;
    groups.pop();
    count++;
  }
  if (!groups.every((group) => HEX.test(group))) return false;
  return halves.length === 2 ? count <= 7 : count === 8;
}

/** netip.ParsePrefix: an address without zone, a slash, and a length without sign or leading zeros. */
export function isPrefix(text: string): boolean {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return false;
  const address = text.slice(0, slash);
  const length = text.slice(slash + 1);
  const v6 = address.includes(':');
  if (!(v6 ? isIpv6(address) : isIpv4(address))) return false;
  if (!digits(length, 0) || length.length > 3) return false;
  if (length.length > 1 && length.startsWith('0')) return false;
  return Number(length) <= (v6 ? 128 : 32);
}

const SPACE = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING_SPACE = new RegExp(`^${SPACE}+`);
const IS_SPACE = new RegExp(SPACE);

/** strings.TrimSpace. */
export function trimSpace(text: string): string {
  if (!IS_SPACE.test(text)) return text;
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end).replace(LEADING_SPACE, '');
}
