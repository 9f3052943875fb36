/**
 * The escapers of text/template: html, js and urlquery.
 */
import { toBytes } from './gostring.ts';
import { isPrint } from './printable.ts';

const HTML: ReadonlyMap<string, string> = new Map([
  ['\0', '\ufffd'],
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);
const HTML_SPECIAL = /[\0"'&<>]/g;

const JS: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['"', '\\"'],
  ['<', '\\u003C'],
  ['>', '\\u003E'],
  ['&', '\\u0026'],
  ['=', '\\u003D'],
]);
const JS_SPECIAL = /[\\'"<>&=]|[^ -~]/gu;

/** HTML text or attribute value. */
export function escapeHtml(text: string): string {
  return text.replace(HTML_SPECIAL, (character) => HTML.get(character) ?? character);
}

/** Text within a JavaScript string; what Go does not print is written as \uXXXX. */
export function escapeJs(text: string): string {
  return text.replace(JS_SPECIAL, (character) => {
    const known = JS.get(character);
    if (known !== undefined) return known;
    const rune = character.codePointAt(0) ?? 0;
    if (rune === 0x7f) return character;
    if (rune >= 0x80 && isPrint(rune)) return character;
    // A byte that is no character prints as the replacement character does.
    const shown = rune >= 0xd800 && rune <= 0xdfff ? 0xfffd : rune;
    return shown === 0xfffd ? character : `\\u${shown.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** A component of a URL's query: bytes in hexadecimal, space as `+`. */
export function escapeQuery(text: string): string {
  if (/^[A-Za-z0-9\-_.~]*$/.test(text)) return text;
  let out = '';
  for (const byte of toBytes(text)) {
    const character = String.fromCharCode(byte);
    if (byte === 0x20) out += '+';
    else if (/[A-Za-z0-9\-_.~]/.test(character)) out += character;
    else out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
