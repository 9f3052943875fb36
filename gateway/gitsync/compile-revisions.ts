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

/** Tries revisions as they are found, a few at a time, while further ones are still being resolved. */
export class RevisionCompiler {
  readonly #compile: CompileRevision;
  readonly #signal: AbortSignal;
  /** Results of earlier attempts, by digest. */
  readonly #before: ReadonlyMap<string, readonly CompileProblem[]>;
  readonly #kept = new Map<string, readonly CompileProblem[]>();
  readonly #problems: Problem[] = [];
  readonly #waiting: ResolvedRevision[] = [];
  readonly #lanes = new Set<Promise<void>>();
  #compiledCount = 0;

  constructor(
    before: ReadonlyMap<string, readonly CompileProblem[]>,
    { compile, signal }: { readonly compile: CompileRevision; readonly signal: AbortSignal },
  ) {
    this.#before = before;
    this.#compile = compile;
    this.#signal = signal;
  }

  add(revision: ResolvedRevision): void {
    const { digest } = revision.source;
    const known = this.#before.get(digest);
    if (known !== undefined) {
      this.#kept.set(digest, known);
      return;
    }
    this.#compiledCount += 1;
    this.#waiting.push(revision);
    if (this.#lanes.size >= COMPILE_CONCURRENCY) return;
    const lane = this.#lane().finally(() => this.#lanes.delete(lane));
    this.#lanes.add(lane);
  }

  /** Resolves when all that were added have been tried. Rejects only when the signal says so. */
  async finish(revisions: readonly ResolvedRevision[]): Promise<CompiledRevisions> {
    await Promise.all(this.#lanes);
    this.#signal.throwIfAborted();
    const problems = [...this.#problems];
    for (const revision of revisions) {
      for (const found of this.#kept.get(revision.source.digest) ?? []) {
        problems.push(placeCompileProblem(revision, found));
      }
    }
    return { problems, cache: this.#kept, compiledCount: this.#compiledCount };
  }

  /** Never rejects: whoever finishes looks at the signal. */
  async #lane(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#signal.aborted) return;
      const { source } = next;
      try {
        this.#kept.set(source.digest, await this.#compile(source));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#problems.push(
          problem('COMPILE_FAILED', '', `revision ${source.name} of mesh ${source.mesh} could not be compiled: ${why}`),
        );
      }
    }
  }
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
