import { END, isBlank, isBreak, isGap, plainStops, stopsPlain, TAB } from './characters.ts';
import { foldBreaks } from './fold.ts';
import type { Scanner } from './scanner.ts';

const HASH = 0x23;
const COLON = 0x3a;

/**
 * Scans a scalar without quotes into the scanner's `text`; the caller knows that one starts here. Within a line it is one slice
 * of the source; line breaks are folded. Taking a line break behind it makes a simple key possible again.
 */
export function scanPlainScalar(scanner: Scanner): void {
  const { source } = scanner;
  const stops = plainStops(scanner.flow > 0);
  scanner.keyAllowed = false;
  let from = scanner.pos;
  let text = source.slice(from, scanLine(scanner, stops));
  while (isBreak(source.charCodeAt(scanner.pos))) {
    const gap = scanner.pos;
    skipBreaks(scanner);
    scanner.keyAllowed = true;
    if (!continues(scanner, stops)) break;
    scanner.keyAllowed = false;
    from = scanner.pos;
    text += foldBreaks(source, gap, from);
    text += source.slice(from, scanLine(scanner, stops));
  }
  scanner.text = text;
}

/** Takes words and the blanks between them; returns where the last word ends, while `pos` is behind the blanks after it. */
function scanLine(scanner: Scanner, stops: number): number {
  const { source } = scanner;
  let end = wordEnd(source, scanner.pos, stops);
  for (;;) {
    let pos = end;
    let c = source.charCodeAt(pos);
    while (isBlank(c)) c = source.charCodeAt(++pos);
    const next = pos === end || c === HASH ? pos : wordEnd(source, pos, stops);
    if (next === pos) {
      scanner.pos = pos;
      return end;
    }
    end = next;
  }
}

/** The first character from `pos` on that no plain scalar goes on with. A colon does so only before a blank or break. */
function wordEnd(source: string, from: number, stops: number): number {
  let pos = from;
  for (;;) {
    const c = source.charCodeAt(pos);
    if (stopsPlain(c, stops) && (c !== COLON || isGap(source.charCodeAt(pos + 1)))) return pos;
    pos++;
  }
}

/** Takes line breaks and the blanks around them. */
function skipBreaks(scanner: Scanner): void {
  const { source } = scanner;
  const indent = scanner.indent + 1;
  let pos = scanner.pos;
  for (let c = source.charCodeAt(pos); ; c = source.charCodeAt(pos)) {
    if (isBreak(c)) {
      scanner.line++;
      scanner.lineStart = pos + 1;
    } else if (c === TAB && pos - scanner.lineStart < indent) {
      scanner.pos = pos;
      throw scanner.fail('found a tab character that violates indentation');
    } else if (!isBlank(c)) {
      scanner.pos = pos;
      return;
    }
    pos++;
  }
}

/** Whether the scalar goes on at the start of a line's text. */
function continues(scanner: Scanner, stops: number): boolean {
  const { source, pos } = scanner;
  const c = source.charCodeAt(pos);
  if (c === END || c === HASH) return false;
  const column = pos - scanner.lineStart;
  if (scanner.flow === 0 && column <= scanner.indent) return false;
  if (column === 0 && scanner.atDocumentIndicator()) return false;
  return wordEnd(source, pos, stops) > pos;
}
