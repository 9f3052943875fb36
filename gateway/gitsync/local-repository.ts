/**
 * A repository on this machine, working copy or bare: what is committed counts, never what lies uncommitted in the folder. Nothing is
 * fetched or written.
 */
import { join } from 'node:path';
import type { Git } from './git-command.ts';
import { GitError } from './git-command.ts';
import { highestTag, type RefQuery, revisionOf, shortName } from './git-ref.ts';
import { asSourceError, attempt, loadGitTree } from './git-tree.ts';
import type { Ignores } from './ignore.ts';
import { MAX_TAGS_BYTES } from './limits.ts';
import { sourceError } from './problem.ts';
import type { TreeOrigin } from './tree.ts';
import { type Verification, verifyObjects } from './verify.ts';

export interface LocalRepositoryOptions {
  readonly git: Git;
  readonly query: RefQuery;
  readonly path: string;
  readonly ignores: Ignores;
  readonly verification: Verification | undefined;
  readonly verifyWith: Parameters<typeof verifyObjects>[1];
}

/** As git shows commits; only a repository at hand can complete them. */
const ABBREVIATED_COMMIT = /^[0-9a-f]{7,63}$/;

interface LocalRef {
  readonly name: string;
  readonly commit: string;
  /** The ref as git knows it, where it may be an annotated tag. */
  readonly ref: string | null;
}

/** `resolve` throws SourceError REF_MISSING, SOURCE_FAILED, SOURCE_UNVERIFIED. */
export function createLocalRepository(options: LocalRepositoryOptions): TreeOrigin {
  const { git, query } = options;

  const commitOf = async (name: string, signal: AbortSignal): Promise<string | null> => {
    try {
      return (
        await git.run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], { signal })
      ).trim();
    } catch (error) {
      if (error instanceof GitError && error.reason === 'exit' && error.exitCode === 1) return null;
      throw asSourceError(error, `looking up ${name}`);
    }
  };

  const find = async (signal: AbortSignal): Promise<LocalRef> => {
    if (query.kind === 'semver') {
      const tag = highestTag(query.range, await tagNames(git, signal));
      const commit = tag === null ? null : await commitOf(`refs/tags/${tag}`, signal);
      if (tag !== null && commit !== null) return { name: tag, commit, ref: `refs/tags/${tag}` };
      throw sourceError('REF_MISSING', '', `no tag of the repository is a version within ${query.range.raw}`);
    }
    if (query.kind === 'name') {
      for (const candidate of query.candidates) {
        const commit = await commitOf(candidate, signal);
        if (commit !== null) return { name: query.name, commit, ref: candidate };
      }
      const abbreviated = ABBREVIATED_COMMIT.test(query.name) ? await commitOf(query.name, signal) : null;
      if (abbreviated !== null) return { name: 'HEAD', commit: abbreviated, ref: null };
      throw sourceError('REF_MISSING', '', `there is no branch, tag or commit ${query.name} in the repository`);
    }
    const commit = await commitOf(query.kind === 'head' ? 'HEAD' : query.commit, signal);
    if (commit === null) {
      const what =
        query.kind === 'head'
          ? 'the repository has no commit yet'
          : `there is no commit ${query.commit} in the repository`;
      throw sourceError('REF_MISSING', '', what);
    }
    const name = query.kind === 'head' ? await headName(git, signal) : (query.name ?? 'HEAD');
    return { name, commit, ref: null };
  };

  return {
    async resolve(signal) {
      const { name, commit, ref } = await find(signal);
      const revision = revisionOf(name, commit);
      const tag = ref === null ? null : await tagOf(git, ref, commit, signal);
      const verified =
        options.verification === undefined
          ? null
          : await verifyObjects({ name, commit, tag }, options.verifyWith, signal);
      return {
        revision,
        verified,
        load: (loadSignal) => loadGitTree(git, revision, commit, options, loadSignal),
      };
    },
    async watched() {
      // HEAD is a linked worktree's own, refs are shared by all of them.
      const folders = await attempt('finding the repository', () =>
        git.run(['rev-parse', '--absolute-git-dir', '--git-common-dir']),
      );
      const [own = '', common = ''] = folders.split('\n');
      const shared = common === '.git' || common === '.' ? own : common;
      return [join(own, 'HEAD'), join(shared, 'refs'), join(shared, 'packed-refs')];
    },
  };
}

async function tagNames(git: Git, signal: AbortSignal): Promise<readonly string[]> {
  const listed = await attempt('listing tags', () =>
    git.run(['for-each-ref', '--format=%(refname:strip=2)', 'refs/tags'], { signal, maxOutputBytes: MAX_TAGS_BYTES }),
  );
  return listed.split('\n').filter((name) => name !== '');
}

/** The annotated tag that a ref is; null when it is a commit itself. */
async function tagOf(git: Git, ref: string, commit: string, signal: AbortSignal): Promise<string | null> {
  const object = await attempt(`looking up ${ref}`, () =>
    git.run(['rev-parse', '--verify', '--end-of-options', ref], { signal }),
  );
  return object.trim() === commit ? null : object.trim();
}

/** The branch that HEAD is on, or `HEAD` when it is on none. */
async function headName(git: Git, signal: AbortSignal): Promise<string> {
  try {
    return shortName((await git.run(['symbolic-ref', '--quiet', 'HEAD'], { signal })).trim());
  } catch (error) {
    if (error instanceof GitError && error.reason === 'exit') return 'HEAD';
    throw asSourceError(error, 'reading HEAD');
  }
}
