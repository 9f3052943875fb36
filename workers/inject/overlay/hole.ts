/**
 * Holes: the places of a rendered YAML text that hold printed values. A hole is free when any value of a safe shape can stand
 * there without changing what the text around it means; every other hole is fixed, and only renders that print the same there
 * are alike. Free holes lie within a scalar, on one line.
 */
import { prepareSource } from '../../yaml/characters.ts';
import { isPlainString, resolvePlain } from '../../yaml/resolve.ts';
import { Scanner } from '../../yaml/scanner.ts';
import { SCALAR, STREAM_END } from '../../yaml/token.ts';
import { joinPath, type Path } from './path.ts';

/** How the scalar is written that a hole lies in. `quoted`: the value brings the quotes with it and is the whole scalar. */
export type HoleStyle = 'double' | 'single' | 'literal' | 'plain' | 'flow' | 'quoted';

export interface Hole {
  /** Offsets in the text that was classified. */
  readonly start: number;
  readonly end: number;
  /** null for a fixed hole. */
  readonly style: HoleStyle | null;
}

/** Printable ASCII only: anything else (line breaks, controls, other scripts) is for the parser to judge. */
const SAFE: Readonly<Record<HoleStyle, RegExp>> = {
  double: /^[ !#-[\]-~]*$/,
  single: /^[ -&(-~]*$/,
  literal: /^[!-~][ -~]*$/,
  plain: /^[\w./$()](?:[\w./$()@+=:~-]*[\w./$()])?$/,
  flow: /^[\w./$()](?:[\w./$()@+=~-]*[\w./$()])?$/,
  quoted: /^"[ !#-[\]-~]*"$/,
};

/** Whether a value can stand in a free hole of that style. Plain scalars have to be looked at as a whole too: see isString. */
export function isSafe(style: HoleStyle, value: string): boolean {
  return SAFE[style].test(value);
}

/** Whether a scalar without quotes is a string and not a number, a boolean … */
export function isString(scalar: string): boolean {
  return resolvePlain(scalar) === scalar;
}

/** Whether a scalar without quotes that begins so is a string, whatever follows. */
export function beginsString(prefix: string): boolean {
  return isPlainString(prefix);
}

interface ScalarToken {
  readonly start: number;
  readonly end: number;
  readonly style: HoleStyle | null;
  readonly text: string;
}

/** The scalars of a text, without keys. Throws YamlError like the parser. */
function scalarsOf(text: string): ScalarToken[] {
  const source = prepareSource(text);
  const scalars: ScalarToken[] = [];
  // Where preparing changes the text, offsets in it mean something else.
  if (source.text !== text || source.forbiddenAt >= 0) return scalars;
  const scanner = new Scanner(source);
  for (scanner.next(); scanner.kind !== STREAM_END; scanner.next()) {
    if (scanner.kind === SCALAR) scalars.push(describe(text, scanner));
  }
  return scalars;
}

function describe(source: string, { start, pos, text, plain, flow }: Scanner): ScalarToken {
  const first = source.charAt(start);
  if (first === '|') return { start, end: pos, style: 'literal', text };
  if (plain) {
    const end = start + text.length;
    // Of several lines the text is not what stands in the source.
    const style = flow > 0 ? 'flow' : 'plain';
    return { start, end, style: source.startsWith(text, start) ? style : null, text };
  }
  const end = start + text.length + 2;
  const simple = source.startsWith(text, start + 1) && (first === '"' || first === "'");
  return { start, end, style: simple ? (first === '"' ? 'double' : 'single') : null, text };
}

/** Classifies the holes of a rendered text. Throws YamlError like the parser. */
export function findHoles(path: Path, values: readonly string[]): Hole[] {
  const source = joinPath(path, values);
  const scalars = scalarsOf(source);
  const holes: Hole[] = [];
  let at = 0;
  let token = 0;
  for (const literal of path) {
    if (literal !== null) {
      at += literal.text.length;
      continue;
    }
    const value = values[holes.length] ?? '';
    const end = at + value.length;
    while (token < scalars.length && (scalars[token] as ScalarToken).end < end) token++;
    holes.push({ start: at, end, style: styleAt(scalars[token], at, end, value) });
    at = end;
  }
  return holes;
}

function styleAt(scalar: ScalarToken | undefined, start: number, end: number, value: string): HoleStyle | null {
  if (scalar === undefined || scalar.style === null || start < scalar.start || end > scalar.end) return null;
  const { style } = scalar;
  if (style === 'double' && start === scalar.start && end === scalar.end)
    return isSafe('quoted', value) ? 'quoted' : null;
  // Between the quotes, or behind the header of a block scalar.
  const inside =
    style === 'plain' || style === 'flow' ? true : start > scalar.start && (style === 'literal' || end < scalar.end);
  if (!inside || !isSafe(style, value)) return null;
  return (style === 'plain' || style === 'flow') && !isString(scalar.text) ? null : style;
}
