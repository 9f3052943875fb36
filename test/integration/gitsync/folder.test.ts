/** Plain folders as sources. */
import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { codes, MESH, open, REVISION, root, startFails, until, useRepository, write } from './remote.ts';

useRepository();

describe('a plain folder', () => {
  let folder = '';
  beforeEach(() => {
    folder = join(root, 'plain');
    write(folder, { 'mesh.yaml': MESH, 'sub/v1.yaml': REVISION, 'sub/overlay.tpl': '' });
  });

  it('is read from the disk, and again when it changes', async () => {
    const source = open({ source: folder });
    await source.start();
    const first = source.current()?.revision ?? '';
    assert.match(first, /^dir@sha256:[0-9a-f]{64}$/);
    write(folder, { 'sub/overlay.tpl': '# changed' });
    await until(() => source.current()?.revision !== first, 'the changed file');
    assert.equal(source.current()?.meshes.get('edge')?.revisions.get('v1')?.spec.provider, 'template');
    write(folder, { 'mesh.yaml': 'apiVersion: meshgate.dev/v1alpha1\nkind: Nothing\n' });
    await until(() => source.status().problems.length > 0, 'the problem');
    assert.ok(source.current());
  });

  it('has the same revision for the same contents, wherever it is', async () => {
    const copy = join(root, 'copy');
    write(copy, { 'mesh.yaml': MESH, 'sub/v1.yaml': REVISION, 'sub/overlay.tpl': '' });
    const [a, b] = [
      open({ source: folder, watch: false }),
      open({ source: copy, watch: false, stateDir: join(root, 's2') }),
    ];
    await a.start();
    await b.start();
    assert.equal(a.current()?.revision, b.current()?.revision);
  });

  it('may be a mounted ConfigMap: links within it are followed, links out of it refused', async () => {
    const mount = join(root, 'mount');
    write(mount, { '..2026_01/mesh.yaml': MESH, '..2026_01/v1.yaml': REVISION, '..2026_01/overlay.tpl': '' });
    symlinkSync('..2026_01', join(mount, '..data'));
    for (const name of ['mesh.yaml', 'v1.yaml', 'overlay.tpl']) symlinkSync(`..data/${name}`, join(mount, name));
    const source = open({ source: mount, watch: false });
    await source.start();
    assert.equal(source.current()?.meshes.size, 1);
    symlinkSync('/etc/passwd', join(mount, 'evil.yaml'));
    symlinkSync('..data/nothing', join(mount, 'broken.yaml'));
    assert.deepEqual(codes((await source.sync()).problems), ['TREE_SYMLINK', 'TREE_SYMLINK']);
  });

  it('has no ref', async () => {
    assert.equal((await startFails(open({ source: folder, ref: 'main' }))).code, 'REF_INVALID');
  });

  it('that vanishes leaves the last good snapshot in force', async () => {
    const source = open({ source: folder, watch: false });
    await source.start();
    rmSync(folder, { recursive: true });
    const status = await source.sync();
    assert.deepEqual([status.serving !== null, codes(status.problems)], [true, ['SOURCE_MISSING']]);
  });
});
