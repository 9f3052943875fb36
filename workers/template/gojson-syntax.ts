/**
 * JSON's grammar as Go's encoding/json enforces it, with the sentence Go reports for the first violation. Used where a text is
 * already known to be wrong (or suspiciously deep), so that templates that show `.Error` show Go's words.
 */
import { toBytes } from './gostring.ts';

/** Go refuses to nest deeper (encoding/json maxNestingDepth). */
export const MAX_JSON_DEPTH = 10_000;

const END = 'unexpected end of JSON input';
const SPACE = /[ \t\r\n]*/y;
const STRING_BODY = /[^"\\\u0000-\u001f]*/y;
const DIGITS = /[0-9]*/y;
const HEX = /[0-9a-fA-F]*/y;

function quoteCharacter(text: string, index: number): string {
  const unit = text[index] ?? '';
  if (unit === "'") return "'\\''";
  if (unit === '"') return `'"'`;
  const code = text.charCodeAt(index);
  if (code >= 0x80) {
    const lead = toBytes(String.fromCodePoint(text.codePointAt(index) ?? 0))[0] ?? 0;
    return lead < 0xa1 || lead === 0xad ? `'\\u00${lead.toString(16)}'` : `'${String.fromCharCode(lead)}'`;
  }
  const named: Record<string, string> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\b': '\\b', '\f': '\\f' };
  if (code === 0x07) return `'\\a'`;
  if (code === 0x0b) return `'\\v'`;
  if (code === 0x5c) return `'\\\\'`;
  if (code < 0x20 || code === 0x7f) return `'${named[unit] ?? `\\x${code.toString(16).padStart(2, '0')}`}'`;
  return `'${unit}'`;
}

function invalid(text: string, index: number, context: string): string {
  return index >= text.length ? END : `invalid character ${quoteCharacter(text, index)} ${context}`;
}

function skip(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  pattern.exec(text);
  return pattern.lastIndex;
}

/** A scalar's end, or the sentence that says what is wrong with it. */
type Scan = number | string;

function scanString(text: string, start: number): Scan {
  let index = start + 1;
  for (;;) {
    index = skip(STRING_BODY, text, index);
    const unit = text[index];
    if (unit === '"') return index + 1;
    if (unit !== '\\') return invalid(text, index, 'in string literal');
    const letter = text[index + 1] ?? '';
    if (letter === 'u') {
      const end = Math.min(skip(HEX, text, index + 2), index + 6);
      if (end < index + 6) return invalid(text, end, 'in \\u hexadecimal character escape');
      index += 6;
    } else if (letter !== '' && '"\\/bfnrt'.includes(letter)) {
      index += 2;
    } else {
      return invalid(text, index + 1, 'in string escape code');
    }
  }
}

function scanNumber(text: string, start: number): Scan {
  let index = text[start] === '-' ? start + 1 : start;
  if (text[index] === '0') {
    index++;
  } else {
    const end = skip(DIGITS, text, index);
    if (end === index) return invalid(text, index, 'in numeric literal');
    index = end;
  }
  if (text[index] === '.') {
    const end = skip(DIGITS, text, index + 1);
    if (end === index + 1) return invalid(text, end, 'after decimal point in numeric literal');
    index = end;
  }
  if (text[index] === 'e' || text[index] === 'E') {
    const sign = text[index + 1];
    const first = sign === '+' || sign === '-' ? index + 2 : index + 1;
    const end = skip(DIGITS, text, first);
    if (end === first) return invalid(text, end, 'in exponent of numeric literal');
    index = end;
  }
  return index;
}

function scanWord(text: string, start: number, word: string): Scan {
  for (let offset = 1; offset < word.length; offset++) {
    if (text[start + offset] !== word[offset]) {
      return invalid(text, start + offset, `in literal ${word} (expecting '${word[offset]}')`);
    }
  }
  return start + word.length;
}

function scanScalar(text: string, index: number): Scan {
  switch (text[index]) {
    case '"':
      return scanString(text, index);
    case 't':
      return scanWord(text, index, 'true');
    case 'f':
      return scanWord(text, index, 'false');
    case 'n':
      return scanWord(text, index, 'null');
    default:
      if (/[-0-9]/.test(text[index] ?? '')) return scanNumber(text, index);
      return invalid(text, index, 'looking for beginning of value');
  }
}

/** An object's key with its colon, from the key's first character. */
function scanKey(text: string, index: number): Scan {
  if (text[index] !== '"') return invalid(text, index, 'looking for beginning of object key string');
  const end = scanString(text, index);
  if (typeof end === 'string') return end;
  const colon = skip(SPACE, text, end);
  return text[colon] === ':' ? colon + 1 : invalid(text, colon, 'after object key');
}

/**
 * Go's sentence for the first syntax error of `text`, or null when it is valid JSON within the depth limit. Takes linear time
 * and no recursion.
 */
export function findJsonSyntaxError(text: string): string | null {
  const closers: string[] = [];
  let index = 0;
  for (;;) {
    index = skip(SPACE, text, index);
    const opener = text[index];
    if (opener === '[' || opener === '{') {
      if (closers.length >= MAX_JSON_DEPTH) return 'exceeded max depth';
      const closer = opener === '[' ? ']' : '}';
      index = skip(SPACE, text, index + 1);
      if (text[index] !== closer) {
        closers.push(closer);
        if (closer === '}') {
          const next = scanKey(text, index);
          if (typeof next === 'string') return next;
          index = next;
        }
        continue;
      }
      index++;
    } else {
      const end = scanScalar(text, index);
      if (typeof end === 'string') return end;
      index = end;
    }
    // A value has ended: close what it closes, or go on to the next member.
    for (;;) {
      index = skip(SPACE, text, index);
      const closer = closers.at(-1);
      if (closer === undefined) return index === text.length ? null : invalid(text, index, 'after top-level value');
      if (text[index] === closer) {
        closers.pop();
        index++;
        continue;
      }
      const context = closer === ']' ? 'after array element' : 'after object key:value pair';
      if (text[index] !== ',') return invalid(text, index, context);
      index = skip(SPACE, text, index + 1);
      if (closer === '}') {
        const next = scanKey(text, index);
        if (typeof next === 'string') return next;
        index = next;
      }
      break;
    }
  }
}
