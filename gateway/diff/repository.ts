/** The repository that a local source lies in, and commits in any words that git knows. */
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { createGit, type Environment, GitError } from '../gitsync/git-command.ts';
import { asSourceError } from '../gitsync/git-tree.ts';
import { locateSource } from '../gitsync/location.ts';

/** Where commits of a source are: the same for a remote, the repository around it for a folder. */
export interface CommittedSource {
  readonly source: string;
  readonly path: string;
  /** Whether the repository is on this machine. */
  readonly isLocal: boolean;
}

/** Null for a folder that is in no repository. Throws SourceError as locateSource does. */
export function committedSource(source: string, path = ''): CommittedSource | null {
  const location = locateSource(source);
  if (location.kind === 'remote') return { source, path, isLocal: false };
  if (location.kind === 'repository') return { source: location.directory, path, isLocal: true };
  const folder = realpathSync(location.directory);
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) {
      const within = relative(at, folder).split(sep).join('/');
      return { source: at, path: [within, path].filter((part) => part !== '').join('/'), isLocal: true };
    }
    if (at === dirname(at)) return null;
  }
}

/** The full name of the commit that `name` resolves to in a repository on this machine (`main`, `HEAD~2`, `v1^`); null for none. */
export async function resolveCommit(directory: string, name: string, environment: Environment): Promise<string | null> {
  const homeDirectory = await mkdtemp(join(tmpdir(), 'meshgate-diff-'));
  try {
    const git = createGit({ directory, homeDirectory, environment, protocols: [] });
    return (await git.run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])).trim();
  } catch (error) {
    if (error instanceof GitError && error.reason === 'exit') return null;
    throw asSourceError(error, `looking up ${name}`);
  } finally {
    await rm(homeDirectory, { recursive: true, force: true });
  }
}
