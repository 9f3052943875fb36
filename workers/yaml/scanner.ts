import { scanBlockScalar } from './block-scalar.ts';
import {
  AMPERSAND,
  ASTERISK,
  AT,
  BACKTICK,
  BAR,
  BYTE_ORDER_MARK,
  COLON,
  COMMA,
  codeAt,
  DASH,
  DOT,
  DOUBLE_QUOTE,
  END,
  EXCLAMATION,
  GREATER,
  HASH,
  isBlank,
  isBreak,
  isBreakOrEnd,
  isGap,
  isWord,
  LEFT_BRACE,
  LEFT_BRACKET,
  PERCENT,
  QUESTION,
  RIGHT_BRACE,
  RIGHT_BRACKET,
  SINGLE_QUOTE,
  SPACE,
  TAB,
} from './characters.ts';
import { Cursor } from './cursor.ts';
import { YamlError } from './error.ts';
import { MAX_SIMPLE_KEY_LENGTH } from './limits.ts';
import { scanPlainScalar } from './plain-scalar.ts';
import { scanQuotedScalar } from './quoted-scalar.ts';
import { scanDirective, scanTag } from './tag.ts';
import {
  ALIAS,
  ANCHOR,
  BLOCK_END,
  DIRECTIVE,
  type Directive,
  DOCUMENT_END,
  DOCUMENT_START,
  ENTRY,
  FLOW_ENTRY,
  FLOW_MAPPING_END,
  FLOW_MAPPING_START,
  FLOW_SEQUENCE_END,
  FLOW_SEQUENCE_START,
  KEY,
  SCALAR,
  SIMPLE_KEY,
  STREAM_END,
  TAG as TAG_TOKEN,
  type TagToken,
  VALUE,
} from './token.ts';

/**
 * Splits a YAML text into tokens exactly where go-yaml v2 (and libyaml before it) does, oddities included. The one state
 * machine that decides what Kubernetes reads is spread over `keyAllowed`, `indent` and `flow` there as here.
 *
 * libyaml learns that a scalar was a key when it meets the colon, and then puts tokens in front of those it already queued.
 * Here a scalar that may be a key is scanned, and the text behind it looked at, before its token is given out: there is no
 * queue, and one token object (the scanner itself) serves the whole text. What decides about keys has to stay together, which is
 * why the file is long; scalars, tags and directives are scanned elsewhere.
 */
export class Scanner extends Cursor {
  private readonly indents: number[] = [];
  /** Where the first document is known to be complete: what follows is scanned as far as upstream would, but not composed. */
  trailingFrom = Number.POSITIVE_INFINITY;

  kind = STREAM_END;
  /** This token is also the start of a block collection. */
  opens = false;
  /** A simple key could have started at this token. */
  candidate = false;
  /** SCALAR, SIMPLE_KEY: the value. ANCHOR, ALIAS: the name. */
  text = '';
  /** SCALAR, SIMPLE_KEY: whether it was written without quotes. */
  plain = false;
  /** TAG */
  tag: TagToken | null = null;
  /** DIRECTIVE */
  directive: Directive | null = null;
  /** SIMPLE_KEY: properties, '' and null for none. */
  keyAnchor = '';
  keyTag: TagToken | null = null;
  /** SIMPLE_KEY: `text` names an anchor. */
  keyAlias = false;
  /** Where the token starts. */
  start = 0;
  startLine = 0;
  private startLineStart = 0;

  /*
   * What may still turn out to be a simple key at flow depth 0, while `pos` is on its line: where it starts (-1 for nothing)
   * and whether the block mapping around needs a key there.
   */
  keyStart = -1;
  private keyLine = 0;
  private keyRequired = false;
  /**
   * libyaml forgets that a simple key could start with a flow collection in which none could (`[]`, `{? a}`): it gives the
   * collection out as a value, and puts the key that the colon makes behind it, where it is an empty one. True while that may
   * come.
   */
  private keyForgotten = false;
  private flowMayBeKey = false;
  private keyInFlow = false;

  get startColumn(): number {
    return this.start - this.startLineStart;
  }

  /** An error at the current token. */
  failToken(
    message: string,
    code: 'YAML_SYNTAX' | 'YAML_TYPE' | 'YAML_LIMIT' | 'YAML_DUPLICATE_KEY' = 'YAML_SYNTAX',
  ): YamlError {
    return new YamlError(code, message, this.startLine + 1, this.startColumn + 1);
  }

