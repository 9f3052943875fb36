/**
 * A plain folder: read whole at each look, so that its revision is a digest of everything in it.
 *
 * Links are followed only where they stay inside the folder, because a mounted ConfigMap is made of them; names that begin with a dot
 * (`.git`, a ConfigMap's `..data`) are left out.
 */
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Problem } from '../snapshot.ts';
import type { Ignores } from './ignore.ts';
import { MAX_PATH_BYTES, MAX_REFERENCED_FILE_BYTES, MAX_TOTAL_BYTES, MAX_TREE_ENTRIES } from './limits.ts';
import { problem, sourceError } from './problem.ts';
import type { SourceTree, TreeFile, TreeOrigin } from './tree.ts';

export interface FolderOptions {
  readonly directory: string;
  /** Relative to it; empty for all of it. */
  readonly path: string;
  readonly ignores?: Ignores;
}

/** `resolve` throws SourceError PATH_MISSING, SOURCE_MISSING, TREE_TOO_MANY_FILES or SOURCE_TOO_LARGE. */
export function createFolder(options: FolderOptions): TreeOrigin {
  const root = join(options.directory, options.path);
  return {
    async resolve(signal) {
      const tree = await readFolder(root, options, signal);
      return { revision: tree.revision, verified: null, load: async () => tree };
    },
    watched: async () => [root],
  };
}

interface Walk {
  readonly root: string;
  /** The root with its own links resolved: what links may not leave. */
  readonly realRoot: string;
  readonly prefix: string;
  readonly files: Map<string, TreeFile>;
  readonly contents: Map<string, Buffer>;
  readonly problems: Problem[];
  readonly ignores: Ignores;
  entries: number;
  bytes: number;
  readonly signal: AbortSignal;
}

async function readFolder(
  root: string,
  { path, ignores = () => false }: FolderOptions,
  signal: AbortSignal,
): Promise<SourceTree> {
  const found = await stat(root).catch(() => null);
  if (found === null || !found.isDirectory()) {
    throw sourceError(
      path === '' ? 'SOURCE_MISSING' : 'PATH_MISSING',
      path,
      `there is no folder ${path === '' ? root : path}`,
    );
  }
  const walk: Walk = {
    root,
    realRoot: await realpath(root),
    prefix: path === '' ? '' : `${path}/`,
    files: new Map(),
    contents: new Map(),
    problems: [],
    ignores,
    entries: 0,
    bytes: 0,
    signal,
  };
  await visit(walk, '');
  const { contents } = walk;
  return {
    revision: `dir@sha256:${digestOf(walk)}`,
    prefix: walk.prefix,
    files: walk.files,
    problems: walk.problems,
    read: async (wanted) => new Map(wanted.flatMap((file) => entryOf(contents, file.path))),
  };
}

function entryOf(contents: ReadonlyMap<string, Buffer>, path: string): [string, Buffer][] {
  const bytes = contents.get(path);
  return bytes === undefined ? [] : [[path, bytes]];
}

async function visit(walk: Walk, folder: string): Promise<void> {
  const entries = await readdir(join(walk.root, folder), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (walk.ignores(`${walk.prefix}${path}${entry.isDirectory() ? '/' : ''}`)) continue;
    walk.signal.throwIfAborted();
    walk.entries += 1;
    if (walk.entries > MAX_TREE_ENTRIES) {
      throw sourceError(
        'TREE_TOO_MANY_FILES',
        walk.prefix,
        `the folder holds more than ${MAX_TREE_ENTRIES} files: name a folder of it (--path)`,
      );
    }
    await visitEntry(walk, path, entry);
  }
}

async function visitEntry(walk: Walk, path: string, entry: Dirent): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    walk.problems.push(
      problem(
        'TREE_PATH_INVALID',
        (walk.prefix + path).slice(0, 200),
        `the path is longer than ${MAX_PATH_BYTES} bytes`,
      ),
    );
  } else if (entry.isDirectory()) {
    if (entry.name !== 'node_modules') await visit(walk, path);
  } else if (entry.isFile()) {
    await take(walk, path, join(walk.root, path));
  } else if (entry.isSymbolicLink()) {
    await follow(walk, path);
  }
}

async function follow(walk: Walk, path: string): Promise<void> {
  const shown = walk.prefix + path;
  const target = await realpath(join(walk.root, path)).catch(() => null);
  if (target === null) {
    walk.problems.push(problem('TREE_SYMLINK', shown, 'the symbolic link leads nowhere'));
  } else if (!target.startsWith(walk.realRoot + sep)) {
    walk.problems.push(problem('TREE_SYMLINK', shown, 'the symbolic link leaves the folder'));
  } else if ((await stat(target)).isFile()) {
    await take(walk, path, target);
  } else {
    walk.problems.push(problem('TREE_SYMLINK', shown, 'a symbolic link to a folder is not followed'));
  }
}

/** Large files are listed but not read: whether one matters is seen when something refers to it. */
async function take(walk: Walk, path: string, location: string): Promise<void> {
  const found = await stat(location);
  if (found.size > MAX_REFERENCED_FILE_BYTES) {
    walk.files.set(path, { path, bytes: found.size, id: `unread:${found.size}:${found.mtimeMs}` });
    return;
  }
  const bytes = await readFile(location);
  walk.bytes += bytes.length;
  if (walk.bytes > MAX_TOTAL_BYTES) {
    throw sourceError(
      'SOURCE_TOO_LARGE',
      walk.prefix,
      `the folder's files exceed ${MAX_TOTAL_BYTES} bytes together: name a folder of it (--path)`,
    );
  }
  walk.files.set(path, { path, bytes: bytes.length, id: createHash('sha256').update(bytes).digest('hex') });
  walk.contents.set(path, bytes);
}

/** Over everything that was found: what can not be read counts as well, so that its appearance is a change. */
function digestOf({ files, problems }: Walk): string {
  const hash = createHash('sha256');
  for (const path of [...files.keys()].sort()) hash.update(`${path}\0${files.get(path)?.id ?? ''}\n`);
  for (const { code, file } of problems) hash.update(`\0${code}\0${file}\n`);
  return hash.digest('hex');
}
