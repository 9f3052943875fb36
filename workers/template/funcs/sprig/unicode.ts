/**
 * Go's unicode package: simple case mappings (one code point to one) and character classes.
 */

const FIRST_TITLE_EXCEPTIONS: ReadonlyMap<number, number> = new Map([
  [0x1c4, 0x1c5],
  [0x1c5, 0x1c5],
  [0x1c6, 0x1c5],
  [0x1c7, 0x1c8],
  [0x1c8, 0x1c8],
  [0x1c9, 0x1c8],
  [0x1ca, 0x1cb],
  [0x1cb, 0x1cb],
  [0x1cc, 0x1cb],
  [0x1f1, 0x1f2],
  [0x1f2, 0x1f2],
  [0x1f3, 0x1f2],
]);

/** unicode.ToUpper. */
export function toUpperRune(code: number): number {
  if (code < 0x80) return code >= 0x61 && code <= 0x7a ? code - 32 : code;
  const upper = String.fromCodePoint(code).toUpperCase();
  const first = upper.codePointAt(0) ?? code;
  if (upper.length === (first > 0xffff ? 2 : 1)) return first;
  // JavaScript maps to several letters. Greek with iota subscript has a one-letter form as well; others stay as they are.
  if (code >= 0x1f80 && code <= 0x1faf) return (code & 8) === 0 ? code + 8 : code;
  return code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3 ? code + 9 : code;
}

/** unicode.ToLower. */
export function toLowerRune(code: number): number {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a ? code + 32 : code;
  if (code === 0x130) return 0x69;
  return String.fromCodePoint(code).toLowerCase().codePointAt(0) ?? code;
}

/** unicode.ToTitle: upper case but for the digraphs (Dž) and Georgian, which has no title case. */
export function toTitleRune(code: number): number {
  if (code < 0x80) return toUpperRune(code);
  const exception = FIRST_TITLE_EXCEPTIONS.get(code);
  if (exception !== undefined) return exception;
  return code >= 0x10d0 && code <= 0x10ff ? code : toUpperRune(code);
}

function inClass(pattern: RegExp): (code: number) => boolean {
  return (code) => pattern.test(String.fromCodePoint(code));
}

const isWideSpace = inClass(/^\p{White_Space}$/u);

/** unicode.IsSpace. */
export function isSpaceRune(code: number): boolean {
  if (code < 0x100) return code === 0x20 || (code >= 9 && code <= 13) || code === 0x85 || code === 0xa0;
  return isWideSpace(code);
}

export const isUpperRune = inClass(/^\p{Lu}$/u);
export const isLowerRune = inClass(/^\p{Ll}$/u);
export const isTitleRune = inClass(/^\p{Lt}$/u);
export const isLetterRune = inClass(/^\p{L}$/u);
export const isDigitRune = inClass(/^\p{Nd}$/u);
export const isPunctRune = inClass(/^\p{P}$/u);
export const isNumberRune = inClass(/^\p{N}$/u);