  /** Moves to the next token and describes it in this object's fields. Throws YamlError. */
  next(): void {
    const { codes } = this;
    const c = this.skipToToken();
    const column = this.pos - this.lineStart;
    const atMargin = column === 0 && this.isDocumentMark(c);
    if (this.flow === 0 && this.indent > (atMargin || c === END ? -1 : column)) {
      this.indent = this.indents.pop() ?? -1;
      this.mark(BLOCK_END);
      return;
    }
    if (c === END) {
      this.mark(STREAM_END);
      return;
    }
    if (atMargin) {
      this.documentMark(c);
      return;
    }
    switch (c) {
      case LEFT_BRACKET:
        this.flowStart(FLOW_SEQUENCE_START);
        return;
      case LEFT_BRACE:
        this.flowStart(FLOW_MAPPING_START);
        return;
      case RIGHT_BRACKET:
        this.flowEnd(FLOW_SEQUENCE_END);
        return;
      case RIGHT_BRACE:
        this.flowEnd(FLOW_MAPPING_END);
        return;
      case COMMA:
        this.mark(FLOW_ENTRY);
        this.pos++;
        this.keyAllowed = true;
        if (this.flow === 0) this.keyStart = -1;
        return;
      case DASH:
        if (isGap(codeAt(codes, this.pos + 1))) {
          this.blockEntry();
          return;
        }
        this.scalar(c);
        return;
      case QUESTION:
        if (this.flow > 0 || isGap(codeAt(codes, this.pos + 1))) {
          this.explicitKey();
          return;
        }
        this.scalar(c);
        return;
      case COLON:
        if (this.flow > 0 || isGap(codeAt(codes, this.pos + 1))) {
          this.value();
          return;
        }
        this.scalar(c);
        return;
      case ASTERISK:
        this.alias();
        return;
      case AMPERSAND:
      case EXCLAMATION:
        this.property(c);
        return;
      case BAR:
      case GREATER:
        if (this.flow > 0) throw this.fail('found character that cannot start any token');
        this.mark(SCALAR);
        this.keyStart = -1;
        this.plain = false;
        this.text = scanBlockScalar(this, c === BAR);
        this.keyAllowed = true;
        return;
      case HASH:
      case PERCENT:
      case AT:
      case BACKTICK:
      case TAB:
        throw this.fail('found character that cannot start any token');
      default:
        this.scalar(c);
        return;
    }
  }

  /** Skips blanks, comments and line breaks; returns the character found. */
  private skipToToken(): number {
    const { codes } = this;
    let pos = this.pos;
    if (pos === 0 && codeAt(codes, 0) === BYTE_ORDER_MARK) pos++;
    let c = codeAt(codes, pos);
    for (;;) {
      while (c === SPACE || (c === TAB && (this.flow > 0 || !this.keyAllowed))) c = codeAt(codes, ++pos);
      if (c === HASH) {
        do c = codeAt(codes, ++pos);
        while (!isBreakOrEnd(c));
      }
      if (!isBreak(c)) break;
      c = codeAt(codes, ++pos);
      this.line++;
      this.lineStart = pos;
      if (this.flow === 0) this.keyAllowed = true;
    }
    this.pos = pos;
    return c;
  }

  private mark(kind: number): void {
    this.kind = kind;
    this.opens = false;
    this.candidate = false;
    this.start = this.pos;
    this.startLine = this.line;
    this.startLineStart = this.lineStart;
  }

  /** Whether `c`, at the start of a line, begins `---`, `...` or a directive. */
  private isDocumentMark(c: number): boolean {
    return c === PERCENT || ((c === DASH || c === DOT) && this.atDocumentIndicator());
  }

  private documentMark(c: number): void {
    this.keyAllowed = false;
    if (c === PERCENT) {
      this.mark(DIRECTIVE);
      this.directive = scanDirective(this);
      return;
    }
    this.mark(c === DASH ? DOCUMENT_START : DOCUMENT_END);
    this.pos += 3;
  }

  private openBlock(column: number): boolean {
    if (this.flow > 0 || this.indent >= column) return false;
    this.indents.push(this.indent);
    this.indent = column;
    return true;
  }

