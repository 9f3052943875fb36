import { YamlError } from './error.ts';
import { formatFloat64 } from './float-text.ts';
import { compareKeys } from './key-order.ts';
import { MAX_SIMPLE_KEY_LENGTH, MAX_YAML_DEPTH } from './limits.ts';
import { parseYaml } from './parse.ts';
import { isMultiline, scalarStyle } from './scalar-style.ts';
import type { YamlValue } from './value.ts';

const INDENT = 2;
/** A space beyond this column is where a scalar goes on in the next line. */
const FOLD_WIDTH = 80;
/** A key of more UTF-8 bytes is written behind `?`. */
const MAX_KEY_BYTES = 128;
const UINT64_LIMIT = 1n << 64n;
const INT64_LIMIT = 1n << 63n;

/**
 * Writes a value as sigs.k8s.io/yaml v1.6.0's Marshal does, to the byte: encoded as JSON, read as YAML, written by
 * go.yaml.in/yaml/v2. The detour through JSON shows: NEL in a string is folded away, and a string with a control character of
 * U+007F to U+009F, or a key of more than about 1,024 characters, cannot be written. Integers are written digit for digit
 * (bigints up to 64 bits), other numbers as float64. Members that are undefined are left out, as JSON.stringify does.
 *
 * Throws YamlError: YAML_SYNTAX for what upstream refuses, YAML_LIMIT beyond MAX_YAML_DEPTH.
 */
export function marshalYaml(value: YamlValue): string {
  const writer = new Writer();
  writer.node(value, -1, 'root', 0);
  writer.endDocument();
  return writer.text;
}

type Context = 'root' | 'item' | 'member';

/** What libyaml's emitter keeps about the place it has reached. */
class Writer {
  text = '';
  private column = 0;
  /** The last character was a space, an indentation, or the start of the text. */
  private whitespace = true;
  /** Nothing but indentation and the indicators `-`, `?`, `:` stands in this line so far. */
  private indention = true;

  node(value: YamlValue, indent: number, context: Context, depth: number): void {
    if (depth > MAX_YAML_DEPTH) throw new YamlError('YAML_LIMIT', `nested deeper than ${MAX_YAML_DEPTH} levels`);
    if (value === null) this.word('null');
    else if (typeof value === 'string') this.string(jsonString(value), indent, false);
    else if (typeof value === 'boolean') this.word(value ? 'true' : 'false');
    else if (typeof value === 'number' || typeof value === 'bigint') this.word(formatNumber(value));
    else if (Array.isArray(value)) this.sequence(value, indent, context, depth);
    else this.mapping(value, indent, depth);
  }

  endDocument(): void {
    this.newLine(0);
  }

  private sequence(list: YamlValue[], indent: number, context: Context, depth: number): void {
    if (list.length === 0) {
      this.emptyCollection('[', ']');
      return;
    }
    const indentless = context === 'member' && !this.indention;
    const inner = indentless ? indent : deeper(indent);
    for (const item of list) {
      this.newLine(inner);
      this.indicator('-', true, true);
      this.node(item, inner, 'item', depth + 1);
    }
  }

  private mapping(map: { readonly [key: string]: YamlValue }, indent: number, depth: number): void {
    const keys = Object.keys(map).filter((key) => map[key] !== undefined);
    if (keys.length === 0) {
      this.emptyCollection('{', '}');
      return;
    }
    const inner = deeper(indent);
    for (const key of keys.sort(compareKeys)) {
      const name = jsonKey(key);
      this.newLine(inner);
      if (isSimpleKey(name)) {
        this.string(name, inner, true);
        this.indicator(':', false, false);
      } else {
        this.indicator('?', true, true);
        this.string(name, inner, false);
        this.newLine(inner);
        this.indicator(':', true, true);
      }
      this.node(map[key] as YamlValue, inner, 'member', depth + 1);
    }
  }

