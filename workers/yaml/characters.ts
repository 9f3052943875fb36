/** Character classes of YAML 1.1, by UTF-16 code unit. The scanner's text ends with NUL, which no YAML text can hold. */

export const END = 0;
export const TAB = 9;
export const LF = 10;
export const SPACE = 32;
export const LINE_SEPARATOR = 0x2028;
export const PARAGRAPH_SEPARATOR = 0x2029;

const BLANK = 1;
const BREAK_OR_END = 2;
const FLOW_INDICATOR = 4;
const COLON = 8;
const WORD = 16;
const HEX = 32;
const URI = 64;

const CLASSES = new Uint8Array(128);
for (const c of ' \t') CLASSES[c.charCodeAt(0)] = BLANK;
for (const c of '\n\0') CLASSES[c.charCodeAt(0)] = BREAK_OR_END;
for (const c of "-;/?:@&=+$,.!~*'()[]%_") CLASSES[c.charCodeAt(0)] = URI;
for (const c of ',?[]{}') CLASSES[c.charCodeAt(0)] = (CLASSES[c.charCodeAt(0)] ?? 0) | FLOW_INDICATOR;
CLASSES[0x3a] = (CLASSES[0x3a] ?? 0) | COLON;
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
  return inFlow ? BLANK | BREAK_OR_END | COLON | FLOW_INDICATOR : BLANK | BREAK_OR_END | COLON;
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

/** Anything but the plain characters nearly all texts are made of; what it finds needs a closer look. */
const UNUSUAL = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
/** What YAML 1.1 allows in no text, surrogates apart. */
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;

export interface SourceText {
  /** Line breaks CR, CR LF and NEL made LF, a leading byte order mark removed, NUL appended. */
  readonly text: string;
  /** Offset in `text` of a character that no YAML text may hold, or -1. */
  readonly forbiddenAt: number;
}

/** Prepares a text for the scanner. CR, CR LF and NEL mean LF wherever YAML looks at them, so they may become it up front. */
export function prepareSource(text: string): SourceText {
  if (!UNUSUAL.test(text)) return { text: text + '\0', forbiddenAt: -1 };
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const source = text.slice(start).replace(/\r\n?|\x85/g, '\n');
  const forbidden = source.search(FORBIDDEN);
  if (forbidden >= 0) return { text: source + '\0', forbiddenAt: forbidden };
  if (!source.isWellFormed()) {
    return {
      text: source + '\0',
      forbiddenAt: source.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/),
    };
  }
  return { text: source + '\0', forbiddenAt: -1 };
}
