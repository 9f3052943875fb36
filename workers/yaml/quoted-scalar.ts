import {
  BACKSLASH,
  codeAt,
  DOUBLE_QUOTE,
  END,
  isBlank,
  isBreak,
  isBreakOrEnd,
  isGap,
  isHexDigit,
  SINGLE_QUOTE,
} from './characters.ts';
import type { Cursor } from './cursor.ts';
import { foldBreaks } from './fold.ts';

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
 * Scans the quoted scalar at the cursor's place and returns its text. Most are one slice of the text; the rest (escapes, doubled
 * quotes, several lines) is put together piece by piece.
 */
export function scanQuotedScalar(cursor: Cursor, single: boolean): string {
  const { source, codes } = cursor;
  const quote = single ? SINGLE_QUOTE : DOUBLE_QUOTE;
  const from = cursor.pos + 1;
  let pos = from;
  let c = codeAt(codes, pos);
  while (c !== quote && c !== BACKSLASH && !isBreakOrEnd(c)) c = codeAt(codes, ++pos);
  if (c === quote && !(single && codeAt(codes, pos + 1) === SINGLE_QUOTE)) {
    cursor.pos = pos + 1;
    return source.slice(from, pos);
  }
  cursor.pos = from;
  return single ? scanSingle(cursor) : scanDouble(cursor);
}

/** The text from `pos` (behind the opening quote) to the closing quote, which is taken. */
function scanSingle(cursor: Cursor): string {
  const { source, codes } = cursor;
  let text = '';
  for (;;) {
    checkLineStart(cursor);
    let from = cursor.pos;
    let pos = from;
    let c = codeAt(codes, pos);
    while (!isGap(c)) {
      if (c === SINGLE_QUOTE) {
        if (codeAt(codes, pos + 1) !== SINGLE_QUOTE) {
          cursor.pos = pos + 1;
          return text + source.slice(from, pos);
        }
        text += source.slice(from, pos + 1);
        pos++;
        from = pos + 1;
      }
      c = codeAt(codes, ++pos);
    }
    text += source.slice(from, pos);
    cursor.pos = pos;
    text += scanGap(cursor);
  }
}

function scanDouble(cursor: Cursor): string {
  const { source, codes } = cursor;
  let text = '';
  for (;;) {
    checkLineStart(cursor);
    let from = cursor.pos;
    let pos = from;
    let c = codeAt(codes, pos);
    let escapedBreak = false;
    while (!isGap(c)) {
      if (c === DOUBLE_QUOTE) {
        cursor.pos = pos + 1;
        return text + source.slice(from, pos);
      }
      if (c === BACKSLASH) {
        text += source.slice(from, pos);
        cursor.pos = pos;
        if (isBreak(codeAt(codes, pos + 1))) {
          cursor.pos = pos + 1;
          cursor.takeBreak();
          from = pos = cursor.pos;
          escapedBreak = true;
          break;
        }
        text += scanEscape(cursor);
        from = pos = cursor.pos;
        c = codeAt(codes, pos);
        continue;
      }
      c = codeAt(codes, ++pos);
    }
    text += source.slice(from, pos);
    cursor.pos = pos;
    text += escapedBreak ? scanGapAfterEscapedBreak(cursor) : scanGap(cursor);
  }
}

/** A quoted scalar ends neither with the text nor before a document indicator. */
function checkLineStart(cursor: Cursor): void {
  if (cursor.pos === cursor.lineStart && cursor.atDocumentIndicator()) {
    throw cursor.fail('found unexpected document indicator');
  }
  if (codeAt(cursor.codes, cursor.pos) === END) throw cursor.fail('found unexpected end of stream');
}

/** Takes blanks and breaks: blanks within a line stay as they are, around breaks they vanish. */
function scanGap(cursor: Cursor): string {
  const { source, pos: from, line } = cursor;
  skipGap(cursor);
  return line === cursor.line ? source.slice(from, cursor.pos) : foldBreaks(source, from, cursor.pos);
}

/** After an escaped break, that break is gone; further ones are kept. */
function scanGapAfterEscapedBreak(cursor: Cursor): string {
  const { source, codes, pos: from } = cursor;
  skipGap(cursor);
  let breaks = '';
  for (let pos = from; pos < cursor.pos; pos++) {
    if (isBreak(codeAt(codes, pos))) breaks += source.charAt(pos);
  }
  return breaks;
}

function skipGap(cursor: Cursor): void {
  const { codes } = cursor;
  for (;;) {
    const c = codeAt(codes, cursor.pos);
    if (isBreak(c)) cursor.takeBreak();
    else if (isBlank(c)) cursor.pos++;
    else return;
  }
}

/** The character that the escape sequence at `pos` stands for; `pos` moves behind it. */
function scanEscape(cursor: Cursor): string {
  const { source, codes } = cursor;
  const letter = source.charAt(cursor.pos + 1);
  const length = CODE_LENGTHS.get(letter);
  if (length === undefined) {
    const escaped = ESCAPES.get(letter);
    if (escaped === undefined) throw cursor.fail('found unknown escape character');
    cursor.pos += 2;
    return escaped;
  }
  const from = cursor.pos + 2;
  for (let pos = from; pos < from + length; pos++) {
    if (!isHexDigit(codeAt(codes, pos))) throw cursor.fail('did not find expected hexadecimal number');
  }
  const code = Number.parseInt(source.slice(from, from + length), 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
    throw cursor.fail('found invalid Unicode character escape code');
  cursor.pos = from + length;
  return String.fromCodePoint(code);
}
