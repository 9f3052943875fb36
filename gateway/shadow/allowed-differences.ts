/**
 * Differences that a shadow may find without anybody minding: JSON pointers with wildcards, and regular expressions for the values. Pure.
 */
import type { RE2JS } from 're2js';
import { re2 } from '../../workers/lazy-packages.ts';
import type { JsonValue } from '../../workers/template/value.ts';
import type { Change } from '../diff/change.ts';

export interface AllowedDifference {
  /**
   * JSON pointer (RFC 6901) in which elements of lists go by name, as differences are told: `/spec/containers/istio-proxy/image`. `*` stands
   * for any text within a segment, a last segment `**` for all below and the place itself. `""` stands for outcomes, whose values are
   * such as `injected` and `skipped (HOST_NETWORK)`.
   */
  readonly path: string;
  /** RE2 expression for the whole value before; left out: any, also none. What is not text is compared as JSON, nothing as ``. */
  readonly from?: string;
  /** The same for the value after. */
  readonly to?: string;
}

export const MAX_ALLOWED = 200;
const MAX_PATTERN_LENGTH = 1_024;

/** Decides which differences are allowed. */
export type Allows = (change: Change) => boolean;

/** Throws RangeError for an entry that can not be one, with its number (from 1 on) and what is wrong. */
export function compileAllowed(list: readonly AllowedDifference[]): Allows {
  if (list.length > MAX_ALLOWED) throw new RangeError(`there are more than ${MAX_ALLOWED} allowed differences`);
  const compiled = list.map((entry, index) => compileEntry(entry, index + 1));
  return (change) => compiled.some((allows) => allows(change));
}

/** Takes a value of somebody's file for a list of them. Throws RangeError as compileAllowed does. */
export function parseAllowed(value: unknown): readonly AllowedDifference[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new RangeError('the allowed differences are not a list');
  const list = value.map((entry: unknown, index) => parseEntry(entry, index + 1));
  compileAllowed(list);
  return list;
}

function parseEntry(entry: unknown, number: number): AllowedDifference {
  if (typeof entry !== 'object' || entry === null) throw wrong(number, 'it is not a mapping');
  const members = new Map<string, unknown>(Object.entries(entry));
  for (const [name, member] of members) {
    if (!MEMBERS.has(name)) throw wrong(number, `there is no member ${JSON.stringify(name)}`);
    if (typeof member !== 'string') throw wrong(number, `${name} is not a text`);
  }
  if (!members.has('path')) throw wrong(number, 'path is missing');
  return Object.fromEntries(members) as unknown as AllowedDifference;
}

const MEMBERS: ReadonlySet<string> = new Set(['path', 'from', 'to']);

function wrong(number: number, what: string): RangeError {
  return new RangeError(`allowed difference ${number}: ${what}`);
}

function compileEntry({ path, from, to }: AllowedDifference, number: number): Allows {
  if (path !== '' && !path.startsWith('/')) throw wrong(number, 'path is neither empty nor begins with a slash');
  const isPlace = placePattern(path, number);
  const [isFrom, isTo] = [valuePattern(from, number), valuePattern(to, number)];
  if (path === '') {
    return ({ kind, path: [was = '', is = ''] }) => kind === 'outcome' && isFrom(was) && isTo(is);
  }
  return (change) => {
    return change.kind !== 'outcome' && isPlace(change.path) && isFrom(textOf(change.from)) && isTo(textOf(change.to));
  };
}

function placePattern(pointer: string, number: number): (path: readonly string[]) => boolean {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const below = segments.at(-1) === '**';
  const patterns = (below ? segments.slice(0, -1) : segments).map((segment) => {
    const parts = segment.split('*').map((part) => re2().quote(part));
    return expression(parts.join('(?s:.*)'), number);
  });
  return (path) => {
    if (below ? path.length < patterns.length : path.length !== patterns.length) return false;
    return patterns.every((pattern, index) => pattern.matches(path[index] ?? ''));
  };
}

function valuePattern(text: string | undefined, number: number): (value: string) => boolean {
  if (text === undefined) return () => true;
  const pattern = expression(text, number);
  return (value) => pattern.matches(value);
}

function expression(text: string, number: number): RE2JS {
  if (text.length > MAX_PATTERN_LENGTH)
    throw wrong(number, `a pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  try {
    return re2().compile(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw wrong(number, `${JSON.stringify(text)} is no regular expression: ${why}`);
  }
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
