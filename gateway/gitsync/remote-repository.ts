/**
 * A remote repository, seen through a bare cache in the state folder: one ref, depth 1, no tags, no submodules, no checkout; and of a
 * source that has a path, only that folder's files, where the server can leave the others out. The cache holds nothing that could not be
 * fetched again, so whatever is wrong with it is cured by throwing it away.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git-command.ts';
import { type RefQuery, revisionOf } from './git-ref.ts';
import { attempt, loadGitTree } from './git-tree.ts';
import type { Ignores } from './ignore.ts';
import { GIT_FETCH_TIMEOUT_MS } from './limits.ts';
import { SourceError } from './problem.ts';
import { lookUp, type RemoteRef } from './remote-refs.ts';
import { hasObject, housekeep, isRepository, runMeasured, sweepLocks } from './repository-cache.ts';
import type { FoundTree, SourceTree, TreeOrigin } from './tree.ts';
import { type Verification, verifyObjects } from './verify.ts';

/** A git that may use the network, and what has to be thrown away after it. */
export interface OpenedGit {
  gitFor(directory: string): Git;
  dispose(): Promise<void>;
}

export interface RemoteRepositoryOptions {
  readonly url: string;
  readonly query: RefQuery;
  readonly path: string;
  readonly ignores: Ignores;
  readonly timeoutMs: number | undefined;
  readonly verification: Verification | undefined;
  /** Parent of the cache; created when missing, used by one gateway at a time. */
  readonly directory: string;
  /** Reads the source's secrets anew. */
  readonly openGit: () => Promise<OpenedGit>;
  /** Makes the git that reads signatures. */
  readonly verifyWith: (directory: string) => Parameters<typeof verifyObjects>[1];
  /** Told when something in the cache had to be repaired. */
  readonly onRepair: (what: string) => void;
}

/** What the fetch writes, so that the objects stay reachable and housekeeping knows what to keep. */
const OBSERVED_REF = 'refs/meshgate/observed';
/** The last commit that served, which may be older. */
const SERVED_REF = 'refs/meshgate/served';
/** Names the revision of SERVED_REF. */
const SERVED_FILE = 'served-revision';

const FETCH = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
const SPARSE = '--filter=blob:none';
/** Files are asked for by their ids: what is here already does not help the server to choose. */
const NO_NEGOTIATION = ['-c', 'fetch.negotiationAlgorithm=noop'];