  /** Goes to a column: in the next line, unless this one holds nothing behind it yet. */
  private newLine(indent: number): void {
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) this.lineBreak();
    if (this.column < indent) this.write(' '.repeat(indent - this.column));
    this.whitespace = true;
    this.indention = true;
  }

  private lineBreak(): void {
    this.text += '\n';
    this.column = 0;
  }

  private write(text: string): void {
    this.text += text;
    this.column += text.length;
  }

  private indicator(text: string, afterSpace: boolean, keepsIndention: boolean): void {
    if (afterSpace && !this.whitespace) this.write(' ');
    this.write(text);
    this.whitespace = false;
    this.indention &&= keepsIndention;
  }

  private emptyCollection(start: string, end: string): void {
    this.indicator(start, true, false);
    this.indicator(end, false, false);
  }

  /** A scalar that is written as it is. */
  private word(text: string): void {
    if (!this.whitespace) this.write(' ');
    this.write(text);
    this.whitespace = false;
    this.indention = false;
  }

  private string(text: string, indent: number, simpleKey: boolean): void {
    const inner = indent < 0 ? INDENT : indent + INDENT;
    const style = scalarStyle(text, simpleKey);
    if (style === 'plain') {
      if (simpleKey || this.fits(text)) this.word(text);
      else this.folded(text, inner, '');
    } else if (style === 'single') {
      this.indicator("'", true, false);
      this.folded(text, simpleKey ? -1 : inner, "'");
      this.indicator("'", false, false);
    } else if (style === 'double') {
      this.indicator('"', true, false);
      this.escaped(text, simpleKey ? -1 : inner);
      this.indicator('"', false, false);
    } else {
      this.literal(text, inner);
    }
  }

  /** Whether a plain text without characters of two code units surely ends before any space would be folded. */
  private fits(text: string): boolean {
    return this.column + text.length < FOLD_WIDTH || !text.includes(' ');
  }

  /** Plain and single-quoted text; `indent` is -1 where it may not be folded. */
  private folded(text: string, indent: number, quote: string): void {
    if (quote === '' && !this.whitespace) this.write(' ');
    let afterSpace = false;
    let afterBreak = false;
    for (let i = 0; i < text.length; i++) {
      const c = text.charAt(i);
      if (c === ' ') {
        const inside = quote === '' || (i > 0 && i < text.length - 1);
        if (indent >= 0 && !afterSpace && this.column > FOLD_WIDTH && inside && text.charAt(i + 1) !== ' ')
          this.newLine(indent);
        else this.write(c);
        afterSpace = true;
      } else if (c === '\u2028' || c === '\u2029') {
        this.text += c;
        this.column = 0;
        this.indention = true;
        afterBreak = true;
      } else {
        if (afterBreak) this.newLine(indent);
        if (c === quote) this.write(quote);
        this.write(c);
        this.indention = false;
        afterSpace = false;
        afterBreak = false;
      }
    }
    this.whitespace = false;
    this.indention = false;
  }

  /** Double-quoted text; `indent` is -1 where it may not be folded. */
  private escaped(text: string, indent: number): void {
    // libyaml looks for the byte order mark at the text's start instead of at each character, and then escapes all of them.
    const all = text.startsWith('\ufeff');
    let afterSpace = false;
    let i = 0;
    for (const c of text) {
      if (all || ESCAPED.test(c)) {
        this.write(escapeOf(c));
        afterSpace = false;
      } else if (c === ' ') {
        if (indent >= 0 && !afterSpace && this.column > FOLD_WIDTH && i > 0 && i < text.length - 1) {
          this.newLine(indent);
          if (text.charAt(i + 1) === ' ') this.write('\\');
        } else {
          this.write(c);
        }
        afterSpace = true;
      } else {
        this.write(c);
        afterSpace = false;
      }
      i += c.length;
    }
  }

  private literal(text: string, indent: number): void {
    this.indicator('|', true, false);
    if (/^[ \n\u2028\u2029]/.test(text)) this.indicator(String(INDENT), false, false);
    const chomping = chompingHint(text);
    if (chomping !== '') this.indicator(chomping, false, false);
    this.lineBreak();
    this.indention = true;
    this.whitespace = true;
    let afterBreak = true;
    for (const part of text.split(/([\n\u2028\u2029])/)) {
      if (part === '') continue;
      if (part === '\n') this.lineBreak();
      else if (part === '\u2028' || part === '\u2029') this.text += part;
      else {
        if (afterBreak) this.newLine(indent);
        this.write(part);
        this.indention = false;
        afterBreak = false;
        continue;
      }
      this.column = 0;
      this.indention = true;
      afterBreak = true;
    }
  }
}

function deeper(indent: number): number {
  return indent < 0 ? 0 : indent + INDENT;
}

/** `-`: no line break at the end; `+`: more than one, or nothing else. */
function chompingHint(text: string): string {
  if (!/[\n\u2028\u2029]$/.test(text)) return '-';
  return text.length === 1 || /[\n\u2028\u2029]{2}$/.test(text) ? '+' : '';
}

function isSimpleKey(name: string): boolean {
  if (isMultiline(name)) return false;
  if (name.length * 3 <= MAX_KEY_BYTES) return true;
  return new TextEncoder().encode(name).length <= MAX_KEY_BYTES;
}

/** What double quotes cannot hold as it is. */
const ESCAPED = /[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|["\\]/u;
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x00, '\\0'],
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x1b, '\\e'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0xa0, '\\_'],
  [0x2028, '\\L'],
  [0x2029, '\\P'],
]);

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const short = SHORT_ESCAPES.get(code);
  if (short !== undefined) return short;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

const C1_OR_NONCHARACTER = /[\x7f-\x9f\ufffe\uffff]/;

/** A string as it comes back when its JSON is read as YAML. */
function jsonString(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  if (!C1_OR_NONCHARACTER.test(wellFormed)) return wellFormed;
  // Go's JSON escapes U+2028 and U+2029, so only NEL is left to be a line break within the quotes.
  return String(parseYaml(JSON.stringify(wellFormed).replace(/[\u2028\u2029]/g, (c) => escapeOf(c))));
}

/** The same for a member's name, which has to be a simple key in that JSON. */
function jsonKey(key: string): string {
  const wellFormed = key.isWellFormed() ? key : key.toWellFormed();
  if (wellFormed.length * 6 + 2 > MAX_SIMPLE_KEY_LENGTH && jsonLength(wellFormed) > MAX_SIMPLE_KEY_LENGTH) {
    throw new YamlError('YAML_SYNTAX', 'a key is too long to be read back');
  }
  if (!C1_OR_NONCHARACTER.test(wellFormed)) return wellFormed;
  if (wellFormed.includes('\x85'))
    throw new YamlError('YAML_SYNTAX', 'a key holds a line break that JSON does not escape');
  return jsonString(wellFormed);
}

/** Characters of a string as Go's encoding/json writes it, quotes included. */
function jsonLength(text: string): number {
  return Array.from(JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, '\\u0000')).length;
}

/** A JSON number as go-yaml reads and writes it: an integer if 64 bits hold it, else a float64. */
function formatNumber(value: number | bigint): string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new YamlError('YAML_SYNTAX', `${value} has no place in JSON`);
    if (!Number.isInteger(value)) return formatFloat64(value);
    if (Number.isSafeInteger(value)) return String(value);
    const text = String(value);
    return text.includes('e') ? formatFloat64(value) : formatNumber(BigInt(text));
  }
  return value < UINT64_LIMIT && value >= -INT64_LIMIT ? value.toString() : formatFloat64(Number(value));
}
