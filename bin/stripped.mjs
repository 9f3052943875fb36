// TypeScript files as Node strips them, kept in a folder: what a gateway from source loads, in all its threads. Node's own cache would also keep
// what V8 compiled of them, in the memory of every process for as long as it runs, and stripping leaves 30 MB of a WebAssembly module.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders that a gateway loads from. */
const FOLDERS = ['gateway', 'workers'];
const ENDING = '.ts';

/** Where the stripped files of a checkout are. Two of them may share their node_modules. */
export function strippedFolder(root) {
  const checkout = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return join(root, 'node_modules', '.cache', 'meshgate', `stripped-${process.versions.node}-${checkout}`);
}

/** Strips what is new or has changed. Throws where the folder can not be written, or a file is no TypeScript that can be stripped. */
export async function stripAll(root) {
  const kept = strippedFolder(root);
  const { stripTypeScriptTypes } = await import('node:module');
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(root, folder), { recursive: true })) {
      if (!name.endsWith(ENDING) || name.endsWith('.test.ts')) continue;
      const source = join(root, folder, name);
      const target = join(kept, folder, name);
      const time = statSync(source).mtimeMs;
      if (isOf(target, time)) continue;
      mkdirSync(dirname(target), { recursive: true });
      const made = `${target}.${process.pid}`;
      writeFileSync(made, stripTypeScriptTypes(readFileSync(source, 'utf8')));
      utimesSync(made, time / 1000, time / 1000);
      renameSync(made, target);
    }
  }
}

/** The stripped text of a module; null where there is none of the file as it is now. */
export function readStripped(root, kept, url) {
  if (!url.endsWith(ENDING) || !url.startsWith('file:')) return null;
  const source = fileURLToPath(url);
  if (!source.startsWith(root + sep)) return null;
  const target = join(kept, source.slice(root.length));
  const time = statSync(source, { throwIfNoEntry: false })?.mtimeMs;
  return time !== undefined && isOf(target, time) ? readFileSync(target, 'utf8') : null;
}

/** Whether a file was stripped of one of that time. Times are kept in less than a millisecond, and not by every file system. */
function isOf(target, time) {
  const own = statSync(target, { throwIfNoEntry: false })?.mtimeMs;
  return own !== undefined && Math.abs(own - time) < 2;
}
