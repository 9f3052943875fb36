import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Snapshot } from '../snapshot.ts';
import { buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import { createSchemaCheck } from './schema-check.ts';
import { loadState, saveState } from './state.ts';

/** A mesh of three revisions with templates of so many characters. */
async function snapshotOf(templateLength: number): Promise<Snapshot> {
  const template = `# ${'x'.repeat(templateLength)}\n`;
  const revisions = ['a', 'b', 'c'].map(
    (name) => `---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: ${name}}
spec: {mesh: shop, template: {template: {file: t.tpl}}}
`,
  );
  const mesh = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: a, tags: {stable: b}}
`;
  const contents = new Map([
    ['all.yaml', Buffer.from([mesh, ...revisions].join(''))],
    ['t.tpl', Buffer.from(template)],
  ]);
  const files = new Map([...contents].map(([path, bytes]) => [path, { path, bytes: bytes.length, id: path }]));
  const tree = { revision: 'main@sha1:1', prefix: '', files, problems: [], read: async () => contents };
  const { snapshot, problems } = await buildSnapshot(tree, EMPTY_BUILD_CACHE, {
    check: createSchemaCheck(),
    compile: async () => [],
    loadedAt: new Date('2026-01-01T00:00:00Z'),
    signal: new AbortController().signal,
  });
  assert.ok(snapshot !== null, JSON.stringify(problems));
  return snapshot;
}

describe('saving a snapshot', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-save-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [what, length] of [
    ['a small one', 10],
    ['a large one', 1_000_000],
  ] as const) {
    it(`writes ${what}, as it was`, async () => {
      const directory = join(folder, String(length));
      const snapshot = await snapshotOf(length);
      const record = await saveState(directory, 'source', snapshot, null);
      assert.equal(record.revision, snapshot.revision);
      const loaded = await loadState(directory, 'source');
      assert.ok(loaded.kind === 'loaded');
      assert.deepEqual(loaded.snapshot.meshes, snapshot.meshes);
      assert.deepEqual(loaded.snapshot.loadedAt, snapshot.loadedAt);
    });
  }

  it('rejects with what the file system says', async () => {
    const place = join(folder, 'file');
    writeFileSync(place, '');
    await assert.rejects(saveState(place, 'source', await snapshotOf(1_000_000), null), /EEXIST|ENOTDIR/);
  });
});
