/** Sources whose repository is fetched: what is served after each commit, and how it is named. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { MAX_CACHE_PACKS } from '../../../gateway/gitsync/limits.ts';
import {
  codes,
  commit,
  events,
  git,
  MESH,
  open,
  REVISION,
  remote,
  root,
  startFails,
  state,
  useRepository,
  write,
} from './remote.ts';

useRepository();

describe('a remote repository', () => {
  let first = '';
  beforeEach(() => {
    first = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': 'spec: {}' });
  });

  it('serves its commit, then each new one, to everyone who listens', async () => {
    const source = open();
    const published: string[] = [];
    source.onPublish(({ revision }) => published.push(revision));
    await source.start();
    assert.equal(source.current()?.revision, first);
    assert.equal(source.current()?.meshes.get('edge')?.revisions.get('v1')?.mesh, 'edge');
    const second = commit({ 'overlay.tpl': 'metadata: {}' });
    const status = await source.sync();
    assert.deepEqual([status.serving, status.observed, status.fromState, status.problems], [second, second, false, []]);
    assert.deepEqual(published, [first, second]);
    const last = events.findLast((event) => event.type === 'published');
    assert.deepEqual(last, {
      type: 'published',
      revision: second,
      meshes: 1,
      revisions: 1,
      parsedFiles: 0,
      compiledRevisions: 1,
      warnings: [],
    });
  });

  it('is not fetched or built again while it does not change', async () => {
    const source = open();
    await source.start();
    const before = source.current();
    await source.sync();
    assert.equal(source.current(), before);
    assert.equal(events.at(-1)?.type, 'unchanged');
  });

  it('keeps the last good commit when one is broken, and tells everything that is wrong with it', async () => {
    const source = open();
    await source.start();
    const good = source.current();
    const broken = commit({
      'mesh.yaml': MESH.replace('provider', 'provder'),
      'v1.yaml': REVISION.replace('overlay.tpl', 'gone.tpl'),
      'more.yaml': MESH.replace('kind: Mesh', 'kind: Mess'),
    });
    const status = await source.sync();
    assert.equal(source.current(), good);
    assert.deepEqual([status.serving, status.observed], [first, broken]);
    assert.deepEqual(
      status.problems.map(({ file, line, column, code }) => [file, line, column, code]),
      [
        ['mesh.yaml', 4, 1, 'FIELD_MISSING'],
        ['mesh.yaml', 4, 8, 'FIELD_UNKNOWN'],
        ['more.yaml', 2, 7, 'KIND_UNKNOWN'],
        ['v1.yaml', 4, 48, 'REFERENCE_MISSING'],
      ],
    );
    assert.equal((await source.sync()).problems.length, 4, 'the same commit is as broken when it is looked at again');
    const fixed = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'more.yaml': '' });
    assert.deepEqual([(await source.sync()).serving, source.status().problems], [fixed, []]);
  });

  it('follows rewritten history', async () => {
    const source = open();
    commit({ 'overlay.tpl': '# second' });
    await source.start();
    git(remote, 'reset', '-q', '--hard', 'HEAD~1');
    const rewritten = commit({ 'overlay.tpl': '# another' }, '--amend');
    assert.equal((await source.sync()).serving, rewritten);
  });

  it('says when its branch is deleted, and serves on until it is back', async () => {
    git(remote, 'branch', 'release');
    const source = open({ ref: 'release' });
    await source.start();
    const serving = source.status().serving;
    git(remote, 'branch', '-D', 'release');
    const gone = await source.sync();
    assert.deepEqual([gone.serving, codes(gone.problems)], [serving, ['REF_MISSING']]);
    assert.match(gone.problems[0]?.message ?? '', /no branch or tag release/);
    git(remote, 'branch', 'release');
    assert.deepEqual((await source.sync()).problems, []);
  });

  it('can be named by branch, tag and commit', async () => {
    const id = first.split(':')[1] ?? '';
    git(remote, 'tag', 'light');
    git(remote, 'tag', '-a', '-m', 'x', 'annotated');
    commit({ 'overlay.tpl': '# later' });
    for (const [ref, revision] of [
      ['light', `light@sha1:${id}`],
      ['annotated', `annotated@sha1:${id}`],
      ['refs/tags/annotated', `annotated@sha1:${id}`],
      [id, `HEAD@sha1:${id}`],
    ]) {
      const source = open({ ref, stateDir: join(root, `state-${ref?.replaceAll('/', '-')}`) });
      await source.start();
      assert.equal(source.current()?.revision, revision);
    }
  });

  it('may hold its policies in a folder, and whatever it likes elsewhere', async () => {
    symlinkSync('/etc/passwd', join(remote, 'link.yaml'));
    const revision = commit({
      'clusters/prod/mesh.yaml': MESH,
      'clusters/prod/v1.yaml': REVISION,
      'clusters/prod/overlay.tpl': '',
    });
    const source = open({ path: './clusters/prod/' });
    await source.start();
    assert.equal(source.current()?.revision, revision);
    commit({ 'clusters/prod/mesh.yaml': 'apiVersion: meshgate.dev/v1alpha1\nkind: X\n' });
    assert.equal((await source.sync()).problems[0]?.file, 'clusters/prod/mesh.yaml');
    assert.deepEqual((await startFails(open({ path: 'nowhere', stateDir: join(root, 's2') }))).code, 'PATH_MISSING');
    assert.deepEqual((await startFails(open({ path: '../..', stateDir: join(root, 's3') }))).code, 'PATH_MISSING');
  });

  it('may use SHA-256', async () => {
    const other = join(root, 'remote256');
    mkdirSync(other);
    git(other, 'init', '-q', '-b', 'main', '--object-format=sha256');
    write(other, { 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    git(other, 'add', '-A');
    git(other, 'commit', '-q', '-m', 'x');
    const source = open({ source: `file://${other}` });
    await source.start();
    assert.match(source.current()?.revision ?? '', /^main@sha256:[0-9a-f]{64}$/);
  });

  it('is fetched shallowly into a cache that does not grow with every commit', async () => {
    const source = open();
    await source.start();
    for (let count = 0; count < MAX_CACHE_PACKS + 2; count += 1) {
      commit({ 'overlay.tpl': `# ${count}` });
      assert.deepEqual((await source.sync()).problems, []);
    }
    const cache = join(state, 'git', 'cache.git');
    const packs = readdirSync(join(cache, 'objects', 'pack')).filter((name) => name.endsWith('.pack'));
    assert.ok(packs.length < MAX_CACHE_PACKS, `${packs.length} packs`);
    assert.equal(git(cache, 'rev-list', '--all').split('\n').length, 1);
  });

  it('runs no hooks of anyone', async () => {
    const source = open();
    await source.start();
    const hooks = join(state, 'git', 'cache.git', 'hooks');
    mkdirSync(hooks, { recursive: true });
    for (const name of ['reference-transaction', 'post-checkout', 'pre-auto-gc']) {
      writeFileSync(join(hooks, name), `#!/bin/sh\ntouch ${join(root, 'owned')}\n`);
      chmodSync(join(hooks, name), 0o755);
    }
    commit({ 'overlay.tpl': '# hooked' });
    assert.deepEqual((await source.sync()).problems, []);
    assert.equal(existsSync(join(root, 'owned')), false);
  });
});
