/**
 * Versions as Masterminds/semver v3.3 reads, writes and orders them.
 */
import { FuncError } from '../../func.ts';

export interface Version {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** Without the `-`; "" for a release. */
  readonly pre: string;
  /** Without the `+`. */
  readonly metadata: string;
  /** As it was written. */
  readonly original: string;
}

const IDENTIFIERS = '([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)';
const VERSION = new RegExp(`^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?$`);
const LEADING_ZERO = /^0[0-9]+$/;
const NUMERIC = /^[0-9]+$/;
const MAX_UINT64 = 2n ** 64n - 1n;

function segment(digits: string | undefined): bigint {
  const value = BigInt(digits ?? '0');
  if (value > MAX_UINT64) throw new FuncError('Error parsing version segment: value out of range');
  return value;
}

/** Throws FuncError for a prerelease that semver does not allow. */
export function checkPrerelease(pre: string): void {
  for (const part of pre.split('.')) {
    if (LEADING_ZERO.test(part)) throw new FuncError('Version segment starts with 0');
    if (!/^[0-9A-Za-z-]*$/.test(part)) throw new FuncError('Invalid Prerelease string');
  }
}

/** semver.NewVersion: lenient, `v1`, `1.2` and zeros in front are fine. Throws FuncError. */
export function parseVersion(written: string): Version {
  const match = VERSION.exec(written);
  if (match === null) throw new FuncError('Invalid Semantic Version');
  const [, major, minor, patch, pre = '', metadata = ''] = match;
  checkPrerelease(pre);
  return { major: segment(major), minor: segment(minor), patch: segment(patch), pre, metadata, original: written };
}

/** The canonical form, without the `v`. */
export function formatVersion({ major, minor, patch, pre, metadata }: Version): string {
  return `${major}.${minor}.${patch}${pre === '' ? '' : `-${pre}`}${metadata === '' ? '' : `+${metadata}`}`;
}

function compare<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A prerelease identifier that counts as a number. */
function numeric(part: string): bigint | null {
  const value = NUMERIC.test(part) ? BigInt(part) : null;
  return value !== null && value <= MAX_UINT64 ? value : null;
}

function compareIdentifiers(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? -1 : 1;
  const left = numeric(a);
  const right = numeric(b);
  if (left !== null && right !== null) return left > right ? 1 : -1;
  if (left !== null) return -1;
  return right !== null ? 1 : compare(a, b);
}

/** Numbers before words, numbers by value, words by their bytes, fewer parts first. */
export function comparePrereleases(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareIdentifiers(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** Order of two versions: -1, 0 or 1. Metadata does not count; a prerelease comes before its release. */
export function compareVersions(a: Version, b: Version): number {
  const order = compare(a.major, b.major) || compare(a.minor, b.minor) || compare(a.patch, b.patch);
  if (order !== 0) return order;
  if (a.pre === '' || b.pre === '') return a.pre === b.pre ? 0 : a.pre === '' ? 1 : -1;
  return comparePrereleases(a.pre, b.pre);
}
