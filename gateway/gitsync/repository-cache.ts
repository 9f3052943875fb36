/** The folder of a remote's cache: whether it is there, what it weighs, and what a git that was killed leaves in it. */
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, type GitCommandOptions, GitError } from './git-command.ts';
import { FETCH_MEASURE_INTERVAL_MS, GIT_FETCH_TIMEOUT_MS, MAX_CACHE_PACKS, MAX_FETCH_BYTES } from './limits.ts';
import { sourceError } from './problem.ts';

export function isRepository(directory: string): boolean {
  return ['HEAD', 'objects', 'refs'].every((name) => existsSync(join(directory, name)));
}

/** Whether an object is there with everything below it that a fetch brings: a commit with its tree, a tag with its commit. */
export async function hasObject(git: Git, object: string, signal: AbortSignal): Promise<boolean> {
  try {
    await git.run(['cat-file', '-e', `${object}^{tree}`], { signal });
    return true;
  } catch (error) {
    if (error instanceof GitError && error.reason === 'exit') return false;
    throw error;
  }
}

/** Runs a fetch that is ended when it brings more than the limit. @throws SourceError SOURCE_TOO_LARGE, GitError */
export async function runMeasured(
  git: Git,
  cache: string,
  fetch: readonly string[],
  options: GitCommandOptions & { readonly signal: AbortSignal },
): Promise<void> {
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
  try {
    await git.run(fetch, { ...options, signal: AbortSignal.any([options.signal, tooLarge.signal]) });
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

/** Each fetch leaves a pack; now and then everything but the newest commits is dropped. Its failure costs nothing but disk. */
export async function housekeep(git: Git, cache: string, signal: AbortSignal): Promise<void> {
  const packs = (await listNames(join(cache, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'));
  if (packs.length < MAX_CACHE_PACKS) return;
  await git.run(['gc', '--quiet', '--prune=now'], { signal, timeoutMs: GIT_FETCH_TIMEOUT_MS });
}

/** Removes git's lock files, wherever they are in the cache; returns how many there were. */
export async function sweepLocks(cache: string): Promise<number> {
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
