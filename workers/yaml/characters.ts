/** Character classes of YAML 1.1, by UTF-16 code unit. The scanner's text ends with NUL, which no YAML text can hold. */

export const END = 0;
export const TAB = 9;
export const LF = 10;
export const SPACE = 0x20;
export const EXCLAMATION = 0x21;
export const DOUBLE_QUOTE = 0x22;
export const HASH = 0x23;
export const PERCENT = 0x25;
export const AMPERSAND = 0x26;
export const SINGLE_QUOTE = 0x27;
export const ASTERISK = 0x2a;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const COLON = 0x3a;
export const LESS = 0x3c;
export const GREATER = 0x3e;
export const QUESTION = 0x3f;
export const AT = 0x40;
export const LEFT_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const RIGHT_BRACKET = 0x5d;
export const BACKTICK = 0x60;
export const LEFT_BRACE = 0x7b;
export const BAR = 0x7c;
export const RIGHT_BRACE = 0x7d;
export const BYTE_ORDER_MARK = 0xfeff;
export const LINE_SEPARATOR = 0x2028;
export const PARAGRAPH_SEPARATOR = 0x2029;

const BLANK = 1;
const BREAK_OR_END = 2;
const FLOW_INDICATOR = 4;
const KEY_END = 8;
const WORD = 16;
const HEX = 32;
const URI = 64;

const CLASSES = new Uint8Array(128);
for (const c of ' \t') CLASSES[c.charCodeAt(0)] = BLANK;
for (const c of '\n\0') CLASSES[c.charCodeAt(0)] = BREAK_OR_END;
for (const c of "-;/?:@&=+$,.!~*'()[]%_") CLASSES[c.charCodeAt(0)] = URI;
for (const c of ',?[]{}') CLASSES[c.charCodeAt(0)] = (CLASSES[c.charCodeAt(0)] ?? 0) | FLOW_INDICATOR;
CLASSES[COLON] = (CLASSES[COLON] ?? 0) | KEY_END;
for (const c of '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-') {
  CLASSES[c.charCodeAt(0)] = (CLASSES[c.charCodeAt(0)] ?? 0) | WORD | URI;
}
for (const c of '0123456789abcdefABCDEF') CLASSES[c.charCodeAt(0)] = (CLASSES[c.charCodeAt(0)] ?? 0) | HEX;

function classOf(c: number): number {
  return c < 128 ? (CLASSES[c] as number) : 0;
}

/** Carriage returns and NEL became LF before the scanner sees the text; these two stay themselves when folded. */
export function isUnicodeBreak(c: number): boolean {
  return c === LINE_SEPARATOR || c === PARAGRAPH_SEPARATOR;
}
export function isBreak(c: number): boolean {
  return c === LF || isUnicodeBreak(c);
}
export function isBreakOrEnd(c: number): boolean {
  return c < 128 ? c === LF || c === END : isUnicodeBreak(c);
}
export function isBlank(c: number): boolean {
  return c === SPACE || c === TAB;
}
/** Space, tab, line break or the end of the text. */
export function isGap(c: number): boolean {
  return c < 128 ? (classOf(c) & (BLANK | BREAK_OR_END)) !== 0 : isUnicodeBreak(c);
}
/** The classes of characters at which a plain scalar has to look twice, for stopsPlain. */
export function plainStops(inFlow: boolean): number {
  return inFlow ? BLANK | BREAK_OR_END | KEY_END | FLOW_INDICATOR : BLANK | BREAK_OR_END | KEY_END;
}
export function stopsPlain(c: number, stops: number): boolean {
  return c < 128 ? (classOf(c) & stops) !== 0 : isUnicodeBreak(c);
}
/** Letters, digits, `_` and `-`: names of anchors, tag handles and directives. */
export function isWord(c: number): boolean {
  return (classOf(c) & WORD) !== 0;
}
export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}
export function isHexDigit(c: number): boolean {
  return (classOf(c) & HEX) !== 0;
}
/** Characters of a tag, `%` for escapes included. */
export function isUriCharacter(c: number): boolean {
  return (classOf(c) & URI) !== 0;
}

/** What YAML 1.1 allows in no text, surrogates apart. */
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Any but the plain characters nearly all texts are made of: then a text needs a closer look. */
const UNUSUAL = /[^\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const UNICODE_BREAK = /[\u2028\u2029]/;

export interface SourceText {
  /** The text with a leading byte order mark removed, and line breaks CR, CR LF and NEL made LF. */
  readonly text: string;
  /** Its code units, and NUL. */
  readonly codes: Uint16Array;
  /** Offset in `text` of a character that no YAML text may hold, or -1. */
  readonly forbiddenAt: number;
  /** Whether LF is all that ends a line in it. */
  readonly onlyLineFeeds: boolean;
}

/** Prepares a text for the scanner. CR, CR LF and NEL mean LF wherever YAML looks at them, so they may become it up front. */
export function prepareSource(text: string): SourceText {
  if (!UNUSUAL.test(text)) return { text, codes: codeUnits(text), forbiddenAt: -1, onlyLineFeeds: true };
  const start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  const clean = text.slice(start).replace(/\r\n?|\x85/g, '\n');
  const forbidden = clean.search(FORBIDDEN);
  const forbiddenAt = forbidden >= 0 || clean.isWellFormed() ? forbidden : clean.search(LONE_SURROGATE);
  return { text: clean, codes: codeUnits(clean), forbiddenAt, onlyLineFeeds: !UNICODE_BREAK.test(clean) };
}

/** The code unit at `pos`, which is within the text or at the NUL behind it. */
export function codeAt(codes: Uint16Array, pos: number): number {
  return codes[pos] as number;
}

function codeUnits(text: string): Uint16Array {
  const { length } = text;
  const bytes = Buffer.allocUnsafeSlow(2 * length + 2);
  bytes.write(text, 0, 'utf16le');
  const codes = new Uint16Array(bytes.buffer, bytes.byteOffset, length + 1);
  codes[length] = END;
  return codes;
}