  private flowStart(kind: number): void {
    this.mark(kind);
    this.noteCandidate();
    if (this.flow++ === 0) {
      this.flowMayBeKey = this.candidate;
      this.keyInFlow = false;
    }
    this.keyAllowed = true;
    this.pos++;
  }

  /** A simple key may start at the marked token if one may start here at all. */
  private noteCandidate(): void {
    this.candidate = this.keyAllowed;
    if (!this.candidate) return;
    if (this.flow === 0) {
      this.keyForgotten = false;
      this.keyStart = this.start;
      this.keyLine = this.startLine;
      this.keyRequired = this.indent === this.startColumn;
    } else if (this.flow === 1) {
      this.keyInFlow = true;
    }
  }

  /** Whether upstream would scan on because what it scanned last may still become a simple key. */
  get keyPending(): boolean {
    if (this.keyStart < 0 || this.keyForgotten || this.keyLine !== this.line) return false;
    return this.withinKeyLength(this.keyStart, this.pos);
  }

  private flowEnd(kind: number): void {
    this.mark(kind);
    this.keyAllowed = false;
    this.pos++;
    if (this.flow > 1) {
      this.flow--;
      return;
    }
    const start = this.keyStart;
    if (this.flow === 0) {
      this.keyStart = -1;
      return;
    }
    this.flow = 0;
    if (start < 0) return;
    if (!this.colonFollows(start, this.keyLine)) {
      if (this.keyRequired) throw this.fail("could not find expected ':'");
      this.keyForgotten = this.flowMayBeKey && !this.keyInFlow;
    } else if (this.flowMayBeKey && !this.keyInFlow) {
      this.keyForgotten = true;
    } else if (start >= this.trailingFrom) {
      this.kind = SIMPLE_KEY;
    } else {
      throw this.failToken('a list or mapping cannot be a key', 'YAML_TYPE');
    }
  }

  private blockEntry(): void {
    if (this.flow === 0) {
      if (!this.keyAllowed) throw this.fail('block sequence entries are not allowed in this context');
      this.keyStart = -1;
    }
    this.mark(ENTRY);
    this.opens = this.openBlock(this.startColumn);
    this.keyAllowed = true;
    this.pos++;
  }

  private explicitKey(): void {
    if (this.flow === 0 && !this.keyAllowed) throw this.fail('mapping keys are not allowed in this context');
    this.mark(KEY);
    if (this.flow === 0) this.keyStart = -1;
    this.opens = this.openBlock(this.startColumn);
    this.keyAllowed = this.flow === 0;
    this.pos++;
  }

  private value(): void {
    if (this.flow === 0 && !this.keyAllowed) {
      if (this.keyStart < 0 || !this.colonFollows(this.keyStart, this.keyLine)) {
        throw this.fail('mapping values are not allowed in this context');
      }
      this.lateKey();
      return;
    }
    this.mark(VALUE);
    if (this.flow === 0) this.keyStart = -1;
    this.opens = this.openBlock(this.startColumn);
    this.keyAllowed = this.flow === 0;
    this.pos++;
  }

  /** The colon of a key that was not recognised when it was scanned. */
  private lateKey(): void {
    if (!this.keyForgotten && this.keyStart < this.trailingFrom) throw this.fail('did not find expected key');
    this.mark(this.keyRequired ? SIMPLE_KEY : VALUE);
    this.text = '';
    this.plain = true;
    this.keyAnchor = '';
    this.keyTag = null;
    this.keyAlias = false;
    this.keyForgotten = false;
    this.keyStart = -1;
    this.pos++;
  }

  /** Whether a simple key that started at `start` on `line` ends at `pos`: a colon follows, near enough, on the same line. */
  private colonFollows(start: number, line: number): boolean {
    if (line !== this.line) return false;
    const { codes } = this;
    let pos = this.pos;
    let c = codeAt(codes, pos);
    while (isBlank(c)) c = codeAt(codes, ++pos);
    if (c !== COLON || (this.flow === 0 && !isGap(codeAt(codes, pos + 1)))) return false;
    return this.withinKeyLength(start, pos);
  }

  private withinKeyLength(start: number, end: number): boolean {
    if (end - start <= MAX_SIMPLE_KEY_LENGTH) return true;
    return Array.from(this.source.slice(start, end)).length <= MAX_SIMPLE_KEY_LENGTH;
  }

