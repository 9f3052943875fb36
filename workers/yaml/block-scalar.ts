import { END, isBlank, isBreak, isBreakOrEnd, isDigit, LF, SPACE, TAB } from './characters.ts';
import type { Scanner } from './scanner.ts';

/** What happens to the line breaks at a block scalar's end. */
type Chomping = 'strip' | 'clip' | 'keep';

/**
 * Scans the block scalar (`|` literal, `>` folded) at the scanner's place into its `text`, up to the first line that is
 * indented less. Without an indentation indicator the first line with content tells the indentation.
 */
export function scanBlockScalar(scanner: Scanner, literal: boolean): void {
  const { source } = scanner;
  scanner.pos++;
  const { chomping, increment } = scanHeader(scanner);
  const lines = new BlockLines(scanner, increment === 0 ? 0 : Math.max(scanner.indent, 0) + increment);
  let breaks = lines.skipToContent();
  let text = '';
  let lineBreak = '';
  let afterBlank = false;
  while (scanner.pos - scanner.lineStart === lines.indent && source.charCodeAt(scanner.pos) !== END) {
    const from = scanner.pos;
    const startsBlank = isBlank(source.charCodeAt(from));
    // Folding joins two lines unless one of them starts with a blank.
    if (!literal && !afterBlank && !startsBlank && lineBreak.charCodeAt(0) === LF) {
      if (breaks === '') text += ' ';
    } else {
      text += lineBreak;
    }
    text += breaks;
    afterBlank = startsBlank;
    let pos = from;
    while (!isBreakOrEnd(source.charCodeAt(pos))) pos++;
    text += source.slice(from, pos);
    scanner.pos = pos;
    lineBreak = takeBreak(scanner);
    breaks = lines.skipToContent();
  }
  if (chomping !== 'strip') text += lineBreak;
  if (chomping === 'keep') text += breaks;
  scanner.text = text;
}

/** The indicators behind `|` or `>`, in either order, and the rest of that line. */
function scanHeader(scanner: Scanner): { chomping: Chomping; increment: number } {
  const { source } = scanner;
  let chomping = scanChomping(scanner);
  let increment = 0;
  if (isDigit(source.charCodeAt(scanner.pos))) {
    increment = source.charCodeAt(scanner.pos) - 0x30;
    if (increment === 0) throw scanner.fail('found an indentation indicator equal to 0');
    scanner.pos++;
    chomping ??= scanChomping(scanner);
  }
  scanner.skipRestOfLine();
  return { chomping: chomping ?? 'clip', increment };
}

function scanChomping(scanner: Scanner): Chomping | null {
  const c = scanner.source.charCodeAt(scanner.pos);
  if (c !== 0x2b && c !== 0x2d) return null;
  scanner.pos++;
  return c === 0x2b ? 'keep' : 'strip';
}

function takeBreak(scanner: Scanner): string {
  const c = scanner.source.charCodeAt(scanner.pos);
  if (!isBreak(c)) return '';
  scanner.pos++;
  scanner.line++;
  scanner.lineStart = scanner.pos;
  return c === LF ? '\n' : String.fromCharCode(c);
}

/** Steps over indentation and empty lines. `indent` is 0 until the first line with content has told it. */
class BlockLines {
  indent: number;
  private readonly scanner: Scanner;
  constructor(scanner: Scanner, indent: number) {
    this.scanner = scanner;
    this.indent = indent;
  }

  /** Takes indentation and empty lines before the next content; returns the line breaks it took. */
  skipToContent(): string {
    const { scanner, indent } = this;
    const { source } = scanner;
    let breaks = '';
    let widest = 0;
    for (;;) {
      let pos = scanner.pos;
      const limit = indent === 0 ? Number.POSITIVE_INFINITY : scanner.lineStart + indent;
      let c = source.charCodeAt(pos);
      while (c === SPACE && pos < limit) c = source.charCodeAt(++pos);
      scanner.pos = pos;
      if (pos - scanner.lineStart > widest) widest = pos - scanner.lineStart;
      if (c === TAB && pos < limit) throw scanner.fail('found a tab character where an indentation space is expected');
      if (!isBreak(c)) break;
      breaks += takeBreak(scanner);
    }
    if (indent === 0) this.indent = Math.max(widest, scanner.indent + 1, 1);
    return breaks;
  }
}
