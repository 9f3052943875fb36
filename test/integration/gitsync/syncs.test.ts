/** When sources are looked at, and how that ends. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { beforeEach, describe, it } from 'node:test';
import type { Clock } from '../../../gateway/gitsync/clock.ts';
import { SourceError } from '../../../gateway/gitsync/problem.ts';
import { codes, commit, events, listenSilently, MESH, open, REVISION, remote, until, useRepository } from './remote.ts';

useRepository();

describe('syncs', () => {
  beforeEach(() => {
    commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
  });

  it('never overlap: a call joins the one under way', async () => {
    let running = 0;
    let most = 0;
    const source = open({
      compile: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 50));
        running -= 1;
        return [];
      },
    });
    const statuses = await Promise.all([source.sync(), source.sync(), source.sync()]);
    assert.equal(most, 1);
    assert.equal(new Set(statuses).size, 1);
    assert.equal(events.filter((event) => event.type === 'published').length, 1);
  });

  it('come at the interval, with jitter, and later and later after failures', async () => {
    const delays: number[] = [];
    let fire: (() => void) | null = null;
    const clock: Clock = {
      now: () => new Date(0),
      random: () => 0.5,
      after: (delayMs, callback) => {
        if (delayMs === 5_000 && delays.length === 0 && fire === null) return () => undefined;
        delays.push(delayMs);
        fire = callback;
        return () => undefined;
      },
    };
    const source = open({ clock });
    await source.start();
    assert.deepEqual(delays, [60_000]);
    execFileSync('mv', [remote, `${remote}-away`]);
    for (let count = 0; count < 8; count += 1) await source.sync();
    assert.deepEqual(delays.slice(1), [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    execFileSync('mv', [`${remote}-away`, remote]);
    await source.sync();
    assert.equal(delays.at(-1), 60_000);
    const before = events.length;
    (fire as (() => void) | null)?.();
    await until(() => events.length > before, 'the sync that the timer starts');
  });

  it('try a compile that failed by itself again, without a new commit', async () => {
    let fails = true;
    const source = open({ compile: async () => (fails ? Promise.reject(new Error('no worker')) : []) });
    assert.deepEqual(codes((await source.sync()).problems), ['COMPILE_FAILED']);
    fails = false;
    assert.deepEqual((await source.sync()).problems, []);
    assert.ok(source.current());
  });

  it('go on when a listener throws', async () => {
    const source = open();
    source.onPublish(() => {
      throw new Error('listener');
    });
    const seen: string[] = [];
    const unsubscribe = source.onPublish(({ revision }) => seen.push(revision));
    source.onStatus(() => seen.push('status'));
    await source.start();
    assert.equal(seen.length, 2);
    unsubscribe();
    commit({ 'overlay.tpl': '# next' });
    await source.sync();
    assert.deepEqual(seen.slice(2), ['status']);
  });

  it('end with stop(), also in the middle of a fetch, and nobody hears of them', async () => {
    const silent = await listenSilently();
    const source = open({ source: `${silent.url}/repo.git` });
    const starting = source.start().then(
      () => 'started',
      (error: unknown) => error,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const started = performance.now();
    await source.stop();
    assert.ok(performance.now() - started < 4_000);
    assert.ok((await starting) instanceof SourceError);
    assert.deepEqual(
      events.filter((event) => event.type === 'rejected'),
      [],
    );
    assert.equal((await source.sync()).lastAttemptAt, null);
    silent.close();
  });

  it('end with stop() in the middle of a compile', async () => {
    let compiling = false;
    const source = open({
      compile: () => {
        compiling = true;
        return new Promise(() => undefined);
      },
    });
    const starting = source.start().catch((error: unknown) => error);
    await until(() => compiling, 'the compile');
    await source.stop();
    assert.ok((await starting) instanceof SourceError);
    assert.equal(source.current(), null);
  });
});
