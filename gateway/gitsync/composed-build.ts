/**
 * Builds one snapshot of all sources. Where the newest commit of one is wrong, its last good one takes its place, so that a bad commit of
 * one team keeps nobody else's from serving. A commit is also wrong that breaks a source which has not changed (docs/adr/0025).
 */
import type { Problem } from '../snapshot.ts';
import { type Build, type BuildCache, type BuildOptions, buildSnapshot } from './build.ts';
import { composeTrees } from './compose.ts';
import { MAX_FALLBACK_ROUNDS, MAX_SUSPECTS } from './limits.ts';
import { orderProblems } from './problem.ts';
import type { SourceMember } from './source-member.ts';
import { isTransient } from './sync-outcome.ts';
import type { SourceTree } from './tree.ts';

export interface ComposedBuild extends Pick<Build, 'snapshot' | 'problems' | 'cache' | 'work'> {
  /** What the snapshot was made from. */
  readonly trees: Trees;
}

type Trees = ReadonlyMap<SourceMember, SourceTree>;

/** One build of certain trees. */
interface Attempt extends Pick<Build, 'snapshot' | 'problems'> {
  readonly trees: Trees;
  /** Why sources are not there with their newest commits. */
  readonly blamed: ReadonlyMap<SourceMember, readonly Problem[]>;
}

/** Null when a source can not be read, which its `problems` tell; each one's `rejected` is told anew. */
export async function buildComposed(
  members: readonly SourceMember[],
  cache: BuildCache,
  options: BuildOptions,
): Promise<ComposedBuild | null> {
  const newest = await newestTrees(members, options.signal);
  if (newest === null) return null;
  const builder = new Builder(cache, options);
  const first = await builder.build(newest, new Map());
  let attempt = first;
  for (let round = 0; round < MAX_FALLBACK_ROUNDS && attempt.snapshot === null; round += 1) {
    const next = await withoutWrong(attempt, builder, options.signal);
    if (next === null) break;
    attempt = next;
  }
  if (attempt.snapshot === null) attempt = (await withoutCulprit(newest, attempt, builder, options.signal)) ?? attempt;
  const done = { cache: builder.cache, work: builder.work, trees: attempt.trees };
  if (attempt.snapshot === null) {
    // What is wrong with the newest commits is what their authors want to know.
    layToSomeone(newest, first.problems);
    return { ...done, snapshot: null, problems: first.problems };
  }
  for (const [member, problems] of attempt.blamed) {
    member.rejected = { revision: newest.get(member)?.revision ?? '', problems };
  }
  for (const member of members) {
    member.failingTests = ownErrors(member, attempt.problems, 'warning').filter(({ code }) => code === 'TEST_FAILED');
  }
  return { ...done, snapshot: attempt.snapshot, problems: attempt.problems };
}

/** The newest of each source that can be had; null when there is one of which nothing can. */
async function newestTrees(members: readonly SourceMember[], signal: AbortSignal): Promise<Trees | null> {
  const trees = new Map<SourceMember, SourceTree>();
  for (const member of members) {
    member.rejected = null;
    const tree = (await member.load(signal)) ?? (members.length > 1 ? member.good : null);
    if (tree === null) return null;
    // After a restart it is not known yet what served.
    if (member.spec.tests === 'Report') await member.lastGood(signal);
    trees.set(member, tree);
  }
  return trees;
}

class Builder {
  readonly #options: BuildOptions;
  cache: BuildCache;
  work = { parsedFiles: 0, compiledRevisions: 0 };

  constructor(cache: BuildCache, options: BuildOptions) {
    this.cache = cache;
    this.#options = options;
  }

  async build(trees: Trees, blamed: Attempt['blamed']): Promise<Attempt> {
    const parts = [...trees].map(([{ spec }, tree]) => ({ name: spec.name, tree, allow: spec.allow }));
    const { snapshot, problems, cache, work } = await buildSnapshot(composeTrees(parts), this.cache, this.#with(trees));
    this.cache = cache;
    this.work = {
      parsedFiles: this.work.parsedFiles + work.parsedFiles,
      compiledRevisions: this.work.compiledRevisions + work.compiledRevisions,
    };
    return { trees, blamed, snapshot, problems: orderProblems(problems) };
  }

  /** Tests that are only to be reported do not keep a snapshot from serving. */
  #with(trees: Trees): BuildOptions {
    const { test, ...options } = this.#options;
    if (test === undefined) return options;
    return {
      ...options,
      test: async (...task) => (await test(...task)).map((each) => (isReported(each, trees) ? warned(each) : each)),
    };
  }
}

