/**
 * A repository on this machine, working copy or bare: what is committed counts, never what lies uncommitted in the folder. Nothing is
 * fetched or written.
 */
import { join } from 'node:path';
import type { Git } from './git-command.ts';
import { GitError } from './git-command.ts';
import { parseRef, revisionOf, shortName } from './git-ref.ts';
import { asSourceError, attempt, loadGitTree } from './git-tree.ts';
import { sourceError } from './problem.ts';
import type { TreeOrigin } from './tree.ts';

export interface LocalRepositoryOptions {
  readonly git: Git;
  readonly ref: string | undefined;
  readonly path: string;
}

/** As git shows commits; only a repository at hand can complete them. */
const ABBREVIATED_COMMIT = /^[0-9a-f]{7,63}$/;

/** @throws SourceError REF_INVALID at once; `resolve` REF_MISSING, SOURCE_FAILED. */
export function createLocalRepository(options: LocalRepositoryOptions): TreeOrigin {
  const { git } = options;
  const query = parseRef(options.ref);

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

  const find = async (signal: AbortSignal): Promise<{ name: string; commit: string }> => {
    if (query.kind === 'name') {
      for (const candidate of query.candidates) {
        const commit = await commitOf(candidate, signal);
        if (commit !== null) return { name: query.name, commit };
      }
      const abbreviated = ABBREVIATED_COMMIT.test(query.name) ? await commitOf(query.name, signal) : null;
      if (abbreviated !== null) return { name: 'HEAD', commit: abbreviated };
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
    return { name: query.kind === 'head' ? await headName(git, signal) : 'HEAD', commit };
  };

  return {
    async resolve(signal) {
      const { name, commit } = await find(signal);
      const revision = revisionOf(name, commit);
      return { revision, load: (loadSignal) => loadGitTree(git, revision, commit, options.path, loadSignal) };
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

/** The branch that HEAD is on, or `HEAD` when it is on none. */
async function headName(git: Git, signal: AbortSignal): Promise<string> {
  try {
    return shortName((await git.run(['symbolic-ref', '--quiet', 'HEAD'], { signal })).trim());
  } catch (error) {
    if (error instanceof GitError && error.reason === 'exit') return 'HEAD';
    throw asSourceError(error, 'reading HEAD');
  }
}
