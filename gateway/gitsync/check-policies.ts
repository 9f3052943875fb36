/** Step compile, for pod policies: whether the set can be compiled, tried once for each digest. */
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type { Problem } from '../snapshot.ts';
import type { CompileRevision } from './compile-revisions.ts';
import type { ResolvedPolicies } from './pod-policies.ts';
import { problem } from './problem.ts';

/** `before` holds the results of earlier attempts by digest. */
export async function checkPolicies(
  { source, place }: ResolvedPolicies,
  before: ReadonlyMap<string, readonly CompileProblem[]>,
  { compile, signal }: { readonly compile: CompileRevision; readonly signal: AbortSignal },
): Promise<{ readonly problems: readonly Problem[]; readonly cache: ReadonlyMap<string, readonly CompileProblem[]> }> {
  if (source === null) return { problems: [], cache: new Map() };
  signal.throwIfAborted();
  try {
    const found = before.get(source.digest) ?? (await compile(source));
    return { problems: found.map(place), cache: new Map([[source.digest, found]]) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      problems: [problem('COMPILE_FAILED', '', `the pod policies could not be compiled: ${why}`)],
      cache: new Map(),
    };
  }
}
