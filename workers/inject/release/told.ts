/** Which release a revision behaves as, and how that was told. */
import type { CompileProblem } from '../provider.ts';
import type { Place } from './switches.ts';

export interface RevisionRelease extends Place {
  /** In the provider's own words, e.g. `1.24.6` or `edge-25.10.7`. */
  readonly name: string;
  /** By the revision's own `release`, by its values, or not at all: then it is the newest known. */
  readonly told: 'release' | 'values' | 'unknown';
}

export interface ToldRelease {
  readonly release: RevisionRelease;
  /** Code RELEASE_UNKNOWN, severity warning: no release is told, or one that is not known. */
  readonly warnings: readonly CompileProblem[];
}

/** A name that says something, and what it means. */
export interface KnownName {
  readonly name: string;
  readonly place: Place;
  /** What is to be said about it where it is not a release that is known; it stands for the nearest that is. */
  readonly remark: string | null;
}

export function unknownRelease(field: string, message: string): CompileProblem {
  return { code: 'RELEASE_UNKNOWN', severity: 'warning', field, message };
}

/** The release that `known` stands for. `field`: the text that told it. */
export function toldBy(told: 'release' | 'values', field: string, { name, place, remark }: KnownName): ToldRelease {
  return {
    release: { name, line: place.line, patch: place.patch, told },
    warnings: remark === null ? [] : [unknownRelease(field, remark)],
  };
}
