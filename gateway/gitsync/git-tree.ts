/** Reads the files of a commit from a repository's object database: `git ls-tree` and `git cat-file`, never a checkout. */
import type { Problem } from '../snapshot.ts';
import { type Git, GitError } from './git-command.ts';
import { gitProblem } from './git-failure.ts';
import type { Ignores } from './ignore.ts';
import { MAX_GIT_OUTPUT_BYTES, MAX_PATH_BYTES, MAX_TREE_ENTRIES } from './limits.ts';
import { problem, SourceError, sourceError } from './problem.ts';
import type { SourceTree, TreeFile } from './tree.ts';

/** Output of a listing: about 150 bytes an entry, with room for long names. */
const MAX_LISTING_BYTES = MAX_TREE_ENTRIES * 400;
/** Blobs asked for in one command. */
const READ_BATCH_BYTES = 16 * 1024 * 1024;

/**
 * Lists a commit's files under a path.
 * @param within `path` without leading or trailing slash, empty for the whole commit; `ignores` takes paths from the commit's top.
 * @throws SourceError PATH_MISSING, SOURCE_TOO_LARGE, TREE_TOO_MANY_FILES, or what git failed with.
 */
export async function loadGitTree(
  git: Git,
  revision: string,
  commit: string,
  { path, ignores }: { readonly path: string; readonly ignores: Ignores },
  signal: AbortSignal,
): Promise<SourceTree> {
  const treeish = path === '' ? `${commit}^{tree}` : `${commit}:${path}`;
  const listing = await attempt(`listing ${revision}`, () =>
    git.run(['ls-tree', '-r', '-l', '-z', '--full-tree', treeish], { signal, maxOutputBytes: MAX_LISTING_BYTES }),
  ).catch(async (error: unknown) => {
    // Each git that is started costs a large process milliseconds: whether the path is there is asked when it can not be listed.
    const kind = await objectType(git, treeish, signal);
    if (kind === 'tree') throw error;
    const what = kind === null ? `there is no folder ${path} in ${revision}` : `${path} is not a folder in ${revision}`;
    throw sourceError('PATH_MISSING', path, what);
  });
  const prefix = path === '' ? '' : `${path}/`;
  const { files, problems } = parseListing(listing, prefix, ignores);
  return { revision, prefix, files, problems, read: (wanted, readSignal) => readBlobs(git, wanted, readSignal) };
}

async function objectType(git: Git, name: string, signal: AbortSignal): Promise<string | null> {
  try {
    return (await git.run(['cat-file', '-t', '--', name], { signal })).trim();
  } catch (error) {
    if (error instanceof GitError && error.reason === 'exit') return null;
    throw asSourceError(error, `reading ${name}`);
  }
}

/** `MODE SP TYPE SP OBJECT SP+ SIZE TAB PATH NUL`, sizes padded with blanks. */
function parseListing(
  listing: string,
  prefix: string,
  ignores: Ignores,
): { files: Map<string, TreeFile>; problems: Problem[] } {
  const files = new Map<string, TreeFile>();
  const problems: Problem[] = [];
  let count = 0;
  for (const record of listing.split('\0')) {
    if (record === '') continue;
    const tab = record.indexOf('\t');
    const path = record.slice(tab + 1);
    const shown = prefix + path;
    if (ignores(shown)) continue;
    count += 1;
    if (count > MAX_TREE_ENTRIES) {
      const limit = `the path holds more than ${MAX_TREE_ENTRIES} files: name a folder of it (--path)`;
      throw sourceError('TREE_TOO_MANY_FILES', prefix, limit);
    }
    const [mode = '', type = '', id = '', size = ''] = record.slice(0, tab).split(/ +/);
    if (type === 'commit') {
      problems.push(
        problem('TREE_SUBMODULE', shown, 'a submodule is not read: its contents are not part of the commit'),
      );
    } else if (mode === '120000') {
      problems.push(problem('TREE_SYMLINK', shown, 'a symbolic link is not followed: commit the file itself'));
    } else if (path.includes('\uFFFD') || Buffer.byteLength(path) > MAX_PATH_BYTES) {
      const limit = `the file's name is not UTF-8, or longer than ${MAX_PATH_BYTES} bytes`;
      problems.push(problem('TREE_PATH_INVALID', shown.slice(0, 200), limit));
    } else {
      files.set(path, { path, id, bytes: Number(size) });
    }
  }
  return { files, problems };
}

async function readBlobs(
  git: Git,
  wanted: readonly TreeFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for (const batch of batches(wanted)) {
    const ids = [...new Set(batch.map((file) => file.id))];
    const output = await attempt('reading files', () =>
      git.catFile(`${ids.join('\n')}\n`, { signal, maxOutputBytes: MAX_GIT_OUTPUT_BYTES }),
    );
    const blobs = splitBlobs(output);
    for (const file of batch) {
      const bytes = blobs.get(file.id);
      if (bytes === undefined)
        throw sourceError('SOURCE_FAILED', file.path, `git has no object ${file.id}: the repository is damaged`);
      contents.set(file.path, bytes);
    }
  }
  return contents;
}

function* batches(files: readonly TreeFile[]): Generator<readonly TreeFile[]> {
  let batch: TreeFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && bytes + file.bytes > READ_BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.bytes;
  }
  if (batch.length > 0) yield batch;
}

/** `OBJECT SP TYPE SP SIZE LF CONTENTS LF`, or `OBJECT SP missing LF`. */
function splitBlobs(output: Buffer): Map<string, Buffer> {
  const blobs = new Map<string, Buffer>();
  let at = 0;
  while (at < output.length) {
    const end = output.indexOf(0x0a, at);
    if (end < 0) break;
    const [id = '', type = '', size = ''] = output.toString('latin1', at, end).split(' ');
    at = end + 1;
    if (type !== 'blob') continue;
    const length = Number(size);
    blobs.set(id, output.subarray(at, at + length));
    at += length + 1;
  }
  return blobs;
}

/** Runs a git step, its failure as a SourceError. */
export async function attempt<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw asSourceError(error, what);
  }
}

export function asSourceError(error: unknown, what: string): Error {
  if (error instanceof GitError) return new SourceError([gitProblem(error, what)]);
  return error instanceof Error ? error : new Error(String(error));
}
