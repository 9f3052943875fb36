const LONG_S = /\u017f/g;
const KELVIN = /\u212a/g;
const CAPITALS = /[A-Z]+/g;

/**
 * The form under which Go's JSON decoders compare member names without regard to case, for names whose other side is ASCII:
 * beside capitals only the long s and the Kelvin sign fold to ASCII letters.
 */
export function foldCase(text: string): string {
  return text
    .replace(LONG_S, 's')
    .replace(KELVIN, 'k')
    .replace(CAPITALS, (letters) => letters.toLowerCase());
}
