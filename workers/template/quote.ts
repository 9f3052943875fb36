/**
 * Go's quoted strings and characters, as strconv writes and reads them.
 */
import { fromBytes, toBytes } from './gostring.ts';
import { isPrint } from './printable.ts';

const REPLACEMENT = 0xfffd;
const MAX_RUNE = 0x10ffff;
const PLAIN_ASCII = /^[ !#-[\]-~]*$/;

const NAMED_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x0b, '\\v'],
]);

/** strconv.Quote, or QuoteToASCII: a double-quoted Go string; bytes that are no character become \xNN. */
export function quote(text: string, ascii = false): string {
  if (PLAIN_ASCII.test(text)) return `"${text}"`;
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const rune = text.codePointAt(i) ?? 0;
    if (rune > 0xffff) i++;
    if (rune >= 0xdc80 && rune <= 0xdcff) out += `\\x${hex(rune - 0xdc00, 2)}`;
    else out += escapeRune(rune, 0x22, ascii);
  }
  return `${out}"`;
}

/** strconv.QuoteRune, or QuoteRuneToASCII: a character constant; what is no character becomes U+FFFD. */
export function quoteRune(rune: number, ascii = false): string {
  return `'${escapeRune(isRune(rune) ? rune : REPLACEMENT, 0x27, ascii)}'`;
}

function escapeRune(rune: number, quoteMark: number, ascii: boolean): string {
  const character = String.fromCodePoint(rune);
  if (rune === quoteMark || rune === 0x5c) return `\\${character}`;
  if ((!ascii || rune < 0x80) && isPrint(rune)) return character;
  const named = NAMED_ESCAPES.get(rune);
  if (named !== undefined) return named;
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  if (!isRune(rune)) return '\\ufffd';
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

/** strconv.CanBackquote: one line without backquote, byte order mark or control characters but tab. */
export function canBackquote(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit < 0x20 && unit !== 0x09) || unit === 0x60 || unit === 0x7f || unit === 0xfeff) return false;
    if (unit >= 0xd800 && unit < 0xdc00) i++;
    else if (unit >= 0xdc80 && unit <= 0xdcff) return false;
  }
  return true;
}

/** Whether a number is a character: at most U+10FFFF and no surrogate. */
export function isRune(rune: number): boolean {
  return rune >= 0 && rune <= MAX_RUNE && !(rune >= 0xd800 && rune <= 0xdfff);
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}

/** strconv.Unquote of a string literal in double quotes or backquotes, quotes included; null when it is malformed. */
export function unquote(literal: string): string | null {
  const mark = literal[0];
  if (literal.length < 2 || mark !== literal.at(-1)) return null;
  const body = literal.slice(1, -1);
  if (mark === '`') return body.includes('`') ? null : body.replaceAll('\r', '');
  if (mark !== '"' || body.includes('\n')) return null;
  if (!body.includes('\\')) return body.includes('"') ? null : body;
  return readEscapes(body);
}

function readEscapes(body: string): string | null {
  const bytes: number[] = [];
  for (let at = 0; at < body.length; ) {
    const read = readCharacter(body, at, '"');
    if (read === null) return null;
    if (read.byte) bytes.push(read.rune);
    else bytes.push(...toBytes(String.fromCodePoint(read.rune)));
    at = read.end;
  }
  return fromBytes(Uint8Array.from(bytes));
}

/** The value of a character constant, quotes included; null when it is malformed. */
export function unquoteCharacter(literal: string): number | null {
  const read = readCharacter(literal, 1, "'");
  return read !== null && read.end === literal.length - 1 && literal.at(-1) === "'" ? read.rune : null;
}

interface CharacterRead {
  readonly rune: number;
  readonly end: number;
  /** Written as \x or octal, so within a string it is one byte. */
  readonly byte: boolean;
}

const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
  ['\\', 0x5c],
]);
const HEX_DIGITS: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

function readCharacter(text: string, at: number, quoteMark: string): CharacterRead | null {
  const first = text[at];
  if (first === undefined || first === quoteMark) return null;
  if (first !== '\\') {
    const rune = text.codePointAt(at) ?? 0;
    return { rune, end: at + (rune > 0xffff ? 2 : 1), byte: false };
  }
  const letter = text[at + 1];
  if (letter === undefined) return null;
  const simple = letter === quoteMark ? letter.charCodeAt(0) : SIMPLE_ESCAPES.get(letter);
  if (simple !== undefined) return { rune: simple, end: at + 2, byte: false };
  const width = HEX_DIGITS.get(letter);
  if (width === undefined) return readOctal(text, at + 1);
  const digits = text.slice(at + 2, at + 2 + width);
  if (digits.length !== width || !/^[0-9a-fA-F]+$/.test(digits)) return null;
  const rune = Number.parseInt(digits, 16);
  if (letter !== 'x' && !isRune(rune)) return null;
  return { rune, end: at + 2 + width, byte: letter === 'x' };
}

function readOctal(text: string, at: number): CharacterRead | null {
  const digits = text.slice(at, at + 3);
  if (!/^[0-7]{3}$/.test(digits)) return null;
  const rune = Number.parseInt(digits, 8);
  return rune > 255 ? null : { rune, end: at + 3, byte: true };
}
