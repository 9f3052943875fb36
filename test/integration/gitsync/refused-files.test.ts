/** Files of a commit that are not taken. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { MAX_TREE_ENTRIES } from '../../../gateway/gitsync/limits.ts';
import {
  codes,
  commit,
  events,
  git,
  MESH,
  open,
  REVISION,
  remote,
  startFails,
  useRepository,
  write,
} from './remote.ts';

useRepository();

describe('files that are refused', () => {
  beforeEach(() => {
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
  });

  for (const [name, spoil, expected] of [
    ['a symbolic link', () => symlinkSync('/etc/passwd', join(remote, 'evil.yaml')), ['TREE_SYMLINK']],
    [
      'a symbolic link that is referred to',
      () => {
        rmSync(join(remote, 'overlay.tpl'));
        symlinkSync('/etc/passwd', join(remote, 'overlay.tpl'));
      },
      ['TREE_SYMLINK', 'REFERENCE_MISSING'],
    ],
    [
      'a submodule',
      () => git(remote, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`),
      ['TREE_SUBMODULE'],
    ],
    ['a huge file', () => write(remote, { 'huge.yaml': `# ${'x'.repeat(5_000_000)}` }), ['FILE_TOO_LARGE']],
    ['binary junk', () => write(remote, { 'junk.yaml': Buffer.from([0, 255, 254, 1, 2, 3]) }), ['FILE_NOT_TEXT']],
    [
      'a YAML bomb',
      () =>
        write(remote, {
          'bomb.yaml': `apiVersion: meshgate.dev/v1alpha1\nkind: Mesh\na: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((each, index) => `${each}: &${each} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`).join('\n')}\n`,
        }),
      ['YAML_LIMIT'],
    ],
    [
      'a reference out of the source',
      () => write(remote, { 'v1.yaml': REVISION.replace('overlay.tpl', '../../../../etc/passwd') }),
      ['REFERENCE_ESCAPES'],
    ],
  ] as const) {
    it(`${name}: ${expected.join(', ')}, and the last good commit serves on`, async () => {
      const source = open();
      await source.start();
      const good = source.status().serving;
      spoil();
      git(remote, 'add', '--', '.');
      if (name === 'a submodule') git(remote, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
      git(remote, 'commit', '-q', '-m', 'spoil');
      const status = await source.sync();
      assert.deepEqual([status.serving, codes(status.problems)], [good, expected]);
      assert.ok(!JSON.stringify(events).includes('root:'), 'nothing of a file outside is shown');
      const [report] = status.sources ?? [];
      const fault = report?.conditions.find(({ type }) => type === 'BuildFailed');
      assert.deepEqual([fault?.status, fault?.reason], ['True', 'PoliciesInvalid']);
      assert.match(fault?.message ?? '', new RegExp(`${git(remote, 'rev-parse', 'HEAD')} is not served: .`));
      assert.equal(report?.artifact?.revision, good);
    });
  }

  it('more files than the limit', async () => {
    const id = git(remote, 'rev-parse', 'HEAD:mesh.yaml');
    const listing = Array.from({ length: MAX_TREE_ENTRIES + 1 }, (_, index) => `100644 blob ${id}\tf${index}`).join(
      '\n',
    );
    const tree = execFileSync('git', ['-C', remote, 'mktree'], { input: `${listing}\n`, encoding: 'utf8' }).trim();
    git(remote, 'update-ref', 'refs/heads/many', git(remote, 'commit-tree', '-m', 'many', tree));
    const error = await startFails(open({ ref: 'many' }));
    assert.equal(error.code, 'TREE_TOO_MANY_FILES');
  });
});
