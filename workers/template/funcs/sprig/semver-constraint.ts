/**
 * Version constraints of Masterminds/semver v3.3: `>=1.2 <2 || ~3.1`, wildcards, hyphen ranges.
 *
 * A prerelease satisfies only constraints that name a prerelease themselves.
 */
import { FuncError } from '../../func.ts';
import type { Version } from './semver-version.ts';
import { comparePrereleases, compareVersions, parseVersion } from './semver-version.ts';

/** What of a constraint's version is left open: `*`, `1.x`, `1.2.x`, or nothing. */
type Open = 'all' | 'minor' | 'patch' | 'none';

interface Constraint {
  readonly operator: string;
  readonly version: Version;
  readonly open: Open;
}

/** Alternatives of conjunctions. */
export type Constraints = readonly (readonly Constraint[])[];

/** Longer constraints are refused: their hyphen ranges take quadratic time to find. */
const MAX_CONSTRAINT_LENGTH = 4_096;

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const VERSION = `v?[0-9|xX*]+(?:\\.[0-9|xX*]+)?(?:\\.[0-9|xX*]+)?(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?`;
const SPACE = '[\\t\\n\\f\\r ]';
const HYPHEN_RANGE = new RegExp(`${SPACE}*(${VERSION})${SPACE}+-${SPACE}+(${VERSION})${SPACE}*`, 'g');
const OPERATOR = /[=!<>~^]*/y;
const SPACES = /[\t\n\f\r ]*/y;
const VERSION_AT = new RegExp(
  `(v?)([0-9|xX*]+)(\\.[0-9|xX*]+)?(\\.[0-9|xX*]+)?(-${IDENTIFIERS})?(\\+${IDENTIFIERS})?`,
  'y',
);
const OPERATORS: ReadonlySet<string> = new Set(['', '=', '!=', '>', '<', '>=', '=>', '<=', '=<', '~', '~>', '^']);

function improper(constraint: string): FuncError {
  return new FuncError(`improper constraint: ${constraint}`);
}

/** `1.2 - 1.4.5` to `>= 1.2, <= 1.4.5 `. */
function rewriteHyphenRanges(constraint: string): string {
  let rewritten = constraint;
  for (const [range, low, high] of constraint.matchAll(HYPHEN_RANGE)) {
    rewritten = rewritten.replace(range, () => `>= ${low}, <= ${high} `);
  }
  return rewritten;
}

function isWild(part: string | undefined): boolean {
  return part === undefined || /^\.?[xX*]$/.test(part);
}

function makeConstraint(operator: string, match: RegExpExecArray): Constraint {
  const [written, , major, minor, patch, pre = ''] = match;
  if (isWild(major)) return { operator, version: parsePart(`0.0.0${pre}`), open: 'all' };
  if (isWild(minor)) return { operator, version: parsePart(`${major}.0.0${pre}`), open: 'minor' };
  if (isWild(patch)) return { operator, version: parsePart(`${major}${minor}.0${pre}`), open: 'patch' };
  return { operator, version: parsePart(written), open: 'none' };
}

function parsePart(version: string): Version {
  try {
    return parseVersion(version);
  } catch {
    throw new FuncError('constraint Parser Error');
  }
}

function parseConjunction(source: string): Constraint[] {
  const constraints: Constraint[] = [];
  let index = 0;
  const read = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = index;
    const match = pattern.exec(source);
    index += match?.[0].length ?? 0;
    return match;
  };
  let separated = true;
  for (;;) {
    read(SPACES);
    const operator = read(OPERATOR)?.[0] ?? '';
    read(SPACES);
    const version = read(VERSION_AT);
    if (!separated || version === null || !OPERATORS.has(operator)) throw improper(source);
    constraints.push(makeConstraint(operator, version));
    const end = index;
    read(SPACES);
    if (source[index] === ',') {
      index++;
      separated = true;
      continue;
    }
    separated = index > end;
    if (index === source.length) return constraints;
  }
}

/** semver.NewConstraint. Throws FuncError. */
export function parseConstraint(written: string): Constraints {
  if (written.length > MAX_CONSTRAINT_LENGTH) throw improper(written.slice(0, 80));
  return rewriteHyphenRanges(written).split('||').map(parseConjunction);
}

function notEqual(version: Version, { version: wanted, open }: Constraint): boolean {
  if (open === 'none') return compareVersions(version, wanted) !== 0;
  if (version.pre !== '' && wanted.pre === '') return false;
  if (version.major !== wanted.major) return true;
  if (open === 'minor') return false;
  if (version.minor !== wanted.minor) return true;
  if (open === 'all') return version.patch !== wanted.patch || compareVersions(version, wanted) !== 0;
  return (version.pre !== '' || wanted.pre !== '') && comparePrereleases(version.pre, wanted.pre) !== 0;
}

function greater(version: Version, { version: wanted, open }: Constraint): boolean {
  if (open === 'none' || open === 'all') return compareVersions(version, wanted) > 0;
  if (version.major !== wanted.major) return version.major > wanted.major;
  return open === 'patch' && version.minor > wanted.minor;
}

function lessOrEqual(version: Version, { version: wanted, open }: Constraint): boolean {
  if (open === 'none') return compareVersions(version, wanted) <= 0;
  if (version.major !== wanted.major) return version.major < wanted.major;
  return open === 'minor' || version.minor <= wanted.minor;
}

function tilde(version: Version, { version: wanted, open }: Constraint): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  const isZero = wanted.major === 0n && wanted.minor === 0n && wanted.patch === 0n;
  if (isZero && open !== 'minor' && open !== 'patch') return true;
  return version.major === wanted.major && (version.minor === wanted.minor || open === 'minor');
}

function caret(version: Version, { version: wanted, open }: Constraint): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  if (version.major !== wanted.major) return false;
  if (wanted.major > 0n || open === 'minor') return true;
  if (version.minor !== wanted.minor) return false;
  return wanted.minor > 0n || open === 'patch' || version.patch === wanted.patch;
}

function holds(version: Version, constraint: Constraint): boolean {
  const { operator, version: wanted, open } = constraint;
  if (operator === '!=') return notEqual(version, constraint);
  if (version.pre !== '' && wanted.pre === '') return false;
  switch (operator) {
    case '>':
      return greater(version, constraint);
    case '<':
      return compareVersions(version, wanted) < 0;
    case '>=':
    case '=>':
      return compareVersions(version, wanted) >= 0;
    case '<=':
    case '=<':
      return lessOrEqual(version, constraint);
    case '~':
    case '~>':
      return tilde(version, constraint);
    case '^':
      return caret(version, constraint);
    default:
      return open === 'none' ? compareVersions(version, wanted) === 0 : tilde(version, constraint);
  }
}

/** Whether a version satisfies one of the alternatives. */
export function satisfies(version: Version, constraints: Constraints): boolean {
  return constraints.some((all) => all.every((constraint) => holds(version, constraint)));
}
