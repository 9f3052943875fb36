/** What has served before, and going back to it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Clock } from '../../../gateway/gitsync/clock.ts';
import { MAX_HISTORY } from '../../../gateway/gitsync/limits.ts';
import { condition, POLICIES, type Repository, Workshop } from './workshop.ts';

let workshop: Workshop;
let remote: Repository;

beforeEach(() => {
  workshop = new Workshop();
  remote = workshop.repository('remote');
});
afterEach(() => workshop.close());

describe('a rollback', () => {
  it('serves the snapshot before, survives a restart, and ends when Git moves on', async () => {
    const first = remote.commit(POLICIES);
    const source = workshop.open([{ url: remote.url }]);
    const published: string[] = [];
    source.onPublish(({ revision }) => published.push(revision));
    await source.start();
    const second = remote.commit({ 'overlay.tpl': '# bad idea' });
    await source.sync();
    const went = await source.rollback(null);
    assert.equal(went.revision, first);
    assert.deepEqual([source.status().serving, source.status().held], [first, second]);
    assert.deepEqual([(await source.sync()).serving, source.status().problems], [first, []]);
    assert.equal(condition(source, 'ArtifactOutdated').reason, 'RolledBack');
    assert.deepEqual(published, [first, second, first]);
    assert.deepEqual(
      (await source.snapshots()).map(({ revision, serving }) => [revision, serving]),
      [
        [second, false],
        [first, true],
      ],
    );
    await source.stop();

    const again = workshop.open([{ url: remote.url }]);
    await again.start();
    assert.deepEqual([again.status().serving, again.status().held], [first, second]);
    const third = remote.commit({ 'overlay.tpl': '# better' });
    const moved = await again.sync();
    assert.deepEqual([moved.serving, moved.held, moved.problems], [third, null, []]);
  });

  it('goes to an id, a revision or a commit, and nowhere else', async () => {
    const first = remote.commit(POLICIES);
    const commit = remote.head();
    const source = workshop.open([{ url: remote.url }]);
    await source.start();
    await assert.rejects(source.rollback(null), { code: 'SNAPSHOT_UNKNOWN' });
    remote.commit({ 'overlay.tpl': '# second' });
    await source.sync();
    const id = (await source.snapshots()).at(-1)?.id ?? '';
    for (const to of [first, commit, commit.slice(0, 8), id]) {
      assert.equal((await source.rollback(to)).revision, first);
    }
    for (const to of ['', 'abc', '0'.repeat(40), '../snapshot', commit.slice(0, 6)]) {
      await assert.rejects(source.rollback(to), { code: 'SNAPSHOT_UNKNOWN' });
    }
    for (const file of readdirSync(join(workshop.state, 'history')))
      writeFileSync(join(workshop.state, 'history', file), 'junk');
    await assert.rejects(source.rollback(first), { code: 'SNAPSHOT_UNKNOWN' });
    assert.equal(source.status().serving, first);
  });
});

it('the history holds the last ones, and the same snapshot once', async () => {
  remote.commit(POLICIES);
  const source = workshop.open([{ url: remote.url }]);
  await source.start();
  for (let count = 0; count < MAX_HISTORY + 2; count += 1) {
    remote.commit({ 'overlay.tpl': `# ${count}` });
    await source.sync();
  }
  const entries = await source.snapshots();
  assert.equal(entries.length, MAX_HISTORY);
  assert.equal(new Set(entries.map(({ id }) => id)).size, MAX_HISTORY);
  assert.equal(entries[0]?.serving, true);
});

it('a snapshot whose tests fail is not published', async () => {
  const first = remote.commit(POLICIES);
  const { TestBench } = await import('../../../gateway/policytest/bench.ts');
  const bench = new TestBench();
  const source = workshop.open([{ url: remote.url }], {
    test: (snapshot, tests, prefix, signal) => bench.run(snapshot, tests, prefix, signal),
  });
  try {
    await source.start();
    const test = (outcome: string) => `apiVersion: meshgate.dev/v1alpha1
kind: InjectionTest
metadata: {name: t}
spec:
  mesh: edge
  pod: {metadata: {name: p, labels: {meshgate.dev/inject: enabled}}, spec: {containers: [{name: c, image: i}]}}
  expect: {outcome: ${outcome}}
`;
    remote.commit({ 'overlay.tpl': 'metadata: {labels: {a: b}}', 'tests/t.yaml': test('skipped') });
    const refused = await source.sync();
    assert.deepEqual(
      [refused.serving, refused.problems.map(({ code, file, line }) => [code, file, line])],
      [first, [['TEST_FAILED', 'tests/t.yaml', 3]]],
    );
    assert.equal(condition(source, 'BuildFailed').reason, 'TestsFailed');
    const good = remote.commit({ 'tests/t.yaml': test('patched') });
    assert.deepEqual([(await source.sync()).serving, source.status().problems], [good, []]);
  } finally {
    await bench.close();
  }
});

const NOT_ROOT = 'a file system of a few megabytes can be mounted by root alone';

/** Whether a small file system can be had, to fill it. */
function canMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'meshgate-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

