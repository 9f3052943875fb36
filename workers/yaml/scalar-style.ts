import { readsAsString } from './resolve.ts';

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal';

/** Texts that are written as they are, with nothing in them that YAML could mistake: most keys and values of a manifest. */
const PLAIN_WORD = /^[A-Za-z_/$(][A-Za-z0-9_\-./$()=+;~^]*$/;
/** Numbers to the base 60, which YAML 1.1 knows and go-yaml does not: other readers would take them for numbers. */
const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/** What libyaml escapes: not tab either, nor anything beyond the BMP. */
const UNPRINTABLE = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const BREAK = /[\n\r\x85\u2028\u2029]/;
const BREAK_THEN_SPACE = /[\n\r\x85\u2028\u2029] /;
const SPACE_THEN_BREAK = / [\n\r\x85\u2028\u2029]/;
/** An indicator in the first place, or one in any place that ends a plain scalar. */
const BLOCK_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$)|---|\.\.\.)|:(?:[ \t]|$)|[ \t\n\r\x85\u2028\u2029]#/;

/** Whether a text holds a line break of any kind that YAML 1.1 knows: then it makes no simple key. */
export function isMultiline(text: string): boolean {
  return BREAK.test(text);
}

/**
 * How go-yaml v2 writes a string: plain if that reads back as the same string, double-quoted if it would be another type,
 * single-quoted if indicators are in the way, literal for several lines, and double-quoted again for what the others cannot hold.
 * `simpleKey`: it is written as a key before its colon, so in one line.
 */
export function scalarStyle(text: string, simpleKey: boolean): ScalarStyle {
  if (PLAIN_WORD.test(text)) return readsAsString(text) ? 'plain' : 'double';
  if (text === '') return 'double';
  const multiline = BREAK.test(text);
  if (simpleKey && multiline) return 'double';
  const special = UNPRINTABLE.test(text) || SPACE_THEN_BREAK.test(text);
  if (text.includes('\n')) {
    return simpleKey || special || text.endsWith(' ') ? 'double' : 'literal';
  }
  if (!readsAsString(text) || BASE60.test(text) || special || BREAK_THEN_SPACE.test(text)) return 'double';
  const needsQuotes = multiline || text.startsWith(' ') || text.endsWith(' ') || BLOCK_INDICATOR.test(text);
  return needsQuotes ? 'single' : 'plain';
}
