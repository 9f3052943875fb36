/** From a rollout and the file of its mesh to the change that makes `to` the default. */
import { CHANGE_TEXT_LIMIT, type ChangeToCommit } from '../rollout/change.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { withDefaultRevision } from './mesh-edit.ts';
import type { Placed } from './policy-set.ts';
import { layerOf, type SourceTree } from './tree.ts';
import { unifiedDiff } from './unified-diff.ts';

export function changeToCommit(
  { mesh, to }: Pick<Rollout, 'mesh' | 'to'>,
  { file, document }: Placed<'Mesh'>,
  tree: Pick<SourceTree, 'prefix' | 'layers'>,
): ChangeToCommit {
  const layer = layerOf(tree, file);
  const source = layer?.name ?? null;
  const path = source === null ? tree.prefix + file : file.slice(source.length + 1);
  const before = document.source.text;
  const after = withDefaultRevision(before, mesh, to);
  if (after === null) return { source, file: path, diff: null, text: null };
  const text = after.length > CHANGE_TEXT_LIMIT ? null : after;
  return { source, file: path, diff: unifiedDiff(path, before, after), text };
}
