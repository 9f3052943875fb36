import { codeAt, DASH, DOT, END, HASH, isBlank, isBreakOrEnd, isGap, type SourceText } from './characters.ts';
import { YamlError } from './error.ts';

/** A place in a YAML text, and what the scanners of scalars, tags and directives need to know about where it lies. */
export class Cursor {
  readonly source: string;
  /** The code units of `source`, and a NUL behind the last: reading them here is several times faster than charCodeAt. */
  readonly codes: Uint16Array;
  private readonly onlyLineFeeds: boolean;
  pos = 0;
  /** 0-based line of `pos`, and the offset where that line starts. */
  line = 0;
  lineStart = 0;
  /** Depth of flow collections around `pos`. */
  flow = 0;
  /** Column of the innermost block collection; -1 outside of all. */
  indent = -1;
  /** Whether a simple key may start at `pos`. */
  keyAllowed = true;

  constructor(source: SourceText) {
    this.source = source.text;
    this.codes = source.codes;
    this.onlyLineFeeds = source.onlyLineFeeds;
  }

  /** Where the line ends that `pos` is in: at its break, or at the end of the text. */
  lineEnd(): number {
    const { source, codes } = this;
    if (this.onlyLineFeeds) {
      const end = source.indexOf('\n', this.pos);
      return end < 0 ? source.length : end;
    }
    let { pos } = this;
    while (!isBreakOrEnd(codeAt(codes, pos))) pos++;
    return pos;
  }

  /** A syntax error at this place. */
  fail(message: string): YamlError {
    return new YamlError('YAML_SYNTAX', message, this.line + 1, this.pos - this.lineStart + 1);
  }

  /** Whether `---` or `...` stands at `pos`, which has to be at the start of a line. */
  atDocumentIndicator(): boolean {
    const { codes, pos } = this;
    const c = codeAt(codes, pos);
    return (
      (c === DASH || c === DOT) &&
      codeAt(codes, pos + 1) === c &&
      codeAt(codes, pos + 2) === c &&
      isGap(codeAt(codes, pos + 3))
    );
  }

  /** Moves behind the line break at `pos`. */
  takeBreak(): void {
    this.pos++;
    this.line++;
    this.lineStart = this.pos;
  }

  /** Takes blanks, a comment and the line break: what may follow a directive or a block scalar's indicators. */
  skipRestOfLine(): void {
    const { codes } = this;
    let c = codeAt(codes, this.pos);
    while (isBlank(c)) c = codeAt(codes, ++this.pos);
    if (c === HASH) while (!isBreakOrEnd(c)) c = codeAt(codes, ++this.pos);
    if (!isBreakOrEnd(c)) throw this.fail('did not find expected comment or line break');
    if (c !== END) this.takeBreak();
  }
}
