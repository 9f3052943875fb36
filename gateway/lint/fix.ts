/** Corrections as edits of the text, so that comments and everything else stay as they are. */
import { isScalar, type Range } from 'yaml';
import type { Entry } from './manifest.ts';

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Quotes around a value. A boolean is written as Kubernetes spells it; a number as it stands. */
export function quoteValue(text: string, { pair, value }: Entry): Edit | null {
  const range = rangeOf(pair.value);
  if (range === null || !isScalar(pair.value)) return null;
  const [start, end] = range;
  const words = typeof value === 'boolean' ? String(value) : text.slice(start, end);
  return /^[\w.+-]+$/.test(words) ? { start, end, text: `"${words}"` } : null;
}

/** Another name, in the quotes of the old one. */
export function renameKey(text: string, { pair }: Entry, name: string): Edit | null {
  const range = rangeOf(pair.key);
  if (range === null) return null;
  const [start, end] = range;
  const quote = /^["']/.exec(text.slice(start, end))?.[0] ?? '';
  return { start, end, text: `${quote}${name}${quote}` };
}

/** Takes an entry's line out; null where it does not have a line of its own, is the last of its mapping, or has a comment on it. */
export function removeLine(text: string, { pair, map }: Entry): Edit | null {
  const key = rangeOf(pair.key);
  const value = rangeOf(pair.value);
  if (key === null || value === null || map.flow === true || map.items.length < 2) return null;
  const start = text.lastIndexOf('\n', key[0] - 1) + 1;
  const feed = text.indexOf('\n', value[1]);
  const end = feed < 0 ? text.length : feed + 1;
  const line = text.slice(start, end);
  const alone = text.slice(start, key[0]).trim() === '' && text.slice(value[1], end).trim() === '';
  return alone && line.indexOf('\n') >= line.length - 1 ? { start, end, text: '' } : null;
}

/** The text with all edits made; of two that overlap the first one counts. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text: words } of [...edits].sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    result += text.slice(at, start) + words;
    at = end;
  }
  return result + text.slice(at);
}

function rangeOf(node: unknown): Range | null {
  return isScalar(node) ? (node.range ?? null) : null;
}
