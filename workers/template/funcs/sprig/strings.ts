/**
 * sprig's string functions but for case changes (letter-case.ts) and word wrapping (wrap.ts). Positions and widths count bytes
 * wherever Go slices its strings.
 */
import type { CallContext, GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import {
  byteLength,
  fromByteString,
  isAscii,
  normalizeBytes,
  runes,
  sliceBytes,
  toByteString,
} from '../../gostring.ts';
import { formatValue } from '../../printf.ts';
import { quote } from '../../quote.ts';
import { sameType } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { GoRef, STRING_SLICE, stringMap } from '../../value.ts';
import { newDict } from '../dict.ts';
import { any, fn0, fn1, fn2, fn3, integer, text, variadic0, withDirect } from '../signature.ts';
import { ownedStrings } from './lists.ts';
import { stringsOf, stringValue } from './text-value.ts';
import { isSpaceRune } from './unicode.ts';

/** strings.TrimSpace. JavaScript's trim also takes U+FEFF and leaves U+0085. */
export function trimSpace(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpaceRune(value.charCodeAt(start))) start++;
  while (end > start && isSpaceRune(value.charCodeAt(end - 1))) end--;
  return start === 0 && end === value.length ? value : value.slice(start, end);
}

/** strings.Trim with a set of characters. */
function trimSet(cutset: string, value: string): string {
  if (cutset === '' || value === '') return value;
  if (isAscii(cutset)) {
    let start = 0;
    let end = value.length;
    while (start < end && cutset.includes(value.charAt(start))) start++;
    while (end > start && cutset.includes(value.charAt(end - 1))) end--;
    return value.slice(start, end);
  }
  const cut = new Set(runes(cutset));
  const letters = [...value];
  const codes = runes(value);
  let start = 0;
  let end = codes.length;
  while (start < end && cut.has(codes[start] ?? 0)) start++;
  while (end > start && cut.has(codes[end - 1] ?? 0)) end--;
  return letters.slice(start, end).join('');
}

/**
 * Runs a search that is the same on bytes and on UTF-16, as long as no text is cut inside a letter; then it must see the bytes.
 */
function bytewise<T>(needle: string, value: string, search: (needle: string, value: string) => T): T {
  if (needle.isWellFormed() && value.isWellFormed()) return search(needle, value);
  return search(toByteString(needle), toByteString(value));
}

const contains = (needle: string, value: string): boolean => value.includes(needle);
const hasPrefix = (needle: string, value: string): boolean => value.startsWith(needle);
const hasSuffix = (needle: string, value: string): boolean => value.endsWith(needle);

function trimPrefix(prefix: string, value: string): string {
  if (prefix.isWellFormed() && value.isWellFormed()) {
    return value.startsWith(prefix) ? value.slice(prefix.length) : value;
  }
  const bytes = toByteString(value);
  const start = toByteString(prefix);
  return bytes.startsWith(start) ? fromByteString(bytes.slice(start.length)) : value;
}

function trimSuffix(suffix: string, value: string): string {
  if (suffix.isWellFormed() && value.isWellFormed()) {
    return value.endsWith(suffix) ? value.slice(0, value.length - suffix.length) : value;
  }
  const bytes = toByteString(value);
  const end = toByteString(suffix);
  return bytes.endsWith(end) ? fromByteString(bytes.slice(0, bytes.length - end.length)) : value;
}

/** Go's s[start:end], with its panic. */
export function goSlice(value: string, start: number, end: number): string {
  const length = byteLength(value);
  if (start < 0 || end < start || end > length) {
    throw new FuncError(`runtime error: slice bounds out of range [${start}:${end}] with length ${length}`);
  }
  return sliceBytes(value, start, end);
}

/** strings.Repeat. Throws FuncError for a negative count. */
export function repeat(value: string, count: bigint, context: CallContext): string {
  if (count < 0n) throw new FuncError('strings: negative Repeat count');
  if (value === '') return '';
  context.charge(Number(count) * value.length);
  return normalizeBytes(value.repeat(Number(count)));
}

