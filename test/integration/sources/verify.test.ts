/** Signatures: made by the real ssh-keygen and gpg, checked through a source. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SourceSpec } from '../../../gateway/gitsync/source-spec.ts';
import { condition, POLICIES, type Repository, Workshop } from './workshop.ts';

let workshop: Workshop;
let remote: Repository;

beforeEach(() => {
  workshop = new Workshop();
  remote = workshop.repository('remote');
});
afterEach(() => workshop.close());

type Verify = NonNullable<SourceSpec['verify']>;

function open(verify: Verify, ref?: SourceSpec['ref'], url = remote.url) {
  return workshop.open([{ url, ref, verify }]);
}

describe('SSH signatures', () => {
  it('let a commit serve that a trusted key signed, and keep any other out by name', async () => {
    const trusted = workshop.sshKey('trusted');
    const stranger = workshop.sshKey('stranger');
    const good = remote.commit(POLICIES, { ssh: trusted.file });
    const source = open({ keys: { allowedSigners: `ann@example.com namespaces="git" ${trusted.publicKey}` } });
    await source.start();
    assert.equal(source.status().serving, good);
    assert.deepEqual(
      [condition(source, 'SourceVerified').status, condition(source, 'SourceVerified').reason],
      ['True', 'Succeeded'],
    );
    assert.match(condition(source, 'SourceVerified').message, new RegExp(remote.head()));

    remote.commit({ 'overlay.tpl': '# unsigned' });
    const unsigned = await source.sync();
    assert.deepEqual([unsigned.serving, unsigned.problems.map(({ code }) => code)], [good, ['SOURCE_UNVERIFIED']]);
    assert.match(
      unsigned.problems[0]?.message ?? '',
      new RegExp(`commit ${remote.head()} of main is not signed .*Ann`),
    );

    remote.commit({ 'overlay.tpl': '# stranger' }, { ssh: stranger.file });
    const wrong = await source.sync();
    assert.equal(wrong.serving, good);
    assert.match(wrong.problems[0]?.message ?? '', /is not signed by a trusted key/);
    const { status, reason } = condition(source, 'SourceVerified');
    assert.deepEqual([status, reason], ['False', 'VerificationError']);
    assert.equal(condition(source, 'Ready').status, 'False');

    const next = remote.commit({ 'overlay.tpl': '# trusted' }, { ssh: trusted.file });
    assert.deepEqual([(await source.sync()).serving, source.status().problems], [next, []]);
  });

  it('are checked with the keys of a mounted folder, which may change', async () => {
    const first = workshop.sshKey('first');
    const second = workshop.sshKey('second');
    const good = remote.commit(POLICIES, { ssh: first.file });
    workshop.write({ 'keys/first.sshpub': `${first.publicKey}\n` });
    const source = open({ keys: { directory: `${workshop.root}/keys` } }, undefined, remote.directory);
    await source.start();
    assert.equal(source.status().serving, good);
    const next = remote.commit({ 'overlay.tpl': '# second' }, { ssh: second.file });
    assert.equal((await source.sync()).serving, good);
    workshop.write({ 'keys/second.sshpub': `# rotated in\n${second.publicKey}\n` });
    assert.equal((await source.sync()).serving, next);
  });

  it('of a tampered commit are worth nothing', async () => {
    const key = workshop.sshKey('trusted');
    const good = remote.commit(POLICIES, { ssh: key.file });
    const source = open({ keys: { allowedSigners: `* ${key.publicKey}` } });
    await source.start();
    const raw = remote.git(['cat-file', 'commit', 'HEAD']);
    workshop.write({ tampered: `${raw.replace('change', 'changed')}\n` });
    const forged = remote.git(['hash-object', '-t', 'commit', '-w', `${workshop.root}/tampered`]);
    remote.git(['update-ref', 'refs/heads/main', forged]);
    const status = await source.sync();
    assert.deepEqual([status.serving, status.problems[0]?.code], [good, 'SOURCE_UNVERIFIED']);
  });
});

describe('OpenPGP signatures', () => {
  it('let a commit serve that a trusted key signed, and keep any other out', async () => {
    const trusted = workshop.pgpKey('trusted');
    const stranger = workshop.pgpKey('stranger');
    const good = remote.commit(POLICIES, { pgp: trusted.home });
    const source = open({ keys: { openPGP: trusted.publicKey } });
    await source.start();
    assert.equal(source.status().serving, good);
    remote.commit({ 'overlay.tpl': '# stranger' }, { pgp: stranger.home });
    const refused = await source.sync();
    assert.deepEqual([refused.serving, refused.problems[0]?.code], [good, 'SOURCE_UNVERIFIED']);
    assert.match(refused.problems[0]?.message ?? '', /No public key/);
  });

  it('are not made good by an SSH key, nor by keys of the user who runs the gateway', async () => {
    const pgp = workshop.pgpKey('trusted');
    const ssh = workshop.sshKey('ssh');
    remote.commit(POLICIES, { pgp: pgp.home });
    const environment = { PATH: process.env['PATH'], HOME: workshop.root, GNUPGHOME: pgp.home };
    const verify = { keys: { allowedSigners: `* ${ssh.publicKey}` } };
    const source = workshop.open([{ url: remote.url, verify }], { environment });
    await assert.rejects(source.start(), { code: 'SOURCE_UNVERIFIED' });
  });

  it('need keys that can be read', async () => {
    remote.commit(POLICIES);
    await assert.rejects(open({ keys: { openPGP: 'no key' } }).start(), { code: 'VERIFY_KEYS_INVALID' });
    workshop.write({ 'keys/README': 'nothing' });
    await assert.rejects(open({ keys: { directory: `${workshop.root}/keys` } }).start(), {
      code: 'VERIFY_KEYS_INVALID',
    });
  });
});

describe('tags', () => {
  it('are verified themselves, their commit, or both, as the mode says', async () => {
    const key = workshop.sshKey('trusted');
    const keys = { allowedSigners: `* ${key.publicKey}` };
    remote.commit(POLICIES);
    remote.tag('v1.0.0', { ssh: key.file });
    remote.git(['tag', 'light']);
    const state = (name: string) => ({ stateDir: `${workshop.root}/${name}` });
    const tagged = (mode: Verify['mode'], tag: string, url = remote.url) =>
      workshop.open(
        [{ url, ref: { tag }, verify: { mode: mode ?? 'HEAD', keys } }],
        state(`${mode}-${tag}-${url.length}`),
      );
    for (const url of [remote.url, remote.directory]) {
      const source = tagged('Tag', 'v1.0.0', url);
      await source.start();
      assert.equal(source.status().serving, `v1.0.0@sha1:${remote.head()}`);
      await assert.rejects(tagged('TagAndHEAD', 'v1.0.0', url).start(), /commit .* is not signed/);
      await assert.rejects(tagged('HEAD', 'v1.0.0', url).start(), { code: 'SOURCE_UNVERIFIED' });
      await assert.rejects(tagged('Tag', 'light', url).start(), /not an annotated tag/);
    }
    remote.commit({ 'overlay.tpl': '# signed' }, { ssh: key.file });
    remote.tag('v1.0.1', { ssh: key.file });
    const both = tagged('TagAndHEAD', 'v1.0.1');
    await both.start();
    assert.match(condition(both, 'SourceVerified').message, /tag v1\.0\.1 .*; .*commit/);
  });
});
