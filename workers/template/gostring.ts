/**
 * Go strings are bytes, JavaScript strings are UTF-16. Text that is valid UTF-8 is the same in both. A byte that belongs to no
 * valid UTF-8 sequence (a template can cut `é` in half with `trunc`) is kept as the lone low surrogate U+DC00 + byte, which
 * valid text never contains, so bytes survive slicing, hashing, quoting and joining. `repairText` turns what is left of them
 * into U+FFFD when text leaves the engine.
 */
import { Buffer } from 'node:buffer';

const ESCAPE_BASE = 0xdc00;
const FIRST_ESCAPE = 0xdc80;
const LAST_ESCAPE = 0xdcff;
const REPLACEMENT = 0xfffd;

function isEscape(unit: number): boolean {
  return unit >= FIRST_ESCAPE && unit <= LAST_ESCAPE;
}

/** Go's len(s): the number of bytes. */
export function byteLength(text: string): number {
  const length = Buffer.byteLength(text);
  // Three bytes per code unit at most; an ASCII text ends here.
  if (length === text.length || text.isWellFormed()) return length;
  return toBytes(text).length;
}

/** The bytes of a Go string. */
export function toBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index) ?? 0;
    if (code > 0xffff) {
      index++;
    } else if (isEscape(code)) {
      chunks.push(Buffer.from(text.slice(start, index)), Uint8Array.of(code - ESCAPE_BASE));
      start = index + 1;
    }
  }
  chunks.push(Buffer.from(text.slice(start)));
  return Buffer.concat(chunks);
}

/** The number of bytes of the valid UTF-8 sequence at `index`, or 0. Same grammar as Go's utf8.DecodeRune. */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[index + 1] ?? 0;
  let low = 0x80;
  let high = 0xbf;
  if (lead === 0xe0) low = 0xa0;
  else if (lead === 0xed) high = 0x9f;
  else if (lead === 0xf0) low = 0x90;
  else if (lead === 0xf4) high = 0x8f;
  if (second < low || second > high) return 0;
  for (let offset = 2; offset < size; offset++) {
    const next = bytes[index + offset] ?? 0;
    if (next < 0x80 || next > 0xbf) return 0;
  }
  return size;
}

/** The Go string of these bytes; bytes outside valid UTF-8 become escapes. */
export function fromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const quick = buffer.toString();
  if (!quick.includes('\ufffd')) return quick;
  let text = '';
  let start = 0;
  for (let index = 0; index < bytes.length; ) {
    const size = sequenceLength(bytes, index);
    if (size > 0) {
      index += size;
      continue;
    }
    if (start < index) text += buffer.toString('utf8', start, index);
    text += String.fromCharCode(ESCAPE_BASE + (bytes[index] ?? 0));
    index++;
    start = index;
  }
  return start === 0 ? quick : text + buffer.toString('utf8', start);
}

/** Go's s[start:end] by bytes. The caller has checked 0 <= start <= end <= byteLength(text). */
export function sliceBytes(text: string, start: number, end: number): string {
  if (Buffer.byteLength(text) === text.length) return text.slice(start, end);
  return fromBytes(toBytes(text).subarray(start, end));
}

/** Joins escapes that form a whole sequence again (two halves of one letter), so that equal bytes are equal strings. */
export function normalizeBytes(text: string): string {
  return text.isWellFormed() ? text : fromBytes(toBytes(text));
}

/** What a consumer of text sees: each byte outside valid UTF-8 as U+FFFD, as encoding/json and terminals show it. */
export function repairText(text: string): string {
  return text.isWellFormed() ? text : fromBytes(toBytes(text)).toWellFormed();
}

/** Bytewise order of two Go strings: negative, 0 or positive. UTF-16 order differs beyond U+D7FF only. */
export function compareBytes(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    if (a < 0xd800 && b < 0xd800) return a - b;
    return Buffer.compare(toBytes(left), toBytes(right));
  }
  return left.length - right.length;
}

/** Code points as Go's range over a string yields them: a byte outside valid UTF-8 is U+FFFD. */
export function runes(text: string): number[] {
  const codes: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index) ?? 0;
    if (code > 0xffff) index++;
    codes.push(code >= 0xd800 && code <= 0xdfff ? REPLACEMENT : code);
  }
  return codes;
}

const ASCII = /^[\u0000-\u007f]*$/;

/** Whether every character is one byte, so that indexes count bytes. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** One character U+0000 to U+00FF for each byte: Go code that indexes bytes works on it as written. ASCII stays as it is. */
export function toByteString(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(toBytes(text)).toString('latin1');
}

/** The Go string of a byte string. */
export function fromByteString(bytes: string): string {
  return ASCII.test(bytes) ? bytes : fromBytes(Buffer.from(bytes, 'latin1'));
}
