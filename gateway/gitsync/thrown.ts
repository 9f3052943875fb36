/** What to report of whatever a step threw. */
import type { Problem } from '../snapshot.ts';
import { redactUrls } from './location.ts';
import { orderProblems, problem, SourceError } from './problem.ts';

/** At least one problem, without credentials. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof SourceError) return orderProblems(error.problems);
  return [problem('SOURCE_FAILED', '', textOf(error))];
}

/** An error's message without credentials. */
export function textOf(error: unknown): string {
  return redactUrls(error instanceof Error ? error.message : String(error));
}
