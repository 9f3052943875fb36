import { codeAt, DASH, END, isBlank, isBreak, isDigit, LF, PLUS, SPACE, TAB } from './characters.ts';
import type { Cursor } from './cursor.ts';

/** What happens to the line breaks at a block scalar's end. */
type Chomping = 'strip' | 'clip' | 'keep';

/**
 * Scans the block scalar (`|` literal, `>` folded) at the cursor's place, up to the first line that is indented less, and
 * returns its text. Without an indentation indicator the first line with content tells the indentation.
 */
export function scanBlockScalar(cursor: Cursor, literal: boolean): string {
  const { source, codes } = cursor;
  cursor.pos++;
  const { chomping, increment } = scanHeader(cursor);
  const lines = new BlockLines(cursor, increment === 0 ? 0 : Math.max(cursor.indent, 0) + increment);
  let breaks = lines.skipToContent();
  let text = '';
  let lineBreak = '';
  let afterBlank = false;
  while (cursor.pos - cursor.lineStart === lines.indent && codeAt(codes, cursor.pos) !== END) {
    const from = cursor.pos;
    const startsBlank = isBlank(codeAt(codes, from));
    // Folding joins two lines unless one of them starts with a blank.
    if (!literal && !afterBlank && !startsBlank && lineBreak.charCodeAt(0) === LF) {
      if (breaks === '') text += ' ';
    } else {
      text += lineBreak;
    }
    text += breaks;
    afterBlank = startsBlank;
    const pos = cursor.lineEnd();
    text += source.slice(from, pos);
    cursor.pos = pos;
    lineBreak = takeBreak(cursor);
    breaks = lines.skipToContent();
  }
  if (chomping !== 'strip') text += lineBreak;
  if (chomping === 'keep') text += breaks;
  return text;
}

/** The indicators behind `|` or `>`, in either order, and the rest of that line. */
function scanHeader(cursor: Cursor): { chomping: Chomping; increment: number } {
  const { codes } = cursor;
  let chomping = scanChomping(cursor);
  let increment = 0;
  if (isDigit(codeAt(codes, cursor.pos))) {
    increment = codeAt(codes, cursor.pos) - 0x30;
    if (increment === 0) throw cursor.fail('found an indentation indicator equal to 0');
    cursor.pos++;
    chomping ??= scanChomping(cursor);
  }
  cursor.skipRestOfLine();
  return { chomping: chomping ?? 'clip', increment };
}

function scanChomping(cursor: Cursor): Chomping | null {
  const c = codeAt(cursor.codes, cursor.pos);
  if (c !== PLUS && c !== DASH) return null;
  cursor.pos++;
  return c === PLUS ? 'keep' : 'strip';
}

function takeBreak(cursor: Cursor): string {
  const c = codeAt(cursor.codes, cursor.pos);
  if (!isBreak(c)) return '';
  cursor.takeBreak();
  return c === LF ? '\n' : String.fromCharCode(c);
}

/** Steps over indentation and empty lines. `indent` is 0 until the first line with content has told it. */
class BlockLines {
  indent: number;
  private readonly cursor: Cursor;
  constructor(cursor: Cursor, indent: number) {
    this.cursor = cursor;
    this.indent = indent;
  }

  /** Takes indentation and empty lines before the next content; returns the line breaks it took. */
  skipToContent(): string {
    const { cursor, indent } = this;
    const { codes } = cursor;
    let breaks = '';
    let widest = 0;
    for (;;) {
      let pos = cursor.pos;
      const limit = indent === 0 ? Number.POSITIVE_INFINITY : cursor.lineStart + indent;
      let c = codeAt(codes, pos);
      while (c === SPACE && pos < limit) c = codeAt(codes, ++pos);
      cursor.pos = pos;
      if (pos - cursor.lineStart > widest) widest = pos - cursor.lineStart;
      if (c === TAB && pos < limit) throw cursor.fail('found a tab character where an indentation space is expected');
      if (!isBreak(c)) break;
      breaks += takeBreak(cursor);
    }
    if (indent === 0) this.indent = Math.max(widest, cursor.indent + 1, 1);
    return breaks;
  }
}
