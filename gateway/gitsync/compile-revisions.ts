/** Step compile: whether each revision can be compiled, tried once for each digest. */
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type { CompileSource } from '../../workers/protocol.ts';
import type { Problem } from '../snapshot.ts';
import { COMPILE_CONCURRENCY } from './limits.ts';
import { problem } from './problem.ts';
import type { ResolvedRevision } from './revision-source.ts';

/** Compiles one revision to see whether it can be: no errors when it can, warnings perhaps. Rejects when it could not be tried. */
export type CompileRevision = (source: CompileSource) => Promise<readonly CompileProblem[]>;

export interface CompiledRevisions {
  readonly problems: readonly Problem[];
  readonly cache: ReadonlyMap<string, readonly CompileProblem[]>;
  readonly compiledCount: number;
}

/** `before` holds the results of earlier attempts by digest. Rejects only when the signal says so. */
export async function compileRevisions(
  revisions: readonly ResolvedRevision[],
  before: ReadonlyMap<string, readonly CompileProblem[]>,
  { compile, signal }: { readonly compile: CompileRevision; readonly signal: AbortSignal },
): Promise<CompiledRevisions> {
  const kept = new Map<string, readonly CompileProblem[]>();
  const problems: Problem[] = [];
  const waiting: ResolvedRevision[] = [];
  for (const revision of revisions) {
    const known = before.get(revision.source.digest);
    if (known === undefined) waiting.push(revision);
    else kept.set(revision.source.digest, known);
  }
  const compiledCount = waiting.length;
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      signal.throwIfAborted();
      const { source } = next;
      try {
        kept.set(source.digest, await compile(source));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        problems.push(
          problem('COMPILE_FAILED', '', `revision ${source.name} of mesh ${source.mesh} could not be compiled: ${why}`),
        );
      }
    }
  };
  await Promise.all(Array.from({ length: COMPILE_CONCURRENCY }, lane));
  for (const revision of revisions) {
    for (const found of kept.get(revision.source.digest) ?? []) problems.push(placeCompileProblem(revision, found));
  }
  return { problems, cache: kept, compiledCount };
}

/** A compiler's problem, where its text stands in the source; one about no text of its own is told by its field's name. */
function placeCompileProblem({ source, texts }: ResolvedRevision, found: CompileProblem): Problem {
  const text = texts.get(found.field) ?? texts.values().next().value;
  const own = texts.has(found.field);
  const within = found.line === undefined ? null : { line: found.line, column: found.column ?? 1 };
  const position = own ? (text?.place(within) ?? null) : null;
  const message = `revision ${source.name} of mesh ${source.mesh}, ${found.field}: ${found.message}`;
  const base = { code: found.code, severity: found.severity ?? 'error', message, file: text?.file ?? '' } as const;
  return position === null ? base : { ...base, line: position.line, column: position.column };
}