  /**
   * Called with `pos` behind what may be a simple key whose token is marked: makes it a SIMPLE_KEY and takes the colon, or
   * reports false. Where the block mapping around wants a key here, there being none is an error.
   */
  private takeColon(): boolean {
    if (this.colonFollows(this.start, this.startLine)) {
      this.opens = this.openBlock(this.startColumn);
      this.kind = SIMPLE_KEY;
      if (this.flow === 0) this.keyStart = -1;
      this.keyAllowed = false;
      while (codeAt(this.codes, this.pos) !== COLON) this.pos++;
      this.pos++;
      return true;
    }
    if (this.flow === 0 && this.indent === this.startColumn) throw this.fail("could not find expected ':'");
    return false;
  }

  /** A plain or quoted scalar, or the simple key that it is. */
  private scalar(c: number): void {
    this.mark(SCALAR);
    this.noteCandidate();
    this.scanFlowScalar(c);
    if (this.candidate && this.takeColon()) {
      this.keyAnchor = '';
      this.keyTag = null;
      this.keyAlias = false;
    }
  }

  private scanFlowScalar(c: number): void {
    if (c === DOUBLE_QUOTE || c === SINGLE_QUOTE) {
      this.plain = false;
      this.keyAllowed = false;
      this.text = scanQuotedScalar(this, c === SINGLE_QUOTE);
    } else {
      this.plain = true;
      this.text = scanPlainScalar(this);
    }
  }

  private alias(): void {
    this.mark(ALIAS);
    this.noteCandidate();
    this.keyAllowed = false;
    this.text = this.scanName();
    if (this.candidate && this.takeColon()) {
      this.keyAnchor = '';
      this.keyTag = null;
      this.keyAlias = true;
    }
  }

  /** The name after `&` or `*`. */
  private scanName(): string {
    const { codes } = this;
    const from = ++this.pos;
    let c = codeAt(codes, this.pos);
    while (isWord(c)) c = codeAt(codes, ++this.pos);
    if (this.pos === from || !(isGap(c) || '?:,]}%@`'.includes(String.fromCharCode(c)))) {
      throw this.fail('did not find expected alphabetic or numeric character');
    }
    return this.source.slice(from, this.pos);
  }

  /** An anchor or a tag; or the simple key that begins with it. */
  private property(c: number): void {
    this.mark(c === AMPERSAND ? ANCHOR : TAG_TOKEN);
    this.noteCandidate();
    if (this.candidate && this.start < this.trailingFrom && this.propertiesOfKey()) return;
    this.keyAllowed = false;
    if (c === AMPERSAND) this.text = this.scanName();
    else this.tag = scanTag(this);
  }

  /** Looks whether the properties at `pos` belong to a simple key; if not, nothing has changed. */
  private propertiesOfKey(): boolean {
    const { codes, pos, line, lineStart } = this;
    let anchor = '';
    let tag: TagToken | null = null;
    this.keyAllowed = false;
    this.keyAlias = false;
    this.text = '';
    this.plain = true;
    let c = codeAt(codes, pos);
    while (c === AMPERSAND || c === EXCLAMATION) {
      if (c === AMPERSAND) {
        if (anchor !== '') break;
        anchor = this.scanName();
      } else {
        if (tag !== null) break;
        tag = scanTag(this);
      }
      while (isBlank(codeAt(codes, this.pos))) this.pos++;
      c = codeAt(codes, this.pos);
    }
    if (this.startsFlowScalar(c)) this.scanFlowScalar(c);
    if (this.takeColon()) {
      this.keyAnchor = anchor;
      this.keyTag = tag;
      return true;
    }
    this.pos = pos;
    this.line = line;
    this.lineStart = lineStart;
    this.keyAllowed = true;
    return false;
  }

  /** Whether a plain or quoted scalar starts with `c` at `pos`. */
  private startsFlowScalar(c: number): boolean {
    if (isGap(c)) return false;
    if (c === DASH) return !isGap(codeAt(this.codes, this.pos + 1));
    if (c === QUESTION || c === COLON) return this.flow === 0 && !isGap(codeAt(this.codes, this.pos + 1));
    return !',[]{}#&*!|>%@`'.includes(String.fromCharCode(c));
  }
}