/** `resolve` throws what git failed with as SourceError. */
export function createRemoteRepository(options: RemoteRepositoryOptions): TreeOrigin {
  const sparse = options.path !== '';
  const cache = join(options.directory, sparse ? 'sparse.git' : 'cache.git');
  let swept = false;

  const openCache = async (
    gitFor: OpenedGit['gitFor'],
    objectFormat: 'sha1' | 'sha256',
    signal: AbortSignal,
  ): Promise<Git> => {
    if (!isRepository(cache)) {
      await rm(cache, { recursive: true, force: true });
      await mkdir(cache, { recursive: true });
      const fresh = gitFor(cache);
      await attempt('preparing the cache', () =>
        fresh.run(['init', '--quiet', '--bare', `--object-format=${objectFormat}`, '.'], { signal }),
      );
    } else if (!swept && (await sweepLocks(cache)) > 0) {
      // A git that was killed leaves its lock files; at a start nobody else can hold them.
      options.onRepair('removed lock files that an ended git had left in the cache');
    }
    swept = true;
    return gitFor(cache);
  };

  const discardCache = async (why: string) => {
    await rm(cache, { recursive: true, force: true });
    options.onRepair(`discarded the cache: ${why}`);
  };

  const fetchOnce = async (gitFor: OpenedGit['gitFor'], remote: RemoteRef, signal: AbortSignal): Promise<void> => {
    const git = await openCache(gitFor, formatOf(remote.commit), signal);
    const timeoutMs = options.timeoutMs ?? GIT_FETCH_TIMEOUT_MS;
    if (!(await hasObject(git, remote.tag ?? remote.commit, signal))) {
      const filter = sparse ? [SPARSE] : [];
      const wanted = `+${remote.wanted}:${OBSERVED_REF}`;
      const fetch = [...FETCH, '--depth=1', '--update-shallow', '--force', ...filter, '--', options.url, wanted];
      await runMeasured(git, cache, fetch, { signal, timeoutMs });
      await housekeep(git, cache, signal);
    }
    if (!sparse) return;
    const missing = await missingBlobs(git, `${remote.commit}:${options.path}`, options, signal);
    if (missing.length === 0) return;
    const input = `${missing.join('\n')}\n`;
    await runMeasured(git, cache, [...NO_NEGOTIATION, ...FETCH, SPARSE, '--stdin', '--', options.url], {
      signal,
      timeoutMs,
      input,
    });
  };

  /** One repair, one more try: locks are swept, anything else that is not the remote's fault costs the cache. */
  const fetchCommit = async (gitFor: OpenedGit['gitFor'], remote: RemoteRef, signal: AbortSignal): Promise<void> => {
    const what = `fetching ${remote.name}`;
    try {
      return await attempt(what, () => fetchOnce(gitFor, remote, signal));
    } catch (error) {
      if (!(error instanceof SourceError) || signal.aborted) throw error;
      if (error.code === 'SOURCE_LOCKED') {
        const count = await sweepLocks(cache);
        options.onRepair(`removed ${count} lock files that an ended git had left in the cache`);
      } else if (error.code === 'SOURCE_FAILED') {
        await discardCache(error.message);
      } else {
        throw error;
      }
      return attempt(what, () => fetchOnce(gitFor, remote, signal));
    }
  };

  /** A cache that can not be read any more is thrown away, so that the next attempt fetches it anew. */
  const distrusting = async <T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      if (error instanceof SourceError && error.code === 'SOURCE_FAILED' && !signal.aborted)
        await discardCache(error.message);
      throw error;
    }
  };

  const load = async (revision: string, commit: string, signal: AbortSignal): Promise<SourceTree> => {
    const { git } = readerOf(options, cache);
    const tree = await loadGitTree(git, revision, commit, options, signal);
    return { ...tree, read: (files, readSignal) => distrusting(readSignal, () => tree.read(files, readSignal)) };
  };

  const found = (revision: string, commit: string, verified: string | null): FoundTree => ({
    revision,
    verified,
    load: (signal) => distrusting(signal, () => load(revision, commit, signal)),
  });

  return {
    async resolve(signal) {
      await mkdir(options.directory, { recursive: true });
      const { gitFor, dispose } = await options.openGit();
      try {
        const remote = await attempt('asking the remote repository', () =>
          lookUp(gitFor(options.directory), options.url, options.query, options.timeoutMs, signal),
        );
        await fetchCommit(gitFor, remote, signal);
        const verified =
          options.verification === undefined ? null : await verifyObjects(remote, options.verifyWith(cache), signal);
        return found(revisionOf(remote.name, remote.commit), remote.commit, verified);
      } finally {
        await dispose();
      }
    },
    watched: async () => [],
    async keep(revision, signal) {
      const { git } = readerOf(options, cache);
      await git.run(['update-ref', SERVED_REF, commitOf(revision)], { signal });
      await writeFile(join(options.directory, SERVED_FILE), `${revision}\n`);
    },
    async kept(signal) {
      const revision = (await readFile(join(options.directory, SERVED_FILE), 'utf8').catch(() => '')).trim();
      if (revision === '' || !isRepository(cache)) return null;
      const { git } = readerOf(options, cache);
      if (!(await hasObject(git, commitOf(revision), signal).catch(() => false))) return null;
      return found(revision, commitOf(revision), null);
    },
  };
}

function readerOf({ verifyWith }: RemoteRepositoryOptions, cache: string): { git: Git } {
  return { git: verifyWith(cache).gitWith({}, []) };
}

function formatOf(commit: string): 'sha1' | 'sha256' {
  return commit.length === 64 ? 'sha256' : 'sha1';
}

/** `main@sha1:ID` → `ID` */
function commitOf(revision: string): string {
  return revision.slice(revision.lastIndexOf(':') + 1);
}

/** The files' contents that a sparse fetch has left out. */
async function missingBlobs(
  git: Git,
  tree: string,
  { path, ignores }: RemoteRepositoryOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const listed = await git.run(['ls-tree', '-r', '-z', '--full-tree', tree], { signal }).catch(() => null);
  // What is wrong with the path is told by whoever lists it next.
  if (listed === null) return [];
  const ids = new Set<string>();
  for (const record of listed.split('\0')) {
    const [mode, type, rest = ''] = record.split(' ');
    const [id = '', file = ''] = rest.split('\t');
    if (type === 'blob' && mode !== '120000' && !ignores(`${path}/${file}`)) ids.add(id);
  }
  if (ids.size === 0) return [];
  // A question for one object at a time would have git look for it at the remote.
  const check = await git.run(['rev-list', '--objects', '--no-object-names', '--missing=print', tree], { signal });
  return check
    .split('\n')
    .filter((line) => line.startsWith('?') && ids.has(line.slice(1)))
    .map((line) => line.slice(1));
}
