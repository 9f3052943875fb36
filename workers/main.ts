/**
 * What runs in a worker thread: the entry points that the pool calls by name. It keeps the compiled revisions, by digest, and is
 * the only file of workers/ that looks at a clock, to say how long its work took. Answers are data: nothing is thrown.
 */
import { LRUCache } from 'lru-cache';
import { batchEntry } from './batch.ts';
import { collectAllGarbage } from './garbage.ts';
import { compileRevision } from './inject/compile.ts';
import { injectReview, NO_REVISION } from './inject/inject.ts';
import { type CompiledRevision, CompileError, type CompileProblem } from './inject/provider.ts';
import { KnownRevisions } from './known-revisions.ts';
import { type ToldRevision, type ToldSource, unpackRevision } from './packed-revision.ts';
import type { CompiledPolicies } from './policy/policy-set.ts';
import type { PolicySetSource } from './policy/policy-source.ts';
import type { CompileSource, InjectTask, RevisionName, WarmReply, WorkerReply } from './protocol.ts';

/** Revisions that are compiled in one go; the others are compiled by the requests that come for them. */
const WARM_LIMIT = 256;
/** Sets of pod policies that one worker keeps: the one that serves, and those of requests that began before it came. */
const POLICY_SET_LIMIT = 3;

const revisions = new KnownRevisions();
const policies = new LRUCache<string, CompiledPolicies>({ max: POLICY_SET_LIMIT });

/** Injects the batches that come through the pool's port. A fault in one task does not touch the others. */
export const serve = batchEntry(injectOne);

/** Compiles revisions and policies ahead of the requests that will need them, the first ones where there are more than it keeps. */
export async function warm(sources: readonly ToldSource[]): Promise<WarmReply[]> {
  const replies: WarmReply[] = [];
  for (const [index, source] of sources.entries()) {
    const { digest } = source;
    if (index >= WARM_LIMIT || revisions.has(digest) || policies.has(digest)) {
      replies.push({ digest, ok: true, compileMs: 0 });
      continue;
    }
    replies.push(await timed(digest, () => keep('policies' in source ? source : unpackRevision(source))));
  }
  return replies;
}

/** Collects what starting and compiling left behind, before there are requests. */
export const settle = collectAllGarbage;

/** Which of these policies are not known here. The others count as used, so that they stay. */
export function missing(digests: readonly string[]): string[] {
  return digests.filter((digest) => policies.get(digest) === undefined);
}

/**
 * Takes the names of a snapshot's revisions. Returns the digests of those that take the place of one that requests asked for since this was
 * last called: compiled by `prepare` and tried by `rehearse`, they cost the next such request no more than their predecessor did. Any
 * other one is compiled by the first request, which brings its texts. Revisions that neither this snapshot nor the last has are forgotten.
 */
export function adopt(names: readonly RevisionName[]): string[] {
  return revisions.adopt(names);
}

/** Forgets what only requests of the last snapshot ask for: to be called when they have been answered. One that comes late is told anew. */
export function retire(): Promise<void> {
  revisions.retire();
  return rest();
}

/**
 * Has the thread's event loop turn once. Between batches it does not: piscina waits for the next one within the job of the last. What a WeakRef
 * was made for or asked for is kept to the end of the job (so ECMAScript has it), which is for good, and tasks that V8 posts itself wait as long.
 */
export function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Compiles a revision that has been checked. */
export function prepare(told: ToldRevision): Promise<WarmReply> {
  return timed(told.digest, () => revisions.compile(unpackRevision(told)).warnings);
}

/** Injects a review of the revision's predecessor once more, and forgets the answer: what is compiled by rendering is compiled now. */
export function rehearse(digest: string): void {
  const task = revisions.rehearsal(digest);
  if (task === undefined) return;
  const known = task.policies === undefined ? null : policies.get(task.policies);
  injectReview(task, lookUp, known?.forName(task.policyName) ?? null);
}

async function timed(
  digest: string,
  work: () => readonly CompileProblem[] | Promise<readonly CompileProblem[]>,
): Promise<WarmReply> {
  const start = performance.now();
  const problems = await listed(work);
  const ok = problems.every(({ severity }) => severity === 'warning');
  return { digest, ok, compileMs: performance.now() - start };
}

/** Compiles a revision or a set of policies and returns everything that is wrong with it; warnings alone do not keep it from serving. */
export function check(source: CompileSource): Promise<readonly CompileProblem[]> {
  return listed(async () => {
    if ('policies' in source) return (await compilePolicies(source)).warnings;
    return compileRevision(source).warnings;
  });
}

/** Compiles what is going to serve here. */
async function keep(source: CompileSource): Promise<readonly CompileProblem[]> {
  if (!('policies' in source)) return revisions.compile(source).warnings;
  const made = await compilePolicies(source);
  policies.set(source.digest, made);
  return made.warnings;
}

/** What is thrown, as problems. */
async function listed(
  work: () => readonly CompileProblem[] | Promise<readonly CompileProblem[]>,
): Promise<readonly CompileProblem[]> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CompileError) return error.problems;
    return [{ code: 'INTERNAL', message: messageOf(error), field: '' }];
  }
}

/** Policies, and CEL with them, are loaded when there are any: a gateway without them starts without. */
async function compilePolicies(source: PolicySetSource): Promise<CompiledPolicies> {
  const { CompiledPolicies } = await import('./policy/policy-set.ts');
  return new CompiledPolicies(source);
}

function lookUp(digest: string): CompiledRevision | undefined {
  return revisions.get(digest);
}

/** Injects one review. Never throws. */
export function injectOne(task: InjectTask): WorkerReply {
  const start = performance.now();
  let compileMs = 0;
  try {
    if (task.source !== undefined && !revisions.has(task.revision)) {
      revisions.compile(unpackRevision(task.source));
      compileMs = performance.now() - start;
    }
    const known = task.policies === undefined ? null : policies.get(task.policies);
    if (known === undefined) return failure('POLICIES_UNKNOWN', 'this worker does not have the policies');
    const revision = task.revision === NO_REVISION ? null : revisions.get(task.revision);
    if (revision === undefined) return failure('REVISION_UNKNOWN', 'this worker does not have the revision');
    if (revision !== null) revisions.asked(task, revision.source);
    const answer = injectReview(task, lookUp, known?.forName(task.policyName) ?? null);
    if (answer.misread === true) return failure('REVIEW_MISREAD', 'the review is not what its beginning says');
    const { outcome, body, reusable, revisionAsked } = answer;
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