/** Whether a test that fails is one of a source that serves as it is, and is to report such tests. */
function isReported({ file }: Problem, trees: Trees): boolean {
  const member = [...trees.keys()].find(({ spec }) => file.startsWith(`${spec.name}/`));
  return member?.spec.tests === 'Report' && member.good?.revision === trees.get(member)?.revision;
}

function warned(each: Problem): Problem {
  return { ...each, severity: 'warning' };
}

/** With the last good tree in the place of each newest one that has problems in its own files; null when none can be replaced. */
async function withoutWrong(
  { trees, blamed, problems }: Attempt,
  builder: Builder,
  signal: AbortSignal,
): Promise<Attempt | null> {
  if (trees.size === 1) return null;
  const next = new Map(trees);
  const wrong = new Map(blamed);
  for (const [member, tree] of trees) {
    const own = ownErrors(member, problems, 'error');
    const good = own.length === 0 ? null : await member.lastGood(signal);
    if (good === null || good.revision === tree.revision) continue;
    if (!wrong.has(member)) wrong.set(member, own);
    next.set(member, good);
  }
  return wrong.size === blamed.size ? null : builder.build(next, wrong);
}

function ownErrors({ spec }: SourceMember, problems: readonly Problem[], of: Problem['severity']): readonly Problem[] {
  return problems.filter(({ severity, file }) => severity === of && file.startsWith(`${spec.name}/`));
}

/**
 * Where a source fails that has no new commit, the new commits of others are to blame: each alone, else all of them, are left out. What is
 * left may be what serves already. Null when nothing good comes of it either.
 */
async function withoutCulprit(
  newest: Trees,
  failed: Attempt,
  builder: Builder,
  signal: AbortSignal,
): Promise<Attempt | null> {
  if (newest.size === 1 || failed.problems.some(isTransient)) return null;
  const moved: (readonly [SourceMember, SourceTree])[] = [];
  for (const [member, tree] of newest) {
    const good = await member.lastGood(signal);
    if (good !== null && good.revision !== tree.revision) moved.push([member, good]);
  }
  const suspects = moved.length > 1 && moved.length <= MAX_SUSPECTS ? [...moved.map((each) => [each]), moved] : [moved];
  const unblamed = { trees: newest, blamed: new Map<SourceMember, readonly Problem[]>() };
  const starts = failed.blamed.size === 0 ? [unblamed] : [unblamed, failed];
  for (const trial of moved.length === 0 ? [] : suspects) {
    for (const start of starts) {
      const blamed = new Map(start.blamed);
      for (const [member] of trial) if (!blamed.has(member)) blamed.set(member, brokenBy(member, failed.problems));
      const attempt = await builder.build(new Map([...start.trees, ...trial]), blamed);
      if (attempt.snapshot !== null) return attempt;
    }
  }
  return null;
}

/** Problems in others' files, as the author of the commit that makes them is told of them. */
function brokenBy({ spec }: SourceMember, problems: readonly Problem[]): readonly Problem[] {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map((each) => {
      const owner = each.file.split('/')[0] ?? '';
      return owner === spec.name || owner === ''
        ? each
        : { ...each, message: `breaks source ${owner}: ${each.message}` };
    });
}

/** Where nothing can serve, those are named whose files are wrong; problems that can not be told by their file are the base's. */
function layToSomeone(trees: Trees, problems: readonly Problem[]): void {
  for (const [member, { revision }] of trees) {
    const own = trees.size === 1 ? [] : ownErrors(member, problems, 'error');
    if (own.length > 0) member.rejected = { revision, problems: own };
  }
  const [first] = trees.keys();
  if (first === undefined || [...trees.keys()].some(({ rejected }) => rejected !== null)) return;
  first.rejected = { revision: first.latest?.revision ?? '', problems };
}
