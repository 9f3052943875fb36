/**
 * gateway/gitsync against real git repositories in temporary folders. Nothing here leaves the machine: remotes are file URLs and
 * servers on loopback.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Clock } from '../../gateway/gitsync/clock.ts';
import { MAX_CACHE_PACKS, MAX_TREE_ENTRIES } from '../../gateway/gitsync/limits.ts';
import { SourceError } from '../../gateway/gitsync/problem.ts';
import { createSnapshotSource, type SnapshotSourceOptions, type SyncEvent } from '../../gateway/gitsync/source.ts';
import type { SourceSpec } from '../../gateway/gitsync/source-spec.ts';
import type { Problem, SnapshotSource, SourceControl } from '../../gateway/snapshot.ts';

const MESH = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: edge}
spec: {provider: template, defaultRevision: v1}
`;
const REVISION = `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: v1}
spec: {mesh: edge, template: {template: {file: overlay.tpl}}}
`;

let root = '';
let remote = '';
let state = '';
let events: SyncEvent[] = [];
let sources: SnapshotSource[] = [];

function git(directory: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', directory, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: root,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
    },
  }).trim();
}

function write(directory: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

function commit(files: Readonly<Record<string, string | Buffer>>, ...flags: readonly string[]): string {
  write(remote, files);
  git(remote, 'add', '-A');
  git(remote, 'commit', '-q', '-m', 'change', ...flags);
  return `main@sha1:${git(remote, 'rev-parse', 'HEAD')}`;
}

interface Overrides extends Partial<Omit<SnapshotSourceOptions, 'sources'>>, Partial<Omit<SourceSpec, 'url'>> {
  readonly source?: string;
}

function open(overrides: Overrides = {}): SnapshotSource & SourceControl {
  const { source: url = `file://${remote}`, ...rest } = overrides;
  const source = createSnapshotSource({
    sources: [{ name: 'default', url, intervalMs: 60_000, ...rest }],
    stateDir: state,
    compile: async () => [],
    environment: { PATH: process.env['PATH'], HOME: root },
    report: (event) => events.push(event),
    ...rest,
  });
  sources.push(source);
  return source;
}

function codes(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ code }) => code);
}

async function startFails(source: SnapshotSource): Promise<SourceError> {
  const error = await source.start().then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SourceError, 'start did not reject');
  return error;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A server that takes connections and never says a word. */
async function listenSilently(): Promise<{ readonly url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'meshgate-gitsync-'));
  remote = join(root, 'remote');
  state = join(root, 'state');
  events = [];
  sources = [];
  mkdirSync(remote);
  git(remote, 'init', '-q', '-b', 'main');
});

afterEach(async () => {
  for (const source of sources) await source.stop();
  rmSync(root, { recursive: true, force: true });
});

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
    const { sourceIdentity } = await import('../../gateway/gitsync/location.ts');
    const { loadState, saveState } = await import('../../gateway/gitsync/state.ts');
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

describe('credentials in a URL', () => {
  /** git's own HTTP backend behind a server that wants a password. */
  function backend(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.authorization !== `Basic ${Buffer.from('robot:s3kr3t-t0ken').toString('base64')}`) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      const output = Buffer.concat(chunks);
      const end = output.indexOf('\r\n\r\n');
      let status = 200;
      for (const line of output.toString('latin1', 0, end).split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') status = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.writeHead(status).end(output.subarray(end + 4));
    });
  }

  it('open the repository, and appear in no log, status, state or cache', async () => {
    const server = createHttpServer(backend).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const revision = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    try {
      const source = open({ source: `http://robot:s3kr3t-t0ken@${host}/remote/.git` });
      await source.start();
      assert.equal(source.current()?.revision, revision);
      commit({ 'overlay.tpl': '# next' });
      assert.deepEqual((await source.sync()).problems, []);

      const refused = open({ source: `http://robot:wr0ng-t0ken@${host}/remote/.git`, stateDir: join(root, 'other') });
      const error = await startFails(refused);
      assert.equal(error.code, 'SOURCE_UNAUTHORIZED');
      const shown = JSON.stringify([events, source.status(), refused.status(), error.message, error.stack]);
      assert.ok(!shown.includes('t0ken'), shown);
      for (const directory of [state, join(root, 'other')]) {
        for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
          const path = join(entry.parentPath, entry.name);
          if (entry.isFile()) assert.ok(!readFileSync(path, 'latin1').includes('t0ken'), path);
        }
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
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
