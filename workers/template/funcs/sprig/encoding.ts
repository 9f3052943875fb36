/**
 * sprig's base64 and base32. The decoders return Go's error as text, with the index of the offending byte.
 */
import { Buffer } from 'node:buffer';
import type { GoFunc } from '../../func.ts';
import { fromByteString, toByteString, toBytes } from '../../gostring.ts';
import { fn1, text } from '../signature.ts';

const BASE64_DIGIT = /[A-Za-z0-9+/]/;
const PADDED_DIGITS = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The index that Go's base64.StdEncoding names for bytes it refuses, or -1 when they are well-formed. Line ends are skipped; padding
 * is needed and ends the text.
 */
function findBase64Error(bytes: string): number {
  let digits = 0;
  for (let index = 0; index < bytes.length; index++) {
    const unit = bytes.charAt(index);
    if (unit === '\n' || unit === '\r') continue;
    if (BASE64_DIGIT.test(unit)) {
      digits++;
      continue;
    }
    const place = digits % 4;
    if (unit !== '=' || place < 2) return index;
    let next = skipLineEnds(bytes, index + 1);
    if (place === 2) {
      if (next === bytes.length) return bytes.length;
      if (bytes.charAt(next) !== '=') return next - 1;
      next = skipLineEnds(bytes, next + 1);
    }
    return next < bytes.length ? next : -1;
  }
  return digits % 4 === 0 ? -1 : bytes.length - (digits % 4);
}

function skipLineEnds(bytes: string, start: number): number {
  let index = start;
  while (bytes.charAt(index) === '\n' || bytes.charAt(index) === '\r') index++;
  return index;
}

/** base64.StdEncoding.DecodeString to a byte string; Go's error text when the input is malformed. */
export function decodeBase64(value: string): { readonly bytes: string; readonly error: string | null } {
  if (value.length % 4 !== 0 || !PADDED_DIGITS.test(value)) {
    const bytes = toByteString(value);
    const index = findBase64Error(bytes);
    if (index >= 0) return { bytes: '', error: `illegal base64 data at input byte ${index}` };
  }
  return { bytes: Buffer.from(value, 'base64').toString('latin1'), error: null };
}

const BASE32_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE32_GROUP = 8;

function encodeBase32(bytes: Uint8Array): string {
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += BASE32_ALPHABET.charAt((value >> bits) & 31);
    }
  }
  if (bits > 0) out += BASE32_ALPHABET.charAt((value << (5 - bits)) & 31);
  return out.padEnd(Math.ceil(out.length / BASE32_GROUP) * BASE32_GROUP, '=');
}

/** Numbers of digits before the padding of the last group; others leave a byte incomplete. */
const BASE32_LAST_LENGTHS: ReadonlySet<number> = new Set([2, 4, 5, 7]);

function base32Error(index: number): string {
  return `illegal base32 data at input byte ${index}`;
}

/** The index of the byte that makes the padding which starts at `start` wrong, or -1. Indexes are those that Go reports. */
function findPaddingError(text: string, start: number): number {
  const digits = start % BASE32_GROUP;
  const left = text.length - start - 1;
  if (left + digits < BASE32_GROUP - 1) return text.length;
  for (let offset = 0; offset < BASE32_GROUP - 1 - digits; offset++) {
    if (text.charAt(start + 1 + offset) !== '=') return start + offset;
  }
  return BASE32_LAST_LENGTHS.has(digits) ? -1 : start;
}

function decodeBase32(value: string): string {
  const bytes = toByteString(value).replace(/[\r\n]/g, '');
  let out = '';
  let bits = 0;
  let buffer = 0;
  for (let index = 0; index < bytes.length; index++) {
    const unit = bytes.charAt(index);
    if (unit === '=' && index % BASE32_GROUP >= 2 && bytes.length - index - 1 < BASE32_GROUP) {
      const wrong = findPaddingError(bytes, index);
      return wrong >= 0 ? base32Error(wrong) : fromByteString(out);
    }
    const digit = BASE32_ALPHABET.indexOf(unit);
    if (digit < 0) return base32Error(index);
    buffer = ((buffer << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out += String.fromCharCode((buffer >> bits) & 0xff);
    }
  }
  const open = bytes.length % BASE32_GROUP;
  return open === 0 ? fromByteString(out) : base32Error(bytes.length - open);
}

export const encodingFuncs: readonly (readonly [string, GoFunc])[] = [
  ['b64enc', fn1(text, (value) => Buffer.from(toBytes(value)).toString('base64'))],
  [
    'b64dec',
    fn1(text, (value) => {
      const { bytes, error } = decodeBase64(value);
      return error ?? fromByteString(bytes);
    }),
  ],
  ['b32enc', fn1(text, (value) => encodeBase32(toBytes(value)))],
  ['b32dec', fn1(text, decodeBase32)],
];
