/** Repositories on this machine, read without fetching. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commit, git, MESH, open, REVISION, remote, root, startFails, until, useRepository, write } from './remote.ts';

useRepository();

describe('a repository on this machine', () => {
  it('is read as it is committed, whatever lies uncommitted, and nothing is written to it', async () => {
    const first = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    write(remote, { 'mesh.yaml': 'apiVersion: meshgate.dev/v1alpha1\nkind: Broken\n' });
    const before = git(remote, 'status', '--porcelain');
    const source = open({ source: remote });
    await source.start();
    assert.equal(source.current()?.revision, first);
    assert.equal(git(remote, 'status', '--porcelain'), before);
    assert.equal(existsSync(join(remote, '.git', 'refs', 'meshgate')), false);
  });

  it('is looked at when a commit is made', async () => {
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    const source = open({ source: remote });
    await source.start();
    const next = commit({ 'overlay.tpl': '# next' });
    await until(() => source.status().serving === next, 'the new commit');
  });

  it('may be bare, a linked worktree, on another branch, or without any commit', async () => {
    const empty = await startFails(open({ source: remote }));
    assert.equal(empty.code, 'REF_MISSING');
    const first = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    git(root, 'clone', '-q', '--bare', remote, 'bare.git');
    git(remote, 'worktree', 'add', '-q', '-b', 'side', join(root, 'side'));
    for (const [source, ref, revision] of [
      [join(root, 'bare.git'), undefined, first],
      [join(root, 'side'), undefined, first.replace('main', 'side')],
      [remote, 'side', first.replace('main', 'side')],
    ] as const) {
      const opened = open({ source, ref });
      await opened.start();
      assert.equal(opened.current()?.revision, revision);
    }
    git(remote, 'checkout', '-q', '--detach');
    const detached = open({ source: remote });
    await detached.start();
    assert.equal(detached.current()?.revision, first.replace('main', 'HEAD'));
  });
});

it('a local repository is not asked for objects from elsewhere', async () => {
  // A promised object that is missing would make git run a program of the repository's choosing.
  commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '# content' });
  const id = git(remote, 'rev-parse', 'HEAD:overlay.tpl');
  rmSync(join(remote, '.git', 'objects', id.slice(0, 2), id.slice(2)), { force: true });
  appendFileSync(
    join(remote, '.git', 'config'),
    `[core]\n\trepositoryformatversion = 1\n\tsshCommand = touch ${join(root, 'owned')}\n[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\turl = ssh://nowhere/x\n\tpromisor = true\n`,
  );
  const error = await startFails(open({ source: remote }));
  assert.equal(error.code, 'SOURCE_FAILED');
  assert.equal(existsSync(join(root, 'owned')), false);
});
