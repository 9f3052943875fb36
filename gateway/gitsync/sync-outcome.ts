/** What an attempt to make a snapshot of the sources came to. */
import type { Problem, Snapshot } from '../snapshot.ts';
import type { ComposedBuild } from './composed-build.ts';
import { PROBLEM_CODES, type ProblemCode } from './problem.ts';

export type GoodOutcome = Omit<ComposedBuild, 'snapshot'> & {
  readonly kind: 'good';
  readonly snapshot: Snapshot;
  readonly observed: string;
};

export type Outcome =
  | GoodOutcome
  | { readonly kind: 'unchanged'; readonly observed: string }
  /** The sources have moved on, but what can serve of them serves already. */
  | { readonly kind: 'same'; readonly observed: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'rejected'; readonly revision: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'unreadable'; readonly problems: readonly Problem[] };

/** Whether a problem may vanish by itself, so that the same commit is worth another try. */
export function isTransient({ code }: Problem): boolean {
  return Object.hasOwn(PROBLEM_CODES, code) && PROBLEM_CODES[code as ProblemCode].remedy === 'retry';
}
