/**
 * Splits a template into text and the tokens of its actions. Trim markers, comments and spaces are dealt with here; the parser sees
 * only whether a space stood before a token, which separates arguments.
 */
import { isAlphaNumeric, isPrint } from './printable.ts';

export type TokenKind =
  | 'text'
  | 'leftDelim'
  | 'rightDelim'
  | 'bool'
  | 'character'
  | 'complex'
  | 'number'
  | 'string'
  | 'declare'
  | 'assign'
  | 'pipe'
  | 'leftParen'
  | 'rightParen'
  | 'dot'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'keyword'
  | 'punctuation'
  | 'error'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The source text; of a text token what trim markers leave of it, of an error token the message. */
  readonly text: string;
  /** Offsets in the source, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Whether spaces stood before the token within its action. */
  readonly spaced: boolean;
}

export interface Delimiters {
  readonly left: string;
  readonly right: string;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
]);

const DASH = 0x2d;
const DIGITS = '(?:\\.';
/** Everything that looks like a number; whether it is one, the parser finds out. */
const NUMBER = new RegExp(
  '[+-]?(?:' +
    `0[xX][0-9a-fA-F_]*${DIGITS}[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?` +
    `|0[oO][0-7_]*${DIGITS}[0-7_]*)?` +
    `|0[bB][01_]*${DIGITS}[01_]*)?` +
    `|[0-9_]*${DIGITS}[0-9_]*)?(?:[eE][+-]?[0-9_]*)?` +
    ')i?',
  'y',
);

/**
 * All tokens of a template, the last of kind `end`, or `error` where the text is no template (the parser reports it when it gets
 * there). `functions` tells whether a name is a function: `break` and `continue` are keywords only as long as they are none.
 */
export function lex(text: string, delimiters: Delimiters, isFunction: (name: string) => boolean): readonly Token[] {
  return new Lexer(text, delimiters, isFunction).run();
}

class Lexer {
  private readonly text: string;
  private readonly left: string;
  private readonly right: string;
  private readonly rightCode: number;
  private readonly isFunction: (name: string) => boolean;
  private readonly tokens: Token[] = [];
  private at = 0;
  private parenDepth = 0;
  private spaced = false;

  constructor(text: string, delimiters: Delimiters, isFunction: (name: string) => boolean) {
    this.text = text;
    this.left = delimiters.left;
    this.right = delimiters.right;
    this.rightCode = delimiters.right.charCodeAt(0);
    this.isFunction = isFunction;
  }

  run(): readonly Token[] {
    const number = new RegExp(NUMBER);
    while (this.lexText() && this.lexAction(number));
    if (this.tokens.at(-1)?.kind !== 'error') this.emit('end', this.text.length, this.text.length);
    return this.tokens;
  }

  private emit(kind: TokenKind, start: number, end: number): true {
    this.tokens.push({ kind, text: this.text.slice(start, end), start, end, spaced: this.spaced });
    this.spaced = false;
    this.at = end;
    return true;
  }

  private fail(message: string, start: number, end = start): false {
    this.tokens.push({ kind: 'error', text: message, start, end, spaced: false });
    return false;
  }

  /** Text up to the next action, comments left out. False at the end of the template or on an error. */
  private lexText(): boolean {
    for (;;) {
      const start = this.at;
      const open = this.text.indexOf(this.left, start);
      if (open < 0) {
        if (start < this.text.length) this.emit('text', start, this.text.length);
        return false;
      }
      let inside = open + this.left.length;
      const trim = this.text[inside] === '-' && isSpace(this.text.charCodeAt(inside + 1));
      const end = trim ? this.trimEnd(start, open) : open;
      if (end > start) this.emit('text', start, end);
      if (trim) inside += 2;
      if (!this.text.startsWith('/*', inside)) {
        this.emit('leftDelim', open, open + this.left.length);
        this.at = inside;
        this.parenDepth = 0;
        return true;
      }
      if (!this.skipComment(inside)) return false;
    }
  }

  private skipComment(start: number): boolean {
    const close = this.text.indexOf('*/', start + 2);
    if (close < 0) return this.fail('unclosed comment', start);
    const delimiter = this.rightDelimiterAt(close + 2);
    if (delimiter === null) return this.fail('comment ends before closing delimiter', start, close + 2);
    this.at = delimiter.end;
    return true;
  }

  private trimEnd(start: number, end: number): number {
    let at = end;
    while (at > start && isSpace(this.text.charCodeAt(at - 1))) at--;
    return at;
  }

  /** A right delimiter at this place, with its trim marker and the space that it trims. */
  private rightDelimiterAt(at: number): { readonly from: number; readonly end: number } | null {
    const code = this.text.charCodeAt(at);
    if (code === this.rightCode && this.text.startsWith(this.right, at))
      return { from: at, end: at + this.right.length };
    if (!isSpace(code) || this.text.charCodeAt(at + 1) !== DASH || !this.text.startsWith(this.right, at + 2))
      return null;
    let end = at + 2 + this.right.length;
    while (isSpace(this.text.charCodeAt(end))) end++;
    return { from: at + 2, end };
  }

  /** The tokens of one action, right delimiter included. */
  private lexAction(number: RegExp): boolean {
    for (;;) {
      const delimiter = this.rightDelimiterAt(this.at);
      if (delimiter !== null) {
        if (this.parenDepth > 0) return this.fail('unclosed left paren', this.at);
        this.emit('rightDelim', delimiter.from, delimiter.from + this.right.length);
        this.at = delimiter.end;
        return true;
      }
      if (this.at >= this.text.length) return this.fail('unclosed action', this.at);
      if (isSpace(this.text.charCodeAt(this.at))) {
        this.spaced = true;
        this.at++;
      } else if (!this.lexToken(number)) return false;
    }
  }

