import { COLON, codeAt, END, HASH, isBlank, isBreak, isGap, plainStops, stopsPlain, TAB } from './characters.ts';
import type { Cursor } from './cursor.ts';
import { foldBreaks } from './fold.ts';

/**
 * Scans the scalar without quotes that, as the caller knows, starts here, and returns its text. Within a line it is one slice
 * of the source; line breaks are folded. Taking a line break behind it makes a simple key possible again.
 */
export function scanPlainScalar(cursor: Cursor): string {
  const { source, codes } = cursor;
  const stops = plainStops(cursor.flow > 0);
  cursor.keyAllowed = false;
  let from = cursor.pos;
  let text = source.slice(from, scanLine(cursor, stops));
  while (isBreak(codeAt(codes, cursor.pos))) {
    const gap = cursor.pos;
    skipBreaks(cursor);
    cursor.keyAllowed = true;
    if (!continues(cursor, stops)) break;
    cursor.keyAllowed = false;
    from = cursor.pos;
    text += foldBreaks(source, gap, from);
    text += source.slice(from, scanLine(cursor, stops));
  }
  return text;
}

/** Takes words and the blanks between them; returns where the last word ends, while `pos` is behind the blanks after it. */
function scanLine(cursor: Cursor, stops: number): number {
  const { codes } = cursor;
  let end = wordEnd(codes, cursor.pos, stops);
  for (;;) {
    let pos = end;
    let c = codeAt(codes, pos);
    while (isBlank(c)) c = codeAt(codes, ++pos);
    const next = pos === end || c === HASH ? pos : wordEnd(codes, pos, stops);
    if (next === pos) {
      cursor.pos = pos;
      return end;
    }
    end = next;
  }
}

/** The first character from `pos` on that no plain scalar goes on with. A colon does so only before a blank or break. */
function wordEnd(codes: Uint16Array, from: number, stops: number): number {
  let pos = from;
  for (;;) {
    const c = codeAt(codes, pos);
    if (stopsPlain(c, stops) && (c !== COLON || isGap(codeAt(codes, pos + 1)))) return pos;
    pos++;
  }
}

/** Takes line breaks and the blanks around them. */
function skipBreaks(cursor: Cursor): void {
  const { codes } = cursor;
  const indent = cursor.indent + 1;
  let pos = cursor.pos;
  for (let c = codeAt(codes, pos); ; c = codeAt(codes, pos)) {
    if (isBreak(c)) {
      cursor.line++;
      cursor.lineStart = pos + 1;
    } else if (c === TAB && pos - cursor.lineStart < indent) {
      cursor.pos = pos;
      throw cursor.fail('found a tab character that violates indentation');
    } else if (!isBlank(c)) {
      cursor.pos = pos;
      return;
    }
    pos++;
  }
}

/** Whether the scalar goes on at the start of a line's text. */
function continues(cursor: Cursor, stops: number): boolean {
  const { codes, pos } = cursor;
  const c = codeAt(codes, pos);
  if (c === END || c === HASH) return false;
  const column = pos - cursor.lineStart;
  if (cursor.flow === 0 && column <= cursor.indent) return false;
  if (column === 0 && cursor.atDocumentIndicator()) return false;
  return wordEnd(codes, pos, stops) > pos;
}
