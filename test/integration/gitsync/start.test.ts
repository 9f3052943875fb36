/** What serves after a start, with and without an answer of the remote, and from what was saved. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Clock } from '../../../gateway/gitsync/clock.ts';
import {
  codes,
  commit,
  events,
  listenSilently,
  MESH,
  open,
  REVISION,
  remote,
  root,
  startFails,
  state,
  useRepository,
} from './remote.ts';

useRepository();

describe('a start', () => {
  it('without an answer and without state is refused with a code', async () => {
    const error = await startFails(open({ source: `file://${root}/nowhere` }));
    assert.equal(error.code, 'SOURCE_UNREACHABLE');
  });

  it('without git on the PATH says so; a plain folder needs none', async () => {
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    const environment = { PATH: join(root, 'nothing') };
    assert.equal((await startFails(open({ environment }))).code, 'GIT_MISSING');
    rmSync(join(remote, '.git'), { recursive: true });
    await open({ source: remote, environment }).start();
  });

  it('without an answer serves what was saved, and goes on trying', async () => {
    const revision = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': 'spec: {}' });
    const before = open();
    await before.start();
    await before.stop();
    const away = `${remote}-away`;
    execFileSync('mv', [remote, away]);
    const source = open();
    await source.start();
    assert.deepEqual([source.status().serving, source.status().fromState], [revision, true]);
    assert.deepEqual(codes(source.status().problems), ['SOURCE_UNREACHABLE']);
    assert.equal(
      source.current()?.meshes.get('edge')?.revisions.get('v1')?.digest,
      before.current()?.meshes.get('edge')?.revisions.get('v1')?.digest,
    );
    execFileSync('mv', [away, remote]);
    const status = await source.sync();
    assert.deepEqual([status.serving, status.fromState, status.problems], [revision, false, []]);
  });

  it('on a broken commit serves what was saved, and tells what is wrong', async () => {
    const good = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    const before = open();
    await before.start();
    await before.stop();
    const broken = commit({ 'v1.yaml': 'apiVersion: meshgate.dev/v1alpha1\n' });
    const source = open();
    await source.start();
    const { serving, observed, fromState, problems } = source.status();
    assert.deepEqual([serving, observed, fromState], [good, broken, true]);
    assert.deepEqual(codes(problems), ['REVISION_UNDEFINED', 'DOCUMENT_INVALID']);
  });

  it('on a server that never answers serves what was saved after a short wait', async () => {
    const silent = await listenSilently();
    const url = `${silent.url}/repo.git`;
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    const before = open();
    await before.start();
    await before.stop();
    // The state of one source serves no other: pretend it was this one's.
    const { sourceIdentity } = await import('../../../gateway/gitsync/location.ts');
    const { loadState, saveState } = await import('../../../gateway/gitsync/state.ts');
    const saved = await loadState(state, sourceIdentity(`file://${remote}`, undefined, undefined));
    assert.ok(saved.kind === 'loaded');
    await saveState(state, sourceIdentity(url, undefined, undefined), saved.snapshot, null);
    const clock: Clock = {
      now: () => new Date(),
      random: () => 0.5,
      after: (delayMs, callback) => {
        const timer = setTimeout(callback, delayMs === 5_000 ? 50 : delayMs);
        return () => clearTimeout(timer);
      },
    };
    const source = open({ source: url, clock });
    await source.start();
    assert.equal(source.status().fromState, true);
    assert.ok(events.some((event) => event.type === 'insecure-transport'));
    await source.stop();
    silent.close();
  });

  for (const [name, damage] of [
    ['flipped bytes', (text: string) => text.replace('"edge"', '"edgy"')],
    ['a cut', (text: string) => text.slice(0, text.length / 2)],
    ['another version', (text: string) => text.replace(/"version":\d+/, '"version":999')],
    ['nothing in it', () => ''],
    ['junk', () => '\u0000\u0001 not json \n{}'],
  ] as const) {
    it(`reports saved state with ${name}, and does not serve it`, async () => {
      commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
      const before = open();
      await before.start();
      await before.stop();
      const file = join(state, 'snapshot.json');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      writeFileSync(file, damage(readFileSync(file, 'utf8')));
      execFileSync('mv', [remote, `${remote}-away`]);
      const error = await startFails(open());
      assert.equal(error.code, 'SOURCE_UNREACHABLE');
      assert.ok(events.some((event) => event.type === 'state-ignored' && event.problem.code === 'STATE_CORRUPT'));
    });
  }

  it('never serves the state of another source', async () => {
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    const before = open();
    await before.start();
    await before.stop();
    await startFails(open({ source: `file://${root}/other` }));
    await startFails(open({ ref: 'other' }));
  });

  it('removes what an interrupted save left, and a save that fails does not stop serving', async () => {
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    mkdirSync(join(state, 'snapshot.json'), { recursive: true });
    const source = open();
    await source.start();
    assert.ok(source.current());
    assert.ok(events.some((event) => event.type === 'state-not-saved'));
    assert.deepEqual(
      readdirSync(state).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});