  private lexToken(number: RegExp): boolean {
    const start = this.at;
    const character = this.text.charAt(start);
    switch (character) {
      case '=':
        return this.emit('assign', start, start + 1);
      case ':':
        return this.text[start + 1] === '='
          ? this.emit('declare', start, start + 2)
          : this.fail('expected :=', start, start + 1);
      case '|':
        return this.emit('pipe', start, start + 1);
      case '(':
        this.parenDepth++;
        return this.emit('leftParen', start, start + 1);
      case ')':
        if (--this.parenDepth < 0) return this.fail('unexpected right paren', start, start + 1);
        return this.emit('rightParen', start, start + 1);
      case '"':
        return this.lexQuoted('string', '"', 'unterminated quoted string');
      case "'":
        return this.lexQuoted('character', "'", 'unterminated character constant');
      case '`':
        return this.lexRaw();
      case '$':
        return this.lexName('variable', 'variable');
      default:
        break;
    }
    if (character === '.') {
      const next = this.text[start + 1];
      if (next !== undefined && !(next >= '0' && next <= '9')) return this.lexName('field', 'dot');
    }
    if ((character >= '0' && character <= '9') || '-+.'.includes(character)) return this.lexNumber(number);
    const rune = this.text.codePointAt(start) ?? 0;
    if (isAlphaNumeric(rune)) return this.lexWord();
    if (rune < 0x80 && isPrint(rune)) return this.emit('punctuation', start, start + 1);
    return this.fail(`unrecognized character in action: ${unicodeName(rune)}`, start);
  }

  private lexQuoted(kind: TokenKind, mark: string, unterminated: string): boolean {
    let end = this.at + 1;
    for (; ; end++) {
      const character = this.text[end];
      if (character === '\\') end++;
      else if (character === mark) break;
      if (end >= this.text.length || this.text[end] === '\n') return this.fail(unterminated, this.at, end);
    }
    return this.emit(kind, this.at, end + 1);
  }

  private lexRaw(): boolean {
    const close = this.text.indexOf('`', this.at + 1);
    return close < 0 ? this.fail('unterminated raw quoted string', this.at) : this.emit('string', this.at, close + 1);
  }

  /** A variable or field, whose first character is at hand; `bare` when no name follows it. */
  private lexName(kind: TokenKind, bare: TokenKind): boolean {
    const start = this.at;
    const end = this.nameEnd(start + 1);
    if (!this.endsName(end))
      return this.fail(`bad character ${unicodeName(this.text.codePointAt(end) ?? 0)}`, start, end);
    return this.emit(end === start + 1 ? bare : kind, start, end);
  }

  private lexWord(): boolean {
    const start = this.at;
    const end = this.nameEnd(start);
    if (!this.endsName(end))
      return this.fail(`bad character ${unicodeName(this.text.codePointAt(end) ?? 0)}`, start, end);
    const word = this.text.slice(start, end);
    if (KEYWORDS.has(word) && !((word === 'break' || word === 'continue') && this.isFunction(word))) {
      return this.emit('keyword', start, end);
    }
    return this.emit(word === 'true' || word === 'false' ? 'bool' : 'identifier', start, end);
  }

  private nameEnd(start: number): number {
    let end = start;
    for (;;) {
      const code = this.text.charCodeAt(end);
      if (code < 0x80 ? !isAlphaNumeric(code) : Number.isNaN(code)) return end;
      if (code < 0x80) {
        end++;
        continue;
      }
      const rune = this.text.codePointAt(end) ?? 0;
      if (!isAlphaNumeric(rune)) return end;
      end += rune > 0xffff ? 2 : 1;
    }
  }

  /** What may stand after a name; `$x=1` and `.a+1` are errors, in case the language should ever have operators. */
  private endsName(at: number): boolean {
    const next = this.text[at];
    return (
      next === undefined ||
      isSpace(next.charCodeAt(0)) ||
      '.,|:)('.includes(next) ||
      this.text.startsWith(this.right, at)
    );
  }

  private lexNumber(number: RegExp): boolean {
    const start = this.at;
    let end = this.numberEnd(number, start);
    if (end < 0) return this.badNumber(start, -end);
    const sign = this.text[end];
    if (sign !== '+' && sign !== '-') return this.emit('number', start, end);
    end = this.numberEnd(number, end);
    if (end < 0 || this.text[end - 1] !== 'i') return this.badNumber(start, Math.abs(end));
    return this.emit('complex', start, end);
  }

  /** Where the number ends; negative when a letter or digit follows at once. */
  private numberEnd(number: RegExp, start: number): number {
    number.lastIndex = start;
    const end = start + (number.exec(this.text)?.[0].length ?? 0);
    const next = this.text.codePointAt(end);
    return next !== undefined && isAlphaNumeric(next) ? -(end + 1) : end;
  }

  private badNumber(start: number, end: number): false {
    return this.fail(`bad number syntax: ${JSON.stringify(this.text.slice(start, end))}`, start, end);
  }
}

/** NaN, which is behind the text, is none. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}

function unicodeName(rune: number): string {
  const code = `U+${rune.toString(16).toUpperCase().padStart(4, '0')}`;
  return isPrint(rune) ? `${code} '${String.fromCodePoint(rune)}'` : code;
}
