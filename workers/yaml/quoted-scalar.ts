import { END, isBlank, isBreak, isBreakOrEnd, isGap, isHexDigit } from './characters.ts';
import { foldBreaks } from './fold.ts';
import type { Scanner } from './scanner.ts';

const SINGLE_QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a backslash and one character stand for. `\/` is none of them: YAML 1.1 knows it not. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\x1b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['N', '\x85'],
  ['_', '\xa0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);
/** Hexadecimal digits that follow. */
const CODE_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/**
 * Scans the quoted scalar at the scanner's place into its `text`. Most are one slice of the text; the rest (escapes, doubled
 * quotes, several lines) is put together piece by piece.
 */
export function scanQuotedScalar(scanner: Scanner, single: boolean): void {
  const { source } = scanner;
  const quote = single ? SINGLE_QUOTE : DOUBLE_QUOTE;
  const from = scanner.pos + 1;
  let pos = from;
  let c = source.charCodeAt(pos);
  while (c !== quote && c !== BACKSLASH && !isBreakOrEnd(c)) c = source.charCodeAt(++pos);
  if (c === quote && !(single && source.charCodeAt(pos + 1) === SINGLE_QUOTE)) {
    scanner.text = source.slice(from, pos);
    scanner.pos = pos + 1;
    return;
  }
  scanner.pos = from;
  scanner.text = single ? scanSingle(scanner) : scanDouble(scanner);
}

/** The text from `pos` (behind the opening quote) to the closing quote, which is taken. */
function scanSingle(scanner: Scanner): string {
  const { source } = scanner;
  let text = '';
  for (;;) {
    checkLineStart(scanner);
    let from = scanner.pos;
    let pos = from;
    let c = source.charCodeAt(pos);
    while (!isGap(c)) {
      if (c === SINGLE_QUOTE) {
        if (source.charCodeAt(pos + 1) !== SINGLE_QUOTE) {
          scanner.pos = pos + 1;
          return text + source.slice(from, pos);
        }
        text += source.slice(from, pos + 1);
        pos++;
        from = pos + 1;
      }
      c = source.charCodeAt(++pos);
    }
    text += source.slice(from, pos);
    scanner.pos = pos;
    text += scanGap(scanner);
  }
}

function scanDouble(scanner: Scanner): string {
  const { source } = scanner;
  let text = '';
  for (;;) {
    checkLineStart(scanner);
    let from = scanner.pos;
    let pos = from;
    let c = source.charCodeAt(pos);
    let escapedBreak = false;
    while (!isGap(c)) {
      if (c === DOUBLE_QUOTE) {
        scanner.pos = pos + 1;
        return text + source.slice(from, pos);
      }
      if (c === BACKSLASH) {
        text += source.slice(from, pos);
        scanner.pos = pos;
        if (isBreak(source.charCodeAt(pos + 1))) {
          takeBreak(scanner, pos + 1);
          from = pos = scanner.pos;
          escapedBreak = true;
          break;
        }
        text += scanEscape(scanner);
        from = pos = scanner.pos;
        c = source.charCodeAt(pos);
        continue;
      }
      c = source.charCodeAt(++pos);
    }
    text += source.slice(from, pos);
    scanner.pos = pos;
    text += escapedBreak ? scanGapAfterEscapedBreak(scanner) : scanGap(scanner);
  }
}

/** A quoted scalar ends neither with the text nor before a document indicator. */
function checkLineStart(scanner: Scanner): void {
  if (scanner.pos === scanner.lineStart && scanner.atDocumentIndicator()) {
    throw scanner.fail('found unexpected document indicator');
  }
  if (scanner.source.charCodeAt(scanner.pos) === END) throw scanner.fail('found unexpected end of stream');
}

function takeBreak(scanner: Scanner, at: number): void {
  scanner.pos = at + 1;
  scanner.line++;
  scanner.lineStart = scanner.pos;
}

/** Takes blanks and breaks: blanks within a line stay as they are, around breaks they vanish. */
function scanGap(scanner: Scanner): string {
  const { source, pos: from, line } = scanner;
  skipGap(scanner);
  return line === scanner.line ? source.slice(from, scanner.pos) : foldBreaks(source, from, scanner.pos);
}

/** After an escaped break, that break is gone; further ones are kept. */
function scanGapAfterEscapedBreak(scanner: Scanner): string {
  const { source, pos: from } = scanner;
  skipGap(scanner);
  let breaks = '';
  for (let pos = from; pos < scanner.pos; pos++) {
    if (isBreak(source.charCodeAt(pos))) breaks += source.charAt(pos);
  }
  return breaks;
}

function skipGap(scanner: Scanner): void {
  const { source } = scanner;
  for (;;) {
    const c = source.charCodeAt(scanner.pos);
    if (isBreak(c)) takeBreak(scanner, scanner.pos);
    else if (isBlank(c)) scanner.pos++;
    else return;
  }
}

/** The character that the escape sequence at `pos` stands for; `pos` moves behind it. */
function scanEscape(scanner: Scanner): string {
  const { source } = scanner;
  const letter = source.charAt(scanner.pos + 1);
  const length = CODE_LENGTHS.get(letter);
  if (length === undefined) {
    const escaped = ESCAPES.get(letter);
    if (escaped === undefined) throw scanner.fail('found unknown escape character');
    scanner.pos += 2;
    return escaped;
  }
  const from = scanner.pos + 2;
  for (let pos = from; pos < from + length; pos++) {
    if (!isHexDigit(source.charCodeAt(pos))) throw scanner.fail('did not find expected hexadecimal number');
  }
  const code = Number.parseInt(source.slice(from, from + length), 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
    throw scanner.fail('found invalid Unicode character escape code');
  scanner.pos = from + length;
  return String.fromCodePoint(code);
}
