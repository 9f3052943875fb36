/**
 * A remote repository, seen through a bare cache in the state folder: one ref, depth 1, no tags, no submodules, no checkout. The cache
 * holds nothing that could not be fetched again, so whatever is wrong with it is cured by throwing it away.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, GitError } from './git-command.ts';
import { parseRef, type RefQuery, revisionOf, shortName } from './git-ref.ts';
import { attempt, loadGitTree } from './git-tree.ts';
import {
  FETCH_MEASURE_INTERVAL_MS,
  GIT_FETCH_TIMEOUT_MS,
  GIT_REMOTE_TIMEOUT_MS,
  MAX_CACHE_PACKS,
  MAX_FETCH_BYTES,
} from './limits.ts';
import { SourceError, sourceError } from './problem.ts';
import type { SourceTree, TreeOrigin } from './tree.ts';

export interface RemoteRepositoryOptions {
  readonly url: string;
  readonly ref: string | undefined;
  readonly path: string;
  /** Parent of the cache; created when missing, used by one gateway at a time. */
  readonly directory: string;
  /** Makes the git that may use the network, for a folder that exists. */
  readonly gitFor: (directory: string) => Git;
  /** Told when something in the cache had to be repaired. */
  readonly onRepair: (what: string) => void;
}

/** What the fetch writes, so that the objects stay reachable and housekeeping knows what to keep. */
const OBSERVED_REF = 'refs/meshgate/observed';
const MAX_REFS_BYTES = 1024 * 1024;

interface RemoteRef {
  readonly name: string;
  /** What to ask for in a fetch: a ref, or a commit. */
  readonly wanted: string;
  readonly commit: string;
}