describe('trouble', () => {
  it('for an hour is met with longer and longer waits, and the last good snapshot serves on', async () => {
    const good = remote.commit(POLICIES);
    let now = Date.parse('2026-01-01T00:00:00Z');
    const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
    const clock: Clock = {
      now: () => new Date(now),
      random: () => 0.5,
      after(delayMs, callback) {
        const timer = { at: now + delayMs, callback };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    };
    const source = workshop.open([{ url: remote.url }], { clock });
    await source.start();
    remote.git(['branch', '-m', 'main', 'gone']);
    remote.git(['symbolic-ref', 'HEAD', 'refs/heads/nowhere']);
    const end = now + 3_600_000;
    let attempts = 0;
    while (now < end) {
      const [next] = [...timers].sort((a, b) => a.at - b.at);
      assert.ok(next, 'nothing is scheduled any more');
      timers.delete(next);
      now = Math.max(now, next.at);
      next.callback();
      await source.sync();
      attempts += 1;
    }
    assert.ok(attempts > 10 && attempts < 25, `${attempts} attempts in an hour`);
    assert.deepEqual([source.status().serving, source.status().problems[0]?.code], [good, 'REF_MISSING']);
    assert.equal(condition(source, 'FetchFailed').status, 'True');
    const since = condition(source, 'FetchFailed').lastTransitionTime.getTime();
    assert.ok(now - since > 3_000_000, 'the condition tells since when');
    // The clock jumps a day back: the next attempt is as far away as before.
    now -= 86_400_000;
    await source.sync();
    const [next] = [...timers].sort((a, b) => a.at - b.at);
    assert.ok(next !== undefined && next.at - now <= 330_000, 'the next attempt does not wait for the lost day');
    remote.git(['symbolic-ref', 'HEAD', 'refs/heads/gone']);
    assert.deepEqual((await source.sync()).problems, []);
  });

  it('with the disk is told, and what was published serves', async () => {
    remote.commit(POLICIES);
    const source = workshop.open([{ url: remote.url }]);
    await source.start();
    // What a full disk and a read-only one have in common: nothing can be created where the snapshot is saved.
    const place = join(workshop.state, 'snapshot.json');
    rmSync(place);
    mkdirSync(place);
    const next = remote.commit({ 'overlay.tpl': '# next' });
    assert.equal((await source.sync()).serving, next);
    assert.equal(condition(source, 'StorageOperationFailed').status, 'True');
    rmSync(place, { recursive: true });
    remote.commit({ 'overlay.tpl': '# more' });
    await source.sync();
    assert.equal(condition(source, 'ArtifactInStorage').status, 'True');
  });

  const mountable = canMount();
  it('with a disk that is full keeps what serves until there is room', {
    skip: mountable ? false : NOT_ROOT,
  }, async () => {
    const good = remote.commit(POLICIES);
    mkdirSync(workshop.state);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', workshop.state]);
    try {
      const source = workshop.open([{ url: remote.url }]);
      await source.start();
      const filler = join(workshop.state, 'filler');
      assert.throws(() => writeFileSync(filler, Buffer.alloc(8_000_000)), { code: 'ENOSPC' });
      const next = remote.commit({ 'overlay.tpl': `# ${randomBytes(100_000).toString('hex')}` });
      const full = await source.sync();
      assert.equal(full.serving, good);
      assert.match(condition(source, 'FetchFailed').message, /No space left on device/);
      assert.equal(condition(source, 'Reconciling').reason, 'ProgressingWithRetry');
      rmSync(filler);
      assert.deepEqual([(await source.sync()).serving, source.status().problems], [next, []]);
      assert.equal(condition(source, 'Ready').status, 'True');
      await source.stop();
    } finally {
      execFileSync('umount', [workshop.state]);
    }
  });

  it('with a tree of very many files ends at the limit, quickly', async () => {
    const good = remote.commit(POLICIES);
    const source = workshop.open([{ url: remote.url }]);
    await source.start();
    // A million names without a million files: a tree of a thousand, a thousand times.
    const blob = remote.git(['rev-parse', 'HEAD:overlay.tpl']);
    const tree = (lines: readonly string[]) => {
      workshop.write({ listing: `${lines.join('\n')}\n` });
      return remote.git([
        '-c',
        'core.quotePath=false',
        'hash-object',
        '-t',
        'tree',
        '-w',
        '--literally',
        treeFile(lines),
      ]);
    };
    const treeFile = (lines: readonly string[]): string => {
      const entries = lines.map((line) => {
        const [mode = '', id = '', name = ''] = line.split(' ');
        return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]);
      });
      const path = join(workshop.root, 'tree');
      writeFileSync(path, Buffer.concat(entries));
      return path;
    };
    const name = (index: number) => `f${String(index).padStart(4, '0')}`;
    const leaf = tree(Array.from({ length: 1_000 }, (_, index) => `100644 ${blob} ${name(index)}`));
    const top = tree(Array.from({ length: 1_000 }, (_, index) => `40000 ${leaf} ${name(index)}`));
    remote.git(['update-ref', 'refs/heads/main', remote.git(['commit-tree', '-m', 'many', top])]);
    const started = performance.now();
    const status = await source.sync();
    assert.equal(status.serving, good);
    assert.ok(
      ['TREE_TOO_MANY_FILES', 'SOURCE_TOO_LARGE'].includes(status.problems[0]?.code ?? ''),
      status.problems[0]?.code,
    );
    assert.ok(performance.now() - started < 30_000);
    assert.equal(condition(source, 'FetchFailed').status, 'True');
  });
});

describe('calls to look now', () => {
  it('that come close together are one, and one that comes meanwhile is not lost', async () => {
    remote.commit(POLICIES);
    const source = workshop.open([{ url: remote.url }]);
    await source.start();
    const looks = () => workshop.events.filter(({ type }) => type === 'published' || type === 'unchanged').length;
    const before = looks();
    const next = remote.commit({ 'overlay.tpl': '# pushed' });
    for (let count = 0; count < 50; count += 1) source.trigger();
    const deadline = Date.now() + 10_000;
    while (source.status().serving !== next && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(source.status().serving, next);
    assert.equal(looks() - before, 1);
    const running = source.sync();
    const last = remote.commit({ 'overlay.tpl': '# pushed meanwhile' });
    source.trigger();
    await running;
    while (source.status().serving !== last && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(source.status().serving, last);
  });
});
