/**
 * Go's path package. On Linux path/filepath (sprig's os functions) does the same.
 */
import type { GoFunc } from '../../func.ts';
import { fn1, text } from '../signature.ts';

/** path.Base. */
export function basePath(path: string): string {
  if (path === '') return '.';
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return end === 0 ? '/' : path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

/** path.Clean: the shortest equal path by its words alone; "." for the empty one. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') kept.push(element);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push(element);
  }
  return (rooted ? '/' : '') + kept.join('/') || '.';
}

/** path.Dir. */
export function directoryOf(path: string): string {
  return cleanPath(path.slice(0, path.lastIndexOf('/') + 1));
}

/** path.Ext: from the last dot of the last element. */
export function extensionOf(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') ? path.slice(dot) : '';
}

const base = fn1(text, basePath);
const clean = fn1(text, cleanPath);
const directory = fn1(text, directoryOf);
const extension = fn1(text, extensionOf);
const isAbsolute = fn1(text, (path) => path.startsWith('/'));

export const pathFuncs: readonly (readonly [string, GoFunc])[] = [
  ['base', base],
  ['clean', clean],
  ['dir', directory],
  ['ext', extension],
  ['isAbs', isAbsolute],
  ['osBase', base],
  ['osClean', clean],
  ['osDir', directory],
  ['osExt', extension],
  ['osIsAbs', isAbsolute],
];
