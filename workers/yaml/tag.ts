import {
  codeAt,
  DOT,
  EXCLAMATION,
  GREATER,
  isBlank,
  isDigit,
  isGap,
  isHexDigit,
  isUriCharacter,
  isWord,
  LESS,
  PERCENT,
} from './characters.ts';
import type { Cursor } from './cursor.ts';
import type { Directive, TagToken } from './token.ts';

/** `%YAML` has at most two digits before and after the point. */
const MAX_VERSION_DIGITS = 2;

/** Scans the tag at the cursor's place: `!<uri>`, `!handle!suffix`, `!suffix` or `!` alone. */
export function scanTag(cursor: Cursor): TagToken {
  const { codes } = cursor;
  let tag: TagToken;
  if (codeAt(codes, cursor.pos + 1) === LESS) {
    cursor.pos += 2;
    tag = { handle: '', suffix: scanUri(cursor, '') };
    if (tag.suffix === '') throw cursor.fail('did not find expected tag URI');
    if (codeAt(codes, cursor.pos) !== GREATER) throw cursor.fail("did not find the expected '>'");
    cursor.pos++;
  } else {
    const handle = scanHandle(cursor);
    if (handle.length > 1 && handle.endsWith('!')) {
      tag = { handle, suffix: scanUri(cursor, '') };
      if (tag.suffix === '') throw cursor.fail('did not find expected tag URI');
    } else {
      const suffix = scanUri(cursor, handle.slice(1));
      tag = suffix === '' ? { handle: '', suffix: '!' } : { handle: '!', suffix };
    }
  }
  if (!isGap(codeAt(codes, cursor.pos))) throw cursor.fail('did not find expected whitespace or line break');
  return tag;
}

/** Scans the directive at the cursor's place, to the end of its line. */
export function scanDirective(cursor: Cursor): Directive {
  cursor.pos++;
  const name = scanWord(cursor);
  if (name === '') throw cursor.fail('could not find expected directive name');
  if (!isGap(codeAt(cursor.codes, cursor.pos))) throw cursor.fail('found unexpected non-alphabetical character');
  let directive: Directive;
  if (name === 'YAML') directive = scanVersion(cursor);
  else if (name === 'TAG') directive = scanTagDirective(cursor);
  else throw cursor.fail('found unknown directive name');
  cursor.skipRestOfLine();
  return directive;
}

function scanVersion(cursor: Cursor): Directive {
  skipBlanks(cursor);
  const major = scanVersionNumber(cursor);
  if (codeAt(cursor.codes, cursor.pos) !== DOT) throw cursor.fail("did not find expected digit or '.' character");
  cursor.pos++;
  return { name: 'YAML', major, minor: scanVersionNumber(cursor) };
}

function scanVersionNumber(cursor: Cursor): number {
  const from = cursor.pos;
  while (isDigit(codeAt(cursor.codes, cursor.pos))) cursor.pos++;
  if (cursor.pos === from) throw cursor.fail('did not find expected version number');
  if (cursor.pos - from > MAX_VERSION_DIGITS) throw cursor.fail('found extremely long version number');
  return Number(cursor.source.slice(from, cursor.pos));
}

function scanTagDirective(cursor: Cursor): Directive {
  skipBlanks(cursor);
  if (codeAt(cursor.codes, cursor.pos) !== EXCLAMATION) throw cursor.fail("did not find expected '!'");
  const handle = scanHandle(cursor);
  if (handle !== '!' && !handle.endsWith('!')) throw cursor.fail("did not find expected '!'");
  if (!isBlank(codeAt(cursor.codes, cursor.pos))) throw cursor.fail('did not find expected whitespace');
  skipBlanks(cursor);
  const prefix = scanUri(cursor, '');
  if (prefix === '') throw cursor.fail('did not find expected tag URI');
  if (!isGap(codeAt(cursor.codes, cursor.pos))) throw cursor.fail('did not find expected whitespace or line break');
  return { name: 'TAG', handle, prefix };
}

/** `!`, `!name` or `!name!`. */
function scanHandle(cursor: Cursor): string {
  cursor.pos++;
  const name = scanWord(cursor);
  if (codeAt(cursor.codes, cursor.pos) !== EXCLAMATION) return `!${name}`;
  cursor.pos++;
  return `!${name}!`;
}

function scanWord(cursor: Cursor): string {
  const from = cursor.pos;
  while (isWord(codeAt(cursor.codes, cursor.pos))) cursor.pos++;
  return cursor.source.slice(from, cursor.pos);
}

function skipBlanks(cursor: Cursor): void {
  while (isBlank(codeAt(cursor.codes, cursor.pos))) cursor.pos++;
}

/**
 * URI characters appended to `head`, `%41` unescaped. Escaped bytes become one character each: a tag is only ever compared
 * with ASCII names, so their text does not matter, but they have to be UTF-8.
 */
function scanUri(cursor: Cursor, head: string): string {
  const { source, codes } = cursor;
  let uri = head;
  for (let c = codeAt(codes, cursor.pos); isUriCharacter(c); c = codeAt(codes, cursor.pos)) {
    if (c === PERCENT) {
      uri += scanUriEscapes(cursor);
    } else {
      uri += source.charAt(cursor.pos);
      cursor.pos++;
    }
  }
  return uri;
}

/** The escapes of one character. */
function scanUriEscapes(cursor: Cursor): string {
  const first = scanOctet(cursor);
  const width = utf8Width(first);
  if (width === 0) throw cursor.fail('found an incorrect leading UTF-8 octet');
  let bytes = String.fromCharCode(first);
  for (let k = 1; k < width; k++) {
    const octet = scanOctet(cursor);
    if ((octet & 0xc0) !== 0x80) throw cursor.fail('found an incorrect trailing UTF-8 octet');
    bytes += String.fromCharCode(octet);
  }
  return bytes;
}

function scanOctet(cursor: Cursor): number {
  const { source, codes, pos } = cursor;
  const digits = source.slice(pos + 1, pos + 3);
  if (codeAt(codes, pos) !== PERCENT || !isHexDigit(digits.charCodeAt(0)) || !isHexDigit(digits.charCodeAt(1))) {
    throw cursor.fail('did not find URI escaped octet');
  }
  cursor.pos += 3;
  return Number.parseInt(digits, 16);
}

/** Length of the UTF-8 sequence that begins with this byte; 0 for none. */
function utf8Width(octet: number): number {
  if (octet < 0x80) return 1;
  if ((octet & 0xe0) === 0xc0) return 2;
  if ((octet & 0xf0) === 0xe0) return 3;
  return (octet & 0xf8) === 0xf0 ? 4 : 0;
}
