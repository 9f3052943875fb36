/**
 * goutils' word wrapping. Columns are bytes; words are separated by single spaces, not by other white space.
 */
import type { CallContext, GoFunc } from '../../func.ts';
import { fromByteString, normalizeBytes, toByteString } from '../../gostring.ts';
import { fn2, fn3, integer, text } from '../signature.ts';

/** Splits a byte string into lines of at most `width` bytes; words longer than that are cut only when `cutLongWords`. */
function wrapLines(value: string, width: number, cutLongWords: boolean): string[] {
  const lines: string[] = [];
  let offset = 0;
  while (value.length - offset > width) {
    if (value[offset] === ' ') {
      offset++;
      continue;
    }
    const lastSpace = value.lastIndexOf(' ', offset + width);
    let end = offset + width;
    let next = end;
    if (lastSpace >= offset) {
      end = lastSpace;
      next = end + 1;
    } else if (!cutLongWords) {
      const space = value.indexOf(' ', end);
      if (space === -1) break;
      end = space;
      next = end + 1;
    }
    lines.push(value.slice(offset, end));
    offset = next;
  }
  lines.push(value.slice(offset));
  return lines;
}

function wrap(value: string, width: bigint, newline: string, cutLongWords: boolean, context: CallContext): string {
  if (value === '') return '';
  const columns = width < 1n ? 1 : Number(width);
  const lines = wrapLines(toByteString(value), columns, cutLongWords);
  context.charge(value.length + lines.length * newline.length);
  return normalizeBytes(lines.map(fromByteString).join(newline === '' ? '\n' : newline));
}

export const wrapFuncs: readonly (readonly [string, GoFunc])[] = [
  ['wrap', fn2(integer, text, (width, value, context) => wrap(value, width, '', false, context))],
  [
    'wrapWith',
    fn3(integer, text, text, (width, newline, value, context) => wrap(value, width, newline, true, context)),
  ],
];
