/** The cache of a remote repository, as others may have left it. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { commit, events, MESH, open, REVISION, state, useRepository } from './remote.ts';

useRepository();

describe('a cache', () => {
  beforeEach(() => {
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
  });
  const cache = () => join(state, 'git', 'cache.git');

  it('whose lock files a killed git left is repaired at the next start', async () => {
    const before = open();
    await before.start();
    await before.stop();
    for (const name of ['shallow.lock', 'packed-refs.lock', 'HEAD.lock']) writeFileSync(join(cache(), name), '');
    const next = commit({ 'overlay.tpl': '# next' });
    const source = open();
    await source.start();
    assert.equal(source.current()?.revision, next);
    assert.ok(events.some((event) => event.type === 'repaired'));
  });

  it('whose lock files appear between two syncs is repaired as well', async () => {
    const source = open();
    await source.start();
    writeFileSync(join(cache(), 'shallow.lock'), '');
    const next = commit({ 'overlay.tpl': '# next' });
    assert.equal((await source.sync()).serving, next);
    assert.ok(events.some((event) => event.type === 'repaired'));
  });

  for (const [name, damage] of [
    ['is empty', (path: string) => writeFileSync(join(path, 'HEAD'), '')],
    ['has lost its objects', (path: string) => rmSync(join(path, 'objects', 'pack'), { recursive: true })],
    ['has a broken pack', (path: string) => breakPacks(join(path, 'objects', 'pack'))],
    ['is gone', (path: string) => rmSync(path, { recursive: true })],
    [
      'is a file',
      (path: string) => {
        rmSync(path, { recursive: true });
        writeFileSync(path, '');
      },
    ],
  ] as const) {
    it(`that ${name} is made anew`, async () => {
      const before = open();
      await before.start();
      await before.stop();
      damage(cache());
      const next = commit({ 'overlay.tpl': '# next' });
      const source = open();
      await source.start();
      // A pack that only breaks when it is read costs one attempt.
      if (source.status().serving !== next) await source.sync();
      assert.equal(source.status().serving, next);
    });
  }

  function breakPacks(directory: string): void {
    for (const name of readdirSync(directory).filter((each) => each.endsWith('.pack'))) {
      const path = join(directory, name);
      chmodSync(path, 0o644);
      const bytes = readFileSync(path);
      bytes.fill(0, 12);
      writeFileSync(path, bytes);
    }
  }
});
