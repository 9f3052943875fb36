import { isBreak, LF } from './characters.ts';

/** What the blanks and line breaks of a range become between two lines of a flow scalar: one break a space, of more all but the first. */
export function foldBreaks(source: string, from: number, to: number): string {
  let first = '';
  let rest = '';
  for (let pos = from; pos < to; pos++) {
    const c = source.charCodeAt(pos);
    if (!isBreak(c)) continue;
    if (first === '') first = source.charAt(pos);
    else rest += source.charAt(pos);
  }
  // The breaks that only Unicode knows are never folded away.
  if (first.charCodeAt(0) !== LF) return first + rest;
  return rest === '' ? ' ' : rest;
}
