/**
 * Several sources as one tree: each source's files below a folder of its name, the base's first. Whatever reads trees reads it like any
 * other; where a file came from is told by its path.
 */
import type { Problem } from '../snapshot.ts';
import type { SourceAllowance } from './source-spec.ts';
import type { SourceTree, TreeFile } from './tree.ts';

export interface TreePart {
  readonly name: string;
  readonly tree: SourceTree;
  readonly allow: SourceAllowance | undefined;
}

/** The parts in the order of their precedence: of two that define one name, the later may replace the earlier. */
export function composeTrees(parts: readonly TreePart[]): SourceTree {
  const [only] = parts;
  // One source alone that may define everything has nothing to be told apart from.
  if (only !== undefined && parts.length === 1 && only.allow === undefined) return only.tree;
  const files = new Map<string, TreeFile>();
  const problems: Problem[] = [];
  /** Composed path to the part and the file as it knows it. */
  const owners = new Map<string, { readonly tree: SourceTree; readonly file: TreeFile }>();
  for (const { name, tree } of parts) {
    for (const file of tree.files.values()) {
      const path = `${name}/${tree.prefix}${file.path}`;
      files.set(path, { ...file, path });
      owners.set(path, { tree, file });
    }
    for (const problem of tree.problems) problems.push({ ...problem, file: `${name}/${problem.file}` });
  }
  return {
    revision: composedRevision(parts.map(({ name, tree }) => ({ name, revision: tree.revision }))),
    prefix: '',
    files,
    problems,
    layers: parts.map(({ name, tree, allow }) => ({
      name,
      revision: tree.revision,
      root: `${name}/${tree.prefix}`,
      allow,
    })),
    read: (wanted, signal) => readFromAll(owners, wanted, signal),
  };
}

/** `base/main@sha1:…,team-a/main@sha1:…`; of one source alone its revision. */
export function composedRevision(parts: readonly { readonly name: string; readonly revision: string }[]): string {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only.revision;
  return parts.map(({ name, revision }) => `${name}/${revision}`).join(',');
}

async function readFromAll(
  owners: ReadonlyMap<string, { readonly tree: SourceTree; readonly file: TreeFile }>,
  wanted: readonly TreeFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const byTree = new Map<SourceTree, { readonly path: string; readonly file: TreeFile }[]>();
  for (const { path } of wanted) {
    const owner = owners.get(path);
    if (owner === undefined) continue;
    const ofTree = byTree.get(owner.tree) ?? [];
    ofTree.push({ path, file: owner.file });
    byTree.set(owner.tree, ofTree);
  }
  const contents = new Map<string, Buffer>();
  for (const [tree, entries] of byTree) {
    const read = await tree.read(
      entries.map(({ file }) => file),
      signal,
    );
    for (const { path, file } of entries) {
      const bytes = read.get(file.path);
      if (bytes !== undefined) contents.set(path, bytes);
    }
  }
  return contents;
}
