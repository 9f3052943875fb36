import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMesh } from '../../test/integration/gateway/harness.ts';
import { packRevision } from '../../workers/packed-revision.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';
import { SnapshotJoiner, SnapshotSplitter } from './snapshot-pieces.ts';

function snapshotOf(revision: string, ...meshes: readonly Mesh[]): Snapshot {
  const loadedAt = new Date('2026-01-01T00:00:00Z');
  const byName = new Map(meshes.map((mesh) => [mesh.name, mesh]));
  return { revision, loadedAt, meshes: byName, paths: new Map(), clusters: new Map(), policies: null };
}

/** The mesh with one revision changed. */
function changed(mesh: Mesh): Mesh {
  const [name, source] = [...mesh.revisions][0] ?? assert.fail('the mesh has no revision');
  const revisions = new Map(mesh.revisions).set(name, { ...source, digest: `${source.digest} changed` });
  return { ...mesh, revisions };
}

test('a snapshot is what it was when its pieces have been put together, and what stays is told once', () => {
  const splitter = new SnapshotSplitter();
  const joiner = new SnapshotJoiner();
  const [shop, bank] = [makeMesh('shop'), makeMesh('bank')];
  const counts: number[] = [];
  for (const snapshot of [
    snapshotOf('1', shop, bank),
    snapshotOf('2', changed(shop), bank),
    snapshotOf('3', bank),
    snapshotOf('4', shop, bank),
  ]) {
    const { revisions, outline, digests } = splitter.split(snapshot);
    counts.push(revisions.length);
    for (const revision of revisions) joiner.add(structuredClone(packRevision(revision)));
    assert.deepEqual(joiner.join(structuredClone(outline), structuredClone(digests)), snapshot);
  }
  const all = shop.revisions.size + bank.revisions.size;
  assert.deepEqual(counts, [all, 1, 0, shop.revisions.size]);
});

test('a snapshot whose revisions have not come is an error', () => {
  const { outline, digests } = new SnapshotSplitter().split(snapshotOf('1', makeMesh('shop')));
  assert.throws(() => new SnapshotJoiner().join(outline, digests), /has not been told/);
});
