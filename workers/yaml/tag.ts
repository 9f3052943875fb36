import { isBlank, isDigit, isGap, isHexDigit, isUriCharacter, isWord } from './characters.ts';
import type { Scanner } from './scanner.ts';
import type { Directive, TagToken } from './token.ts';

const EXCLAMATION = 0x21;
const PERCENT = 0x25;
/** `%YAML` has at most two digits before and after the point. */
const MAX_VERSION_DIGITS = 2;

/** Scans the tag at the scanner's place: `!<uri>`, `!handle!suffix`, `!suffix` or `!` alone. */
export function scanTag(scanner: Scanner): TagToken {
  const { source } = scanner;
  let tag: TagToken;
  if (source.charCodeAt(scanner.pos + 1) === 0x3c /* < */) {
    scanner.pos += 2;
    tag = { handle: '', suffix: scanUri(scanner, '') };
    if (tag.suffix === '') throw scanner.fail('did not find expected tag URI');
    if (source.charCodeAt(scanner.pos) !== 0x3e) throw scanner.fail("did not find the expected '>'");
    scanner.pos++;
  } else {
    const handle = scanHandle(scanner);
    if (handle.length > 1 && handle.endsWith('!')) {
      tag = { handle, suffix: scanUri(scanner, '') };
      if (tag.suffix === '') throw scanner.fail('did not find expected tag URI');
    } else {
      const suffix = scanUri(scanner, handle.slice(1));
      tag = suffix === '' ? { handle: '', suffix: '!' } : { handle: '!', suffix };
    }
  }
  if (!isGap(source.charCodeAt(scanner.pos))) throw scanner.fail('did not find expected whitespace or line break');
  return tag;
}

/** Scans the directive at the scanner's place, to the end of its line. */
export function scanDirective(scanner: Scanner): Directive {
  scanner.pos++;
  const name = scanWord(scanner);
  if (name === '') throw scanner.fail('could not find expected directive name');
  if (!isGap(scanner.source.charCodeAt(scanner.pos))) throw scanner.fail('found unexpected non-alphabetical character');
  let directive: Directive;
  if (name === 'YAML') directive = scanVersion(scanner);
  else if (name === 'TAG') directive = scanTagDirective(scanner);
  else throw scanner.fail('found unknown directive name');
  scanner.skipRestOfLine();
  return directive;
}

function scanVersion(scanner: Scanner): Directive {
  skipBlanks(scanner);
  const major = scanVersionNumber(scanner);
  if (scanner.source.charCodeAt(scanner.pos) !== 0x2e)
    throw scanner.fail("did not find expected digit or '.' character");
  scanner.pos++;
  return { name: 'YAML', major, minor: scanVersionNumber(scanner) };
}

function scanVersionNumber(scanner: Scanner): number {
  const from = scanner.pos;
  while (isDigit(scanner.source.charCodeAt(scanner.pos))) scanner.pos++;
  if (scanner.pos === from) throw scanner.fail('did not find expected version number');
  if (scanner.pos - from > MAX_VERSION_DIGITS) throw scanner.fail('found extremely long version number');
  return Number(scanner.source.slice(from, scanner.pos));
}

function scanTagDirective(scanner: Scanner): Directive {
  skipBlanks(scanner);
  if (scanner.source.charCodeAt(scanner.pos) !== EXCLAMATION) throw scanner.fail("did not find expected '!'");
  const handle = scanHandle(scanner);
  if (handle !== '!' && !handle.endsWith('!')) throw scanner.fail("did not find expected '!'");
  if (!isBlank(scanner.source.charCodeAt(scanner.pos))) throw scanner.fail('did not find expected whitespace');
  skipBlanks(scanner);
  const prefix = scanUri(scanner, '');
  if (prefix === '') throw scanner.fail('did not find expected tag URI');
  if (!isGap(scanner.source.charCodeAt(scanner.pos)))
    throw scanner.fail('did not find expected whitespace or line break');
  return { name: 'TAG', handle, prefix };
}

/** `!`, `!name` or `!name!`. */
function scanHandle(scanner: Scanner): string {
  scanner.pos++;
  const name = scanWord(scanner);
  if (scanner.source.charCodeAt(scanner.pos) !== EXCLAMATION) return `!${name}`;
  scanner.pos++;
  return `!${name}!`;
}

function scanWord(scanner: Scanner): string {
  const from = scanner.pos;
  while (isWord(scanner.source.charCodeAt(scanner.pos))) scanner.pos++;
  return scanner.source.slice(from, scanner.pos);
}

function skipBlanks(scanner: Scanner): void {
  while (isBlank(scanner.source.charCodeAt(scanner.pos))) scanner.pos++;
}

/**
 * URI characters appended to `head`, `%41` unescaped. Escaped bytes become one character each: a tag is only ever compared
 * with ASCII names, so their text does not matter, but they have to be UTF-8.
 */
function scanUri(scanner: Scanner, head: string): string {
  const { source } = scanner;
  let uri = head;
  for (let c = source.charCodeAt(scanner.pos); isUriCharacter(c); c = source.charCodeAt(scanner.pos)) {
    if (c === PERCENT) {
      uri += scanUriEscapes(scanner);
    } else {
      uri += source.charAt(scanner.pos);
      scanner.pos++;
    }
  }
  return uri;
}

/** The escapes of one character. */
function scanUriEscapes(scanner: Scanner): string {
  const first = scanOctet(scanner);
  const width = utf8Width(first);
  if (width === 0) throw scanner.fail('found an incorrect leading UTF-8 octet');
  let bytes = String.fromCharCode(first);
  for (let k = 1; k < width; k++) {
    const octet = scanOctet(scanner);
    if ((octet & 0xc0) !== 0x80) throw scanner.fail('found an incorrect trailing UTF-8 octet');
    bytes += String.fromCharCode(octet);
  }
  return bytes;
}

function scanOctet(scanner: Scanner): number {
  const { source, pos } = scanner;
  const digits = source.slice(pos + 1, pos + 3);
  if (source.charCodeAt(pos) !== PERCENT || !isHexDigit(digits.charCodeAt(0)) || !isHexDigit(digits.charCodeAt(1))) {
    throw scanner.fail('did not find URI escaped octet');
  }
  scanner.pos += 3;
  return Number.parseInt(digits, 16);
}

/** Length of the UTF-8 sequence that begins with this byte; 0 for none. */
function utf8Width(octet: number): number {
  if (octet < 0x80) return 1;
  if ((octet & 0xe0) === 0xc0) return 2;
  if ((octet & 0xf0) === 0xe0) return 3;
  return (octet & 0xf8) === 0xf0 ? 4 : 0;
}