/** @throws SourceError REF_INVALID at once; `resolve` what git failed with. */
export function createRemoteRepository(options: RemoteRepositoryOptions): TreeOrigin {
  const query = parseRef(options.ref);
  const cache = join(options.directory, 'cache.git');
  let git: Git | null = null;

  const openCache = async (objectFormat: 'sha1' | 'sha256', signal: AbortSignal): Promise<Git> => {
    if (git !== null) return git;
    if (!(await isRepository(cache))) {
      await rm(cache, { recursive: true, force: true });
      await mkdir(cache, { recursive: true });
      const fresh = options.gitFor(cache);
      await attempt('preparing the cache', () =>
        fresh.run(['init', '--quiet', '--bare', `--object-format=${objectFormat}`, '.'], { signal }),
      );
    } else if ((await sweepLocks(cache)) > 0) {
      // A git that was killed leaves its lock files; at a start nobody else can hold them.
      options.onRepair('removed lock files that an ended git had left in the cache');
    }
    git = options.gitFor(cache);
    return git;
  };

  const discardCache = async (why: string) => {
    git = null;
    await rm(cache, { recursive: true, force: true });
    options.onRepair(`discarded the cache: ${why}`);
  };

  const fetchOnce = async (remote: RemoteRef, signal: AbortSignal): Promise<string> => {
    const format = remote.commit.length === 64 ? 'sha256' : 'sha1';
    const opened = await openCache(format, signal);
    if (await hasCommit(opened, remote.commit, signal)) return remote.commit;
    await fetchMeasured(opened, cache, options.url, remote.wanted, signal);
    const commit = (await opened.run(['rev-parse', '--verify', `${OBSERVED_REF}^{commit}`], { signal })).trim();
    await housekeep(opened, cache, signal);
    return commit;
  };

  /** One repair, one more try: locks are swept, anything else that is not the remote's fault costs the cache. */
  const fetchCommit = async (remote: RemoteRef, signal: AbortSignal): Promise<string> => {
    const what = `fetching ${remote.name}`;
    try {
      return await attempt(what, () => fetchOnce(remote, signal));
    } catch (error) {
      if (!(error instanceof SourceError) || signal.aborted) throw error;
      if (error.code === 'SOURCE_LOCKED') {
        const swept = await sweepLocks(cache);
        options.onRepair(`removed ${swept} lock files that an ended git had left in the cache`);
      } else if (error.code === 'SOURCE_FAILED') {
        await discardCache(error.message);
      } else {
        throw error;
      }
      return attempt(what, () => fetchOnce(remote, signal));
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

  const load = async (opened: Git, revision: string, commit: string, signal: AbortSignal): Promise<SourceTree> => {
    const tree = await loadGitTree(opened, revision, commit, options.path, signal);
    return { ...tree, read: (files, readSignal) => distrusting(readSignal, () => tree.read(files, readSignal)) };
  };

  return {
    async resolve(signal) {
      await mkdir(options.directory, { recursive: true });
      const remote = await attempt('asking the remote repository', () =>
        lookUp(options.gitFor(options.directory), options.url, query, signal),
      );
      const commit = await fetchCommit(remote, signal);
      const revision = revisionOf(remote.name, commit);
      const opened = await openCache(commit.length === 64 ? 'sha256' : 'sha1', signal);
      return {
        revision,
        load: (loadSignal) => distrusting(loadSignal, () => load(opened, revision, commit, loadSignal)),
      };
    },
    watched: async () => [],
  };
}

/** Asks which commit a ref has now, without fetching anything. A commit needs no asking. */
async function lookUp(git: Git, url: string, query: RefQuery, signal: AbortSignal): Promise<RemoteRef> {
  if (query.kind === 'commit') return { name: 'HEAD', wanted: query.commit, commit: query.commit };
  const patterns = query.kind === 'head' ? ['HEAD'] : query.candidates.flatMap((name) => [name, `${name}^{}`]);
  const output = await git.run(['ls-remote', '--symref', '--', url, ...patterns], {
    signal,
    timeoutMs: GIT_REMOTE_TIMEOUT_MS,
    maxOutputBytes: MAX_REFS_BYTES,
  });
  const { refs, head } = parseRefs(output);
  if (query.kind === 'head') {
    const commit = refs.get('HEAD');
    if (commit === undefined)
      throw sourceError('REF_MISSING', '', 'the remote repository has no commit on its default branch');
    return { name: head === null ? 'HEAD' : shortName(head), wanted: 'HEAD', commit };
  }
  for (const candidate of query.candidates) {
    const object = refs.get(candidate);
    if (object === undefined) continue;
    return { name: query.name, wanted: candidate, commit: refs.get(`${candidate}^{}`) ?? object };
  }
  throw sourceError('REF_MISSING', '', `there is no branch or tag ${query.name} in the remote repository (any more)`);
}

/** `ref: REF TAB HEAD` tells the default branch, `OBJECT TAB REF` each ref, an annotated tag's commit as `REF^{}`. */
function parseRefs(output: string): { refs: Map<string, string>; head: string | null } {
  const refs = new Map<string, string>();
  let head: string | null = null;
  for (const line of output.split('\n')) {
    const [left = '', name = ''] = line.split('\t');
    if (left.startsWith('ref: ')) head = left.slice('ref: '.length);
    else if (name !== '') refs.set(name, left);
  }
  return { refs, head };
}

async function hasCommit(git: Git, commit: string, signal: AbortSignal): Promise<boolean> {
  try {
    await git.run(['cat-file', '-e', `${commit}^{tree}`], { signal });
    return true;
  } catch (error) {
    if (error instanceof GitError && error.reason === 'exit') return false;
    throw error;
  }
}

async function fetchMeasured(git: Git, cache: string, url: string, wanted: string, signal: AbortSignal): Promise<void> {
  const tooLarge = new AbortController();
  const before = await packBytes(cache);
  let over = false;
  const timer = setInterval(() => {
    packBytes(cache).then((bytes) => {
      if (bytes - before <= MAX_FETCH_BYTES) return;
      over = true;
      tooLarge.abort();
    }, ignoreVanished);
  }, FETCH_MEASURE_INTERVAL_MS);
  const arguments_ = ['fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
  try {
    await git.run([...arguments_, '--update-shallow', '--force', '--', url, `+${wanted}:${OBSERVED_REF}`], {
      signal: AbortSignal.any([signal, tooLarge.signal]),
      timeoutMs: GIT_FETCH_TIMEOUT_MS,
    });
  } catch (error) {
    if (over)
      throw sourceError(
        'SOURCE_TOO_LARGE',
        '',
        `the fetch exceeds ${MAX_FETCH_BYTES} bytes: keep policies in a repository of their own`,
      );
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Packs that git renames or removes while they are measured do not count. */
function ignoreVanished(): void {}

async function packBytes(cache: string): Promise<number> {
  const directory = join(cache, 'objects', 'pack');
  let bytes = 0;
  for (const name of await listNames(directory)) {
    const found = await stat(join(directory, name)).catch(() => null);
    bytes += found?.size ?? 0;
  }
  return bytes;
}

/** Each fetch leaves a pack; now and then everything but the newest commit is dropped. Its failure costs nothing but disk. */
async function housekeep(git: Git, cache: string, signal: AbortSignal): Promise<void> {
  const packs = (await listNames(join(cache, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'));
  if (packs.length < MAX_CACHE_PACKS) return;
  await git.run(['gc', '--quiet', '--prune=now'], { signal, timeoutMs: GIT_FETCH_TIMEOUT_MS });
}

async function isRepository(directory: string): Promise<boolean> {
  return (
    existsSync(join(directory, 'HEAD')) && existsSync(join(directory, 'objects')) && existsSync(join(directory, 'refs'))
  );
}

/** Removes git's lock files, wherever they are in the cache; returns how many there were. */
async function sweepLocks(cache: string): Promise<number> {
  let swept = 0;
  for (const entry of await readdir(cache, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const abandoned = entry.isFile() && (entry.name.endsWith('.lock') || entry.name.startsWith('tmp_pack_'));
    if (!abandoned) continue;
    await rm(join(entry.parentPath, entry.name), { force: true });
    if (entry.name.endsWith('.lock')) swept += 1;
  }
  return swept;
}

async function listNames(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
