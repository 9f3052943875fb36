/**
 * What runs in a worker thread: the entry points that the pool calls by name. It keeps the compiled revisions, by digest, and is
 * the only file of workers/ that looks at a clock, to say how long its work took. Answers are data: nothing is thrown.
 */
import { LRUCache } from 'lru-cache';
import { batchEntry } from './batch.ts';
import { compileRevision } from './inject/compile.ts';
import { injectReview, NO_REVISION } from './inject/inject.ts';
import { type CompiledRevision, CompileError, type CompileProblem } from './inject/provider.ts';
import type { CompiledPolicies } from './policy/policy-set.ts';
import type { PolicySetSource } from './policy/policy-source.ts';
import type { CompileSource, InjectTask, RevisionSource, WarmReply, WorkerReply } from './protocol.ts';

/** Revisions that one worker keeps compiled; more than that are compiled again when they come back. */
const REVISION_LIMIT = 256;
/** What their texts may have together, in UTF-16 units: compiled, Istio's take about 25 times as much of the worker's heap. */
const TEXT_LIMIT = 13_000_000;

/** Sets of pod policies that one worker keeps: the one that serves, and those of requests that began before it came. */
const POLICY_SET_LIMIT = 3;

const compiled = new LRUCache<string, CompiledRevision>({ max: REVISION_LIMIT, maxSize: TEXT_LIMIT });
const policies = new LRUCache<string, CompiledPolicies>({ max: POLICY_SET_LIMIT });

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

/** Compiles revisions and policies ahead of the requests that will need them, the first ones where there are more than it keeps. */
export async function warm(sources: readonly CompileSource[]): Promise<WarmReply[]> {
  const replies: WarmReply[] = [];
  for (const [index, source] of sources.entries()) {
    const { digest } = source;
    if (index >= REVISION_LIMIT || compiled.has(digest) || policies.has(digest)) {
      replies.push({ digest, ok: true, compileMs: 0 });
      continue;
    }
    const start = performance.now();
    const problems = await compile(source, true);
    const ok = problems.every(({ severity }) => severity === 'warning');
    replies.push({ digest, ok, compileMs: performance.now() - start });
  }
  return replies;
}

/** Which of these are not compiled here. The others count as used, so that they stay. */
export function missing(digests: readonly string[]): string[] {
  return digests.filter((digest) => compiled.get(digest) === undefined && policies.get(digest) === undefined);
}

/** Compiles a revision or a set of policies and returns everything that is wrong with it; warnings alone do not keep it from serving. */
export function check(source: CompileSource): Promise<readonly CompileProblem[]> {
  return compile(source, false);
}

/** `kept`: it is going to serve here. */
async function compile(source: CompileSource, kept: boolean): Promise<readonly CompileProblem[]> {
  try {
    if ('policies' in source) return await compilePolicies(source, kept);
    const revision = compileRevision(source);
    if (kept) keep(source, revision);
    return revision.warnings;
  } catch (error) {
    if (error instanceof CompileError) return error.problems;
    return [{ code: 'INTERNAL', message: messageOf(error), field: '' }];
  }
}

/** Policies, and CEL with them, are loaded when there are any: a gateway without them starts without. */
async function compilePolicies(source: PolicySetSource, kept: boolean): Promise<readonly CompileProblem[]> {
  const { CompiledPolicies } = await import('./policy/policy-set.ts');
  const made = new CompiledPolicies(source);
  if (kept) policies.set(source.digest, made);
  return made.warnings;
}

function lookUp(digest: string): CompiledRevision | undefined {
  return compiled.get(digest);
}

/** Injects one review. Never throws. */
export function injectOne(task: InjectTask): WorkerReply {
  const start = performance.now();
  let compileMs = 0;
  try {
    if (task.source !== undefined && task.revision !== NO_REVISION && !compiled.has(task.revision)) {
      keep(task.source, compileRevision(task.source));
      compileMs = performance.now() - start;
    }
    const known = task.policies === undefined ? null : policies.get(task.policies);
    if (known === undefined) return failure('POLICIES_UNKNOWN', 'this worker does not have the policies');
    if (task.revision !== NO_REVISION && !compiled.has(task.revision))
      return failure('REVISION_UNKNOWN', 'this worker does not have the revision');
    const { outcome, body, reusable, revisionAsked } = injectReview(
      task,
      lookUp,
      known?.forName(task.policyName) ?? null,
    );
    return {
      ok: true,
      result: {
        outcome,
        body,
        ...(reusable === true ? { reusable } : {}),
        ...(revisionAsked === undefined ? {} : { revisionAsked }),
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
