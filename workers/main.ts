/**
 * What runs in a worker thread: the entry points that the pool calls by name. It keeps the compiled revisions, by digest, and is
 * the only file of workers/ that looks at a clock, to say how long its work took. Answers are data: nothing is thrown.
 */
import { LRUCache } from 'lru-cache';
import { compileRevision } from './inject/compile.ts';
import { injectReview, NO_REVISION } from './inject/inject.ts';
import { type CompiledRevision, CompileError, type CompileProblem } from './inject/provider.ts';
import type { CompiledPolicies } from './policy/policy-set.ts';
import type { PolicySetSource } from './policy/policy-source.ts';
import type { CompileSource, InjectTask, WarmReply, WorkerReply } from './protocol.ts';

/** Revisions that one worker keeps compiled; more than that are compiled again when they come back. */
const REVISION_LIMIT = 64;

/** Sets of pod policies that one worker keeps: the one that serves, and those of requests that began before it came. */
const POLICY_SET_LIMIT = 3;

const compiled = new LRUCache<string, CompiledRevision>({ max: REVISION_LIMIT });
const policies = new LRUCache<string, CompiledPolicies>({ max: POLICY_SET_LIMIT });

/** Injects a batch; reply i answers task i. A fault in one task does not touch the others. */
export function inject(tasks: readonly InjectTask[]): WorkerReply[] | Promise<WorkerReply[]> {
  const { policySource } = tasks.find((task) => task.policySource !== undefined) ?? {};
  if (policySource === undefined || policies.has(policySource.digest)) return tasks.map(injectOne);
  return check(policySource).then(() => tasks.map(injectOne));
}

/** Compiles revisions and policies ahead of the requests that will need them. */
export async function warm(sources: readonly CompileSource[]): Promise<WarmReply[]> {
  const replies: WarmReply[] = [];
  for (const source of sources) {
    if (compiled.has(source.digest) || policies.has(source.digest)) {
      replies.push({ digest: source.digest, ok: true, compileMs: 0 });
      continue;
    }
    const start = performance.now();
    const problems = await check(source);
    const ok = problems.every(({ severity }) => severity === 'warning');
    replies.push({ digest: source.digest, ok, compileMs: performance.now() - start });
  }
  return replies;
}

/** Compiles one revision or set of policies, keeps it, and returns everything that is wrong with it; warnings alone do not keep it from serving. */
export async function check(source: CompileSource): Promise<readonly CompileProblem[]> {
  try {
    if ('policies' in source) return await compilePolicies(source);
    const revision = compileRevision(source);
    compiled.set(source.digest, revision);
    return revision.warnings;
  } catch (error) {
    if (error instanceof CompileError) return error.problems;
    return [{ code: 'INTERNAL', message: messageOf(error), field: '' }];
  }
}

/** Policies, and CEL with them, are loaded when there are any: a gateway without them starts without. */
async function compilePolicies(source: PolicySetSource): Promise<readonly CompileProblem[]> {
  const { CompiledPolicies } = await import('./policy/policy-set.ts');
  const made = new CompiledPolicies(source);
  policies.set(source.digest, made);
  return made.warnings;
}

function lookUp(digest: string): CompiledRevision | undefined {
  return compiled.get(digest);
}

function injectOne(task: InjectTask): WorkerReply {
  const start = performance.now();
  let compileMs = 0;
  try {
    if (task.source !== undefined && task.revision !== NO_REVISION && !compiled.has(task.revision)) {
      compiled.set(task.revision, compileRevision(task.source));
      compileMs = performance.now() - start;
    }
    const known = task.policies === undefined ? null : policies.get(task.policies);
    if (known === undefined) return failure('REVISION_UNKNOWN', 'this worker does not have the policies');
    if (task.revision !== NO_REVISION && !compiled.has(task.revision))
      return failure('REVISION_UNKNOWN', 'this worker does not have the revision');
    const { outcome, body, reusable } = injectReview(task, lookUp, known?.forName(task.policyName) ?? null);
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
