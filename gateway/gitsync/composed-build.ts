/**
 * Builds one snapshot of all sources. Where the newest commit of one is wrong, its last good one takes its place, so that a bad commit of
 * one team keeps nobody else's from serving.
 */
import type { Problem } from '../snapshot.ts';
import { type Build, type BuildCache, type BuildOptions, buildSnapshot } from './build.ts';
import { composeTrees } from './compose.ts';
import { MAX_FALLBACK_ROUNDS } from './limits.ts';
import { orderProblems } from './problem.ts';
import type { SourceMember } from './source-member.ts';
import type { SourceTree } from './tree.ts';

export interface ComposedBuild extends Pick<Build, 'snapshot' | 'problems' | 'cache' | 'work'> {
  /** What the snapshot was made from. */
  readonly trees: ReadonlyMap<SourceMember, SourceTree>;
}

/** Null when a source can not be read, which its `problems` tell; each one's `rejected` is told anew. */
export async function buildComposed(
  members: readonly SourceMember[],
  cache: BuildCache,
  options: BuildOptions,
): Promise<ComposedBuild | null> {
  const trees = new Map<SourceMember, SourceTree>();
  for (const member of members) {
    member.rejected = null;
    const tree = (await member.load(options.signal)) ?? (members.length > 1 ? member.good : null);
    if (tree === null) return null;
    trees.set(member, tree);
  }
  let work = { parsedFiles: 0, compiledRevisions: 0 };
  let first: readonly Problem[] | null = null;
  for (let round = 0; ; round += 1) {
    const parts = [...trees].map(([{ spec }, tree]) => ({ name: spec.name, tree, allow: spec.allow }));
    const build = await buildSnapshot(composeTrees(parts), cache, options);
    const problems = orderProblems(build.problems);
    first ??= problems;
    work = {
      parsedFiles: work.parsedFiles + build.work.parsedFiles,
      compiledRevisions: work.compiledRevisions + build.work.compiledRevisions,
    };
    const done = { cache: build.cache, work, trees };
    if (build.snapshot !== null) return { ...done, snapshot: build.snapshot, problems };
    const blamed = round < MAX_FALLBACK_ROUNDS ? await fallBack(trees, problems, options.signal) : 0;
    // What is wrong with the newest commits is what their authors want to know.
    if (blamed === 0) {
      layToSomeone(trees, first);
      return { ...done, snapshot: null, problems: first };
    }
    cache = build.cache;
  }
}

/** Puts the last good tree in the place of each newest one that has problems; returns how many could be replaced. */
async function fallBack(
  trees: Map<SourceMember, SourceTree>,
  problems: readonly Problem[],
  signal: AbortSignal,
): Promise<number> {
  if (trees.size === 1) return 0;
  let count = 0;
  for (const [member, tree] of trees) {
    const own = problems.filter(
      ({ severity, file }) => severity === 'error' && file.startsWith(`${member.spec.name}/`),
    );
    if (own.length === 0) continue;
    member.rejected ??= { revision: tree.revision, problems: own };
    const good = await member.lastGood(signal);
    if (good === null || good.revision === tree.revision) continue;
    trees.set(member, good);
    count += 1;
  }
  return count;
}

/** Problems that can not be told by their file are the base's, whose snapshot it is. */
function layToSomeone(trees: ReadonlyMap<SourceMember, SourceTree>, problems: readonly Problem[]): void {
  const [first] = trees.keys();
  if (first === undefined || [...trees.keys()].some(({ rejected }) => rejected !== null)) return;
  first.rejected = { revision: first.latest?.revision ?? '', problems };
}
