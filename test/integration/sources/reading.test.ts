/** What of a repository is read, and with which credentials. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MESH, POLICIES, REVISION, type Repository, Workshop } from './workshop.ts';

let workshop: Workshop;
let remote: Repository;

beforeEach(() => {
  workshop = new Workshop();
  remote = workshop.repository('remote');
});
afterEach(() => workshop.close());

describe('a range of versions', () => {
  it('serves its highest tag, and moves on when there is a higher one', async () => {
    remote.commit(POLICIES);
    for (const tag of ['v1.9.0', 'v1.10.0', 'v2.0.0', 'v1.11.0-rc.1', 'nightly']) remote.git(['tag', tag]);
    for (const url of [remote.url, remote.directory]) {
      const source = workshop.open([{ url, ref: { semver: '>=1.0.0, <2.0.0' } }], {
        stateDir: join(workshop.root, url.length.toString()),
      });
      await source.start();
      assert.equal(source.status().serving, `v1.10.0@sha1:${remote.head()}`);
    }
    const source = workshop.open([{ url: remote.url, ref: { semver: '1.x' } }]);
    await source.start();
    remote.commit({ 'overlay.tpl': '# next' });
    remote.git(['tag', '-a', '-m', 'x', 'v1.12']);
    assert.equal((await source.sync()).serving, `v1.12@sha1:${remote.head()}`);
    const none = workshop.open([{ url: remote.url, ref: { semver: '>=9' } }], {
      stateDir: join(workshop.root, 'none'),
    });
    await assert.rejects(none.start(), { code: 'REF_MISSING' });
    const wrong = workshop.open([{ url: remote.url, ref: { semver: 'latest please' } }]);
    await assert.rejects(wrong.start(), { code: 'REF_INVALID' });
  });

  it('and other fields of a ref count in the order of Flux', async () => {
    remote.commit(POLICIES);
    const first = remote.head();
    remote.git(['branch', 'release']);
    remote.git(['update-ref', 'refs/pull/7/head', first]);
    remote.commit({ 'overlay.tpl': '# next' });
    for (const [ref, serving] of [
      [{ commit: first, branch: 'main' }, `main@sha1:${first}`],
      [{ name: 'refs/pull/7/head', branch: 'main' }, `refs/pull/7/head@sha1:${first}`],
      [{ branch: 'release' }, `release@sha1:${first}`],
      [{}, `main@sha1:${remote.head()}`],
    ] as const) {
      const source = workshop.open([{ url: remote.url, ref }], {
        stateDir: join(workshop.root, JSON.stringify(ref).replaceAll('/', '-')),
      });
      await source.start();
      assert.equal(source.status().serving, serving);
    }
  });
});

describe('a path', () => {
  it('is all that is fetched of a repository, also of the next commits', async () => {
    remote.git(['config', 'uploadpack.allowFilter', 'true']);
    const big = (seed: string) => seed.repeat(200_000);
    remote.commit({
      'clusters/a/mesh.yaml': MESH,
      'clusters/a/v1.yaml': REVISION,
      'clusters/a/overlay.tpl': 'spec: {}',
      'other/big.bin': big('x'),
    });
    const source = workshop.open([{ url: remote.url, path: 'clusters/a' }]);
    await source.start();
    const cache = join(workshop.state, 'git', 'sparse.git');
    const has = (path: string) => {
      const id = remote.git(['rev-parse', `HEAD:${path}`]);
      const found = remote.git(['-C', cache, 'cat-file', '--batch-all-objects', '--batch-check']);
      return found.includes(id);
    };
    assert.deepEqual([has('clusters/a/overlay.tpl'), has('other/big.bin')], [true, false]);
    const next = remote.commit({ 'clusters/a/overlay.tpl': '# next', 'other/big.bin': big('y') });
    assert.deepEqual([(await source.sync()).serving, source.status().problems], [next, []]);
    assert.deepEqual([has('clusters/a/overlay.tpl'), has('other/big.bin')], [true, false]);
  });

  it('and patterns leave out what does not belong', async () => {
    const broken = 'apiVersion: meshgate.dev/v1alpha1\nkind: Mess\n';
    const files = { ...POLICIES, 'drafts/a.yaml': broken, 'old.yaml': broken, 'keep/old.yaml': '# fine' };
    const revision = remote.commit(files);
    const ignore = '# comment\n/drafts/\n*old.yaml\n!keep/old.yaml\n';
    for (const url of [remote.url, remote.directory]) {
      const source = workshop.open([{ url, ignore }], { stateDir: join(workshop.root, `s${url.length}`) });
      await source.start();
      assert.equal(source.status().serving, revision);
      assert.equal(source.status().sources?.[0]?.artifact?.files, 4);
    }
    workshop.write(Object.fromEntries(Object.entries(files).map(([path, text]) => [`folder/${path}`, text])));
    await workshop
      .open([{ url: join(workshop.root, 'folder'), ignore }], { stateDir: join(workshop.root, 's') })
      .start();
  });
});

it('a server that never answers is waited for no longer than the timeout', async () => {
  const url = await workshop.serve(() => undefined);
  const started = performance.now();
  const source = workshop.open([{ url: `${url}/remote/.git`, timeoutMs: 300 }]);
  await assert.rejects(source.start(), { code: 'SOURCE_TIMEOUT' });
  assert.ok(performance.now() - started < 4_000);
});

describe('credentials from files', () => {
  const token = 's3kr3t-t0ken-of-a-robot';

  async function serveFor(authorization: string): Promise<string> {
    return workshop.serve((request, response) => {
      if (request.headers.authorization === authorization) workshop.gitBackend(request, response);
      else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
    });
  }
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  it('open a repository as token, as user and password of a mounted Secret, and as bearer token; none is left anywhere', async () => {
    const revision = remote.commit(POLICIES);
    workshop.write({
      'secrets/token': `${token}\n`,
      'secrets/basic/username': 'robot',
      'secrets/basic/password': token,
      'secrets/bearer/bearerToken': `${token}\n`,
    });
    const at = (path: string) => join(workshop.root, 'secrets', path);
    for (const [secretRef, authorization] of [
      [{ tokenFile: at('token'), username: 'x-access-token' }, basic('x-access-token', token)],
      [{ directory: at('basic') }, basic('robot', token)],
      [{ directory: at('bearer') }, `Bearer ${token}`],
    ] as const) {
      const url = `${await serveFor(authorization)}/remote/.git`;
      const stateDir = join(workshop.root, `state-${authorization.length}`);
      const source = workshop.open([{ url, secretRef }], { stateDir });
      await source.start();
      assert.equal(source.status().serving, revision);
      assert.equal(workshop.holds(stateDir, token), false);
    }
    assert.ok(!JSON.stringify(workshop.events).includes(token));
  });

  it('are read anew at every fetch, and named where they are wrong', async () => {
    const revision = remote.commit(POLICIES);
    const url = `${await serveFor(basic('git', token))}/remote/.git`;
    const tokenFile = join(workshop.root, 'token');
    const source = workshop.open([{ url, secretRef: { tokenFile } }]);
    assert.match((await source.sync()).problems[0]?.message ?? '', /there is no file .*token/);
    workshop.write({ token: 'an-old-and-wrong-one' });
    const refused = await source.sync();
    assert.deepEqual(
      refused.problems.map(({ code }) => code),
      ['SOURCE_UNAUTHORIZED'],
    );
    assert.ok(!JSON.stringify(workshop.events).includes('an-old-and-wrong-one'));
    workshop.write({ token });
    assert.equal((await source.sync()).serving, revision);
    workshop.write({ token: 'two\nlines' });
    assert.equal((await source.sync()).problems[0]?.code, 'SECRET_INVALID');
  });

  it('are found as Kubernetes mounts a Secret, also when it is rotated', async () => {
    const revision = remote.commit(POLICIES);
    let password = token;
    const url = await workshop.serve((request, response) => {
      if (request.headers.authorization === basic('robot', password)) workshop.gitBackend(request, response);
      else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
    });
    // Each key is a link into the folder that the link ..data points to; a rotation is a new folder and a new ..data.
    const mount = join(workshop.root, 'mount');
    const rotate = (folder: string, to: string) => {
      workshop.write({ [`mount/${folder}/username`]: 'robot', [`mount/${folder}/password`]: to });
      symlinkSync(folder, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
      password = to;
    };
    rotate('..2026_01_01', token);
    for (const key of ['username', 'password']) symlinkSync(join('..data', key), join(mount, key));
    const source = workshop.open([{ url: `${url}/remote/.git`, secretRef: { directory: mount } }]);
    await source.start();
    assert.equal(source.status().serving, revision);
    rotate('..2026_02_02', 'the-next-password');
    const next = remote.commit({ 'overlay.tpl': '# next' });
    assert.deepEqual([(await source.sync()).serving, source.status().problems], [next, []]);
  });

  it('for ssh reach ssh as a key that nobody else can read and the hosts it is for', async () => {
    const revision = remote.commit(POLICIES);
    // ssh splits paths at white space, and replaces what follows a per cent sign.
    const secret = 'a secret, 100% "mine"';
    // What ssh would do on the other side, done here: it notes what it was called with.
    workshop.write({
      'bin/ssh': `#!/bin/sh\nfor last; do :; done\nwhile [ "$1" != "" ]; do [ "$1" = -i ] && { stat -c '%a' "$2"; cat "$2"; } > ${workshop.root}/key; case "$1" in -oUserKnownHostsFile=*|-oStrictHostKeyChecking=*) echo "$1" >> ${workshop.root}/hosts;; esac; shift; done\nexec sh -c "$last"\n`,
      [`${secret}/identity`]: 'the private key',
      [`${secret}/known_hosts`]: 'git.example.com ssh-ed25519 AAAA',
    });
    chmodSync(join(workshop.root, 'bin/ssh'), 0o755);
    chmodSync(join(workshop.root, secret, 'identity'), 0o644);
    const environment = { PATH: `${join(workshop.root, 'bin')}:${process.env['PATH']}`, HOME: workshop.root };
    const url = `ssh://git@git.example.com${remote.directory}`;
    const source = workshop.open([{ url, secretRef: { directory: join(workshop.root, secret) } }], { environment });
    await source.start();
    assert.equal(source.status().serving, revision);
    assert.equal(readFileSync(join(workshop.root, 'key'), 'utf8'), '600\nthe private key\n');
    const hosts = readFileSync(join(workshop.root, 'hosts'), 'utf8');
    assert.ok(hosts.includes(`-oUserKnownHostsFile="${workshop.root}/a secret, 100%% \\"mine\\"/known_hosts"`), hosts);
    assert.ok(hosts.includes('-oStrictHostKeyChecking=yes'));
    assert.equal(workshop.holds(workshop.state, 'the private key'), false);
  });

  it('for ssh that the other side refuses are told with what ssh says', async () => {
    remote.commit(POLICIES);
    for (const says of [
      'git@git.example.com: Permission denied (publickey).',
      'No ED25519 host key is known for git.example.com and you have requested strict checking.',
      'Host key for git.example.com has changed and you have requested strict checking.',
    ]) {
      workshop.write({
        'bin/ssh': `#!/bin/sh\necho '${says}' >&2\necho 'Host key verification failed.' >&2\nexit 255\n`,
      });
      chmodSync(join(workshop.root, 'bin/ssh'), 0o755);
      const environment = { PATH: `${join(workshop.root, 'bin')}:${process.env['PATH']}`, HOME: workshop.root };
      const source = workshop.open([{ url: 'ssh://git@git.example.com/r' }], { environment });
      await assert.rejects(source.start(), (error: { code?: string; message?: string }) => {
        return error.code === 'SOURCE_UNAUTHORIZED' && error.message?.includes(says) === true;
      });
    }
  });

  it('for a proxy are sent to it', async () => {
    const revision = remote.commit(POLICIES);
    const seen = new Set<string>();
    const proxy = await workshop.serve((request, response) => {
      const given = request.headers['proxy-authorization'];
      if (given === undefined) {
        response.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="proxy"' }).end();
        return;
      }
      seen.add(given);
      // A request through a proxy names the whole address.
      assert.match(request.url ?? '', /^http:\/\/git\.example\.com\//);
      workshop.gitBackend(request, response);
    });
    workshop.write({ proxy: token });
    const spec = { address: proxy, username: 'robot', passwordFile: join(workshop.root, 'proxy') };
    const source = workshop.open([{ url: 'http://git.example.com/remote/.git', proxy: spec }]);
    await source.start();
    assert.equal(source.status().serving, revision);
    assert.deepEqual([...seen], [basic('robot', token)]);
    assert.equal(workshop.holds(workshop.state, token), false);
  });
});
