/**
 * What runs in a worker thread: the entry points that the pool calls by name. It keeps the compiled revisions, by digest, and is
 * the only file of workers/ that looks at a clock, to say how long its work took. Answers are data: nothing is thrown.
 */
import { LRUCache } from 'lru-cache';
import { batchEntry } from './batch.ts';
import { compileRevision } from './inject/compile.ts';
import { injectReview } from './inject/inject.ts';
import { type CompiledRevision, CompileError, type CompileProblem } from './inject/provider.ts';
import type { InjectTask, RevisionSource, WarmReply, WorkerReply } from './protocol.ts';

/** Revisions that one worker keeps compiled; more than that are compiled again when they come back. */
const REVISION_LIMIT = 256;
/** What their texts may have together, in UTF-16 units: compiled, Istio's take about 25 times as much of the worker's heap. */
const TEXT_LIMIT = 13_000_000;

const compiled = new LRUCache<string, CompiledRevision>({ max: REVISION_LIMIT, maxSize: TEXT_LIMIT });

function keep(source: RevisionSource, revision: CompiledRevision): void {
  const texts = Object.values(source.spec).filter((text): text is string => typeof text === 'string');
  const size = Math.max(
    1,
    texts.reduce((sum, text) => sum + text.length, 0),
  );
  compiled.set(source.digest, revision, { size });
}

/** Injects a batch; reply i answers task i. A fault in one task does not touch the others. */
export const inject = batchEntry(injectOne);

/** Compiles revisions ahead of the requests that will need them, the first ones where there are more than it keeps. */
export function warm(sources: readonly RevisionSource[]): WarmReply[] {
  return sources.map((source, index) => {
    if (index >= REVISION_LIMIT || compiled.has(source.digest))
      return { digest: source.digest, ok: true, compileMs: 0 };
    const start = performance.now();
    const problems = check(source);
    const ok = problems.every(({ severity }) => severity === 'warning');
    return { digest: source.digest, ok, compileMs: performance.now() - start };
  });
}

/** Which of these revisions are not compiled here. The others count as used, so that they stay. */
export function missing(digests: readonly string[]): string[] {
  return digests.filter((digest) => compiled.get(digest) === undefined);
}

/** Compiles one revision, keeps it, and returns everything that is wrong with it; warnings alone do not keep it from serving. */
export function check(source: RevisionSource): readonly CompileProblem[] {
  try {
    const revision = compileRevision(source);
    keep(source, revision);
    return revision.warnings;
  } catch (error) {
    if (error instanceof CompileError) return error.problems;
    return [{ code: 'INTERNAL', message: messageOf(error), field: '' }];
  }
}

function lookUp(digest: string): CompiledRevision | undefined {
  return compiled.get(digest);
}

/** Injects one review. Never throws. */
export function injectOne(task: InjectTask): WorkerReply {
  const start = performance.now();
  let compileMs = 0;
  try {
    if (task.source !== undefined && !compiled.has(task.revision)) {
      keep(task.source, compileRevision(task.source));
      compileMs = performance.now() - start;
    }
    if (!compiled.has(task.revision)) return failure('REVISION_UNKNOWN', 'this worker does not have the revision');
    const { outcome, body, reusable } = injectReview(task, lookUp);
    return {
      ok: true,
      result: {
        outcome,
        body,
        ...(reusable === true ? { reusable } : {}),
        timing: { injectMs: performance.now() - start - compileMs, compileMs },
      },
    };
  } catch (error) {
    return failure('INTERNAL', messageOf(error));
  }
}

function failure(code: string, message: string): WorkerReply {
  return { ok: false, error: { code, message } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
