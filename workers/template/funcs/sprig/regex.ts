/**
 * sprig's regular expressions: Go's syntax, leftmost-first, in linear time (re2js). The plain functions panic where the `must` ones
 * return an error, but for regexMatch, which takes a wrong pattern for one that does not match.
 */
import type { RE2JS } from 're2js';
import { re2 } from '../../../lazy-packages.ts';
import type { CallContext, GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { normalizeBytes } from '../../gostring.ts';
import type { GoValue } from '../../value.ts';
import { GoRef, STRING_SLICE } from '../../value.ts';
import { fn1, fn2, fn3, integer, text } from '../signature.ts';
import { ownedStrings } from './lists.ts';

/** Compiled patterns that one function map keeps. Templates have few; a pattern made from data must not fill the memory. */
const MAX_CACHED_PATTERNS = 256;

/** What one search may cost: it may read the rest of the text for each match. */
const UNITS_PER_STEP = 32;

type Compile = (pattern: string) => RE2JS;
type Matcher = ReturnType<RE2JS['matcher']>;

/** Start and end of a match in UTF-16 units. */
type Span = readonly [start: number, end: number];

/** regexp.Compile with a bounded memory. Throws FuncError for a wrong pattern. */
function patternCache(): Compile {
  const cache = new Map<string, RE2JS | FuncError>();
  return (pattern) => {
    let compiled = cache.get(pattern);
    if (compiled === undefined) {
      if (cache.size >= MAX_CACHED_PATTERNS) cache.clear();
      compiled = compilePattern(pattern);
      cache.set(pattern, compiled);
    }
    if (compiled instanceof FuncError) throw compiled;
    return compiled;
  };
}

function compilePattern(pattern: string): RE2JS | FuncError {
  if (!pattern.isWellFormed()) return new FuncError('error parsing regexp: invalid UTF-8');
  try {
    return re2().compile(pattern);
  } catch (error) {
    return new FuncError(error instanceof Error ? error.message : 'error parsing regexp');
  }
}

function characterLength(value: string, index: number): number {
  return (value.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}

/** All matches as Go's FindAll gives them: an empty one right after another match does not count. */
function findAll(pattern: RE2JS, value: string, limit: number, context: CallContext): Span[] {
  const spans: Span[] = [];
  const matcher = pattern.matcher(value);
  let previousEnd = -1;
  for (let at = 0; at <= value.length && (limit < 0 || spans.length < limit); ) {
    context.charge((value.length - at) / UNITS_PER_STEP);
    if (!matcher.find(at)) break;
    const start = matcher.start();
    const end = matcher.end();
    if (end > at) at = end;
    else at += characterLength(value, at);
    if (end > start || start !== previousEnd) spans.push([start, end]);
    previousEnd = end;
  }
  return spans;
}

/** FindAllString; a nil slice when nothing matches. */
function findAllText(pattern: RE2JS, value: string, limit: bigint, context: CallContext): GoValue {
  const spans = findAll(pattern, value, Number(limit), context);
  if (spans.length === 0) return new GoRef(STRING_SLICE, null);
  return ownedStrings(spans.map(([start, end]) => value.slice(start, end)));
}

function findText(pattern: RE2JS, value: string): string {
  const matcher = pattern.matcher(value);
  return matcher.find() ? value.slice(matcher.start(), matcher.end()) : '';
}

/** Regexp.Split. */
function splitText(pattern: RE2JS, value: string, limit: bigint, context: CallContext): GoValue {
  if (limit === 0n) return new GoRef(STRING_SLICE, null);
  if (pattern.pattern() !== '' && value === '') return ownedStrings(['']);
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const [start, next] of findAll(pattern, value, Number(limit), context)) {
    if (limit > 0n && parts.length === Number(limit) - 1) break;
    end = start;
    if (next !== 0) parts.push(value.slice(begin, end));
    begin = next;
  }
  if (end !== value.length) parts.push(value.slice(begin));
  return ownedStrings(parts);
}

/** A piece of a replacement: literal text, or the group to insert. */
type Piece = string | { readonly group: number | string };

const REFERENCE = /^\$(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u;

function groupOf(name: string): number | string {
  return /^(?:0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : name;
}

/** Reads Go's replacement syntax: `$1`, `$name` (as long as can be), `${name}`, `$$`. */
function parseReplacement(template: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = template;
  for (let dollar = rest.indexOf('$'); dollar >= 0; dollar = rest.indexOf('$')) {
    pieces.push(rest.slice(0, dollar));
    rest = rest.slice(dollar);
    const reference = REFERENCE.exec(rest);
    if (reference !== null) {
      pieces.push({ group: groupOf(reference[1] ?? reference[2] ?? '') });
      rest = rest.slice(reference[0].length);
    } else {
      pieces.push('$');
      rest = rest.slice(rest.startsWith('$$') ? 2 : 1);
    }
  }
  pieces.push(rest);
  return pieces;
}

/** The text of a group of the current match; "" for a group that does not exist or did not take part. */
function groupText(pattern: RE2JS, matcher: Matcher, group: number | string): string {
  const number =
    typeof group === 'number' ? group : Object.hasOwn(pattern.namedGroups(), group) ? pattern.namedGroups()[group] : -1;
  if (number === undefined || number < 0 || number > pattern.groupCount()) return '';
  return matcher.group(number) ?? '';
}

type Replace = (matcher: Matcher) => string;

/** Regexp.ReplaceAll: an empty match right after another match is not replaced. */
function replaceMatches(pattern: RE2JS, value: string, replace: Replace, context: CallContext): string {
  const matcher = pattern.matcher(value);
  let out = '';
  let lastEnd = 0;
  for (let at = 0; at <= value.length && matcher.find(at); ) {
    const start = matcher.start();
    const end = matcher.end();
    out += value.slice(lastEnd, start);
    if (end > lastEnd || start === 0) {
      const replacement = replace(matcher);
      context.charge(replacement.length + 1 + (value.length - at) / UNITS_PER_STEP);
      out += replacement;
    }
    lastEnd = end;
    at = Math.max(end, at + characterLength(value, at));
  }
  return normalizeBytes(out + value.slice(lastEnd));
}

function replaceAll(pattern: RE2JS, value: string, template: string, context: CallContext): string {
  if (!template.includes('$')) return replaceMatches(pattern, value, () => template, context);
  const pieces = parseReplacement(template);
  const expand: Replace = (matcher) =>
    pieces.map((piece) => (typeof piece === 'string' ? piece : groupText(pattern, matcher, piece.group))).join('');
  return replaceMatches(pattern, value, expand, context);
}

function both(name: string, func: GoFunc): readonly (readonly [string, GoFunc])[] {
  return [
    [name, func],
    [`must${name.charAt(0).toUpperCase()}${name.slice(1)}`, func],
  ];
}

/** The regular expression functions, with a pattern memory of their own. */
export function regexFuncs(): readonly (readonly [string, GoFunc])[] {
  const cached = patternCache();
  const prepare = (pattern: string, value: string, context: CallContext): RE2JS => {
    context.charge(pattern.length + value.length * (1 + pattern.length / UNITS_PER_STEP));
    return cached(pattern);
  };
  const matches = (pattern: string, value: string, context: CallContext): boolean =>
    prepare(pattern, value, context).matcher(value).find();
  return [
    ['mustRegexMatch', fn2(text, text, matches)],
    [
      'regexMatch',
      fn2(text, text, (pattern, value, context) => {
        try {
          return matches(pattern, value, context);
        } catch (error) {
          if (error instanceof FuncError) return false;
          throw error;
        }
      }),
    ],
    ...both(
      'regexFind',
      fn2(text, text, (pattern, value, context) => findText(prepare(pattern, value, context), value)),
    ),
    ...both(
      'regexFindAll',
      fn3(text, text, integer, (pattern, value, limit, context) =>
        findAllText(prepare(pattern, value, context), value, limit, context),
      ),
    ),
    ...both(
      'regexSplit',
      fn3(text, text, integer, (pattern, value, limit, context) =>
        splitText(prepare(pattern, value, context), value, limit, context),
      ),
    ),
    ...both(
      'regexReplaceAll',
      fn3(text, text, text, (pattern, value, template, context) =>
        replaceAll(prepare(pattern, value, context), value, template, context),
      ),
    ),
    ...both(
      'regexReplaceAllLiteral',
      fn3(text, text, text, (pattern, value, literal, context) =>
        replaceMatches(prepare(pattern, value, context), value, () => literal, context),
      ),
    ),
    ['regexQuoteMeta', fn1(text, (value) => value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'))],
  ];
}