/** strings.Split and SplitN: `limit` < 0 means all; an empty separator splits between letters. */
export function splitText(value: string, separator: string, limit: number): string[] {
  if (limit === 0) return [];
  if (separator === '') {
    const letters = [...value];
    if (limit < 0 || letters.length <= limit) return letters;
    return [...letters.slice(0, limit - 1), letters.slice(limit - 1).join('')];
  }
  if (!separator.isWellFormed() || !value.isWellFormed()) {
    return splitValid(toByteString(value), toByteString(separator), limit).map(fromByteString);
  }
  return splitValid(value, separator, limit);
}

function splitValid(value: string, separator: string, limit: number): string[] {
  const parts = value.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

/** strings.ReplaceAll. */
export function replaceAll(value: string, search: string, replacement: string, context: CallContext): string {
  if (search === '') {
    const letters = [...value];
    context.charge(value.length + (letters.length + 1) * replacement.length);
    return normalizeBytes(replacement + letters.map((letter) => letter + replacement).join(''));
  }
  if (!search.isWellFormed() || !value.isWellFormed()) {
    const parts = toByteString(value).split(toByteString(search));
    context.charge(value.length + parts.length * replacement.length);
    return fromByteString(parts.join(toByteString(replacement)));
  }
  if (!value.includes(search)) return value;
  const parts = value.split(search);
  context.charge(value.length + parts.length * replacement.length);
  return parts.join(replacement);
}

const LINE_END = /\n/g;

function countLineEnds(value: string): number {
  let count = 0;
  for (let at = value.indexOf('\n'); at >= 0; at = value.indexOf('\n', at + 1)) count++;
  return count;
}

/** sprig's indent: every line, the first included. */
export function indent(spaces: bigint, value: string, context: CallContext): string {
  if (spaces < 0n) throw new FuncError('strings: negative Repeat count');
  const width = Number(spaces);
  context.charge(value.length + width * (countLineEnds(value) + 1));
  const pad = ' '.repeat(width);
  return pad + value.replace(LINE_END, `\n${pad}`);
}

/** Counts beyond any text's length behave alike, so they may lose digits. */
function trunc(count: bigint, value: string): string {
  const limit = Number(count);
  const length = byteLength(value);
  if (limit < 0) return length + limit > 0 ? sliceBytes(value, length + limit, length) : value;
  return length > limit ? sliceBytes(value, 0, limit) : value;
}

function substring(start: bigint, end: bigint, value: string): string {
  const from = Number(start);
  const to = Number(end);
  if (from < 0) return goSlice(value, 0, to);
  const length = byteLength(value);
  return goSlice(value, from, to < 0 || to > length ? length : to);
}

const MAX_INT64 = 2n ** 63n - 1n;
const ELLIPSIS = '...';
const MIN_ABBREVIATION = 4;
const MIN_ABBREVIATION_WITH_OFFSET = 7;

/** goutils' AbbreviateFull on bytes: at most `width` of them, with an ellipsis at the end, and in front when `offset` is beyond 4. */
function abbreviate(value: string, offset: number, width: number): string {
  const { length } = value;
  if (width < MIN_ABBREVIATION) return '';
  if (length <= width) return value;
  const kept = width - ELLIPSIS.length;
  const start = Math.min(offset, length, Math.max(length - kept, 0));
  if (start <= 4) return value.slice(0, kept) + ELLIPSIS;
  if (width < MIN_ABBREVIATION_WITH_OFFSET) return '';
  if (start + kept < length) return ELLIPSIS + abbreviate(value.slice(start), 0, kept);
  return ELLIPSIS + value.slice(length - kept);
}

function abbrev(width: bigint, value: string): string {
  if (width < MIN_ABBREVIATION) return value;
  return fromByteString(abbreviate(toByteString(value), 0, Number(width)));
}

function abbrevBoth(left: bigint, right: bigint, value: string): string {
  if (right < MIN_ABBREVIATION || (left > 0 && right < MIN_ABBREVIATION_WITH_OFFSET)) return value;
  const bytes = toByteString(value);
  // Go's distance to the end wraps around for the most negative offsets, which then count as the end.
  const wraps = BigInt(bytes.length) - left > MAX_INT64;
  return fromByteString(abbreviate(bytes, wraps ? bytes.length : Number(left), Number(right)));
}

/** Takes white space out byte by byte; text that loses any has its bytes read as Latin-1, a quirk of goutils. */
function removeSpace(value: string): string {
  const bytes = toByteString(value);
  const kept = bytes.replace(/[\t-\r \u0085\u00a0]/g, '');
  return kept.length === bytes.length ? value : kept;
}

/** The first byte of each word, read as Latin-1, a quirk of goutils. */
function initials(value: string): string {
  return toByteString(value).replace(/[\t-\r \u0085\u00a0]*([^\t-\r \u0085\u00a0]?)[^\t-\r \u0085\u00a0]*/g, '$1');
}

function quoteAll(values: readonly GoValue[]): string {
  let out = '';
  let first = true;
  for (const value of values) {
    if (value === null) continue;
    out += first ? quote(stringValue(value)) : ` ${quote(stringValue(value))}`;
    first = false;
  }
  return out;
}

function squoteAll(values: readonly GoValue[]): string {
  return values
    .filter((value) => value !== null)
    .map((value) => `'${formatValue(value)}'`)
    .join(' ');
}

function numberedParts(parts: readonly string[]): GoValue {
  const out = newDict();
  for (let index = 0; index < parts.length; index++) out[`_${index}`] = parts[index];
  return stringMap(out);
}

/** A []string is returned itself, so that sorting it later shows in both. */
function toStrings(value: GoValue): GoValue {
  const isStrings = value instanceof GoRef && sameType(value.type, STRING_SLICE);
  return isStrings ? value : ownedStrings(stringsOf(value));
}

/** strings.Join over what sprig makes of any value. */
function join(separator: string, value: GoValue, context: CallContext): string {
  const parts = stringsOf(value);
  let size = separator.length * parts.length;
  for (const part of parts) size += part.length;
  context.charge(size);
  return normalizeBytes(parts.join(separator));
}

export const stringFuncs: readonly (readonly [string, GoFunc])[] = [
  ['hello', fn0(() => 'Hello!')],
  ['trim', fn1(text, trimSpace)],
  ['trimAll', fn2(text, text, trimSet)],
  ['trimall', fn2(text, text, trimSet)],
  ['trimPrefix', fn2(text, text, trimPrefix)],
  ['trimSuffix', fn2(text, text, trimSuffix)],
  ['contains', fn2(text, text, (needle, value) => bytewise(needle, value, contains))],
  ['hasPrefix', fn2(text, text, (needle, value) => bytewise(needle, value, hasPrefix))],
  ['hasSuffix', fn2(text, text, (needle, value) => bytewise(needle, value, hasSuffix))],
  ['repeat', fn2(integer, text, (count, value, context) => repeat(value, count, context))],
  ['replace', fn3(text, text, text, (from, to, value, context) => replaceAll(value, from, to, context))],
  ['substr', fn3(integer, integer, text, substring)],
  ['trunc', fn2(integer, text, trunc)],
  ['abbrev', fn2(integer, text, abbrev)],
  ['abbrevboth', fn3(integer, integer, text, abbrevBoth)],
  ['nospace', fn1(text, removeSpace)],
  ['initials', fn1(text, initials)],
  ['indent', fn2(integer, text, indent)],
  ['nindent', fn2(integer, text, (spaces, value, context) => `\n${indent(spaces, value, context)}`)],
  ['plural', fn3(text, text, integer, (one, many, count) => (count === 1n ? one : many))],
  [
    'quote',
    withDirect(variadic0(any, quoteAll), 1, (_context, value) => (value === null ? '' : quote(stringValue(value)))),
  ],
  ['squote', variadic0(any, squoteAll)],
  [
    'cat',
    variadic0(any, (values) =>
      values
        .filter((value) => value !== null)
        .map(formatValue)
        .join(' '),
    ),
  ],
  ['toString', fn1(any, stringValue)],
  ['toStrings', fn1(any, toStrings)],
  ['join', fn2(text, any, join)],
  ['splitList', fn2(text, text, (separator, value) => ownedStrings(splitText(value, separator, -1)))],
  ['split', fn2(text, text, (separator, value) => numberedParts(splitText(value, separator, -1)))],
  [
    'splitn',
    fn3(text, integer, text, (separator, limit, value) => numberedParts(splitText(value, separator, Number(limit)))),
  ],
];
