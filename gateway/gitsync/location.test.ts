import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { displaySource, locateSource, redactUrls, sourceIdentity } from './location.ts';
import { SourceError } from './problem.ts';

function codeOf(source: string): string {
  try {
    locateSource(source);
  } catch (error) {
    assert.ok(error instanceof SourceError, String(error));
    return error.code;
  }
  return 'none';
}

describe('locateSource', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'meshgate-location-'));
    mkdirSync(join(folder, 'work', '.git'), { recursive: true });
    mkdirSync(join(folder, 'plain'));
    for (const name of ['objects', 'refs']) mkdirSync(join(folder, 'bare.git', name), { recursive: true });
    writeFileSync(join(folder, 'bare.git', 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(folder, 'file'), '');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('tells working copies and bare repositories from plain folders', () => {
    assert.deepEqual(locateSource(join(folder, 'work')), {
      kind: 'repository',
      directory: join(folder, 'work'),
      hasFiles: true,
    });
    assert.deepEqual(locateSource(join(folder, 'bare.git')), {
      kind: 'repository',
      directory: join(folder, 'bare.git'),
      hasFiles: false,
    });
    assert.deepEqual(locateSource(join(folder, 'plain')), { kind: 'folder', directory: join(folder, 'plain') });
  });

  it('takes credentials out of a URL, decoded', () => {
    assert.deepEqual(locateSource('https://me:p%40ss@git.example.com:8443/org/repo.git'), {
      kind: 'remote',
      url: 'https://git.example.com:8443/org/repo.git',
      protocol: 'https',
      credentials: { username: 'me', password: 'p@ss' },
    });
  });

  it('knows both forms of ssh', () => {
    const short = locateSource('git@git.example.com:org/repo.git');
    assert.equal(short.kind === 'remote' ? short.protocol : '', 'ssh');
    const long = locateSource('ssh://git@git.example.com:2222/org/repo.git');
    assert.equal(long.kind === 'remote' ? long.url : '', 'ssh://git@git.example.com:2222/org/repo.git');
  });

  for (const [source, code] of [
    ['ext::sh -c touch% /tmp/owned', 'SOURCE_PROTOCOL'],
    ['git://git.example.com/repo', 'SOURCE_PROTOCOL'],
    ['ftp://git.example.com/repo', 'SOURCE_PROTOCOL'],
    ['ssh://-oProxyCommand=touch/repo', 'SOURCE_PROTOCOL'],
    ['-oProxyCommand=touch:repo', 'SOURCE_PROTOCOL'],
    ['https://[broken', 'SOURCE_PROTOCOL'],
    ['https://a%0aevil:x@git.example.com/', 'SOURCE_PROTOCOL'],
    ['file://relative/path', 'SOURCE_PROTOCOL'],
    ['/no/such/folder', 'SOURCE_MISSING'],
    ['./no-such-folder', 'SOURCE_MISSING'],
    ['', 'SOURCE_MISSING'],
  ] as const) {
    it(`refuses ${JSON.stringify(source)} with ${code}`, () => assert.equal(codeOf(source), code));
  }

  it('refuses a file', () => assert.equal(codeOf(join(folder, 'file')), 'SOURCE_MISSING'));

  it('does not repeat the credentials of a malformed URL', () => {
    assert.throws(
      () => locateSource('https://me:sekret@[broken'),
      (error: Error) => !error.message.includes('sekret'),
    );
  });
});

describe('redactUrls', () => {
  it('hides user parts and tokens, and nothing else', () => {
    assert.equal(
      redactUrls('fatal: https://me:sekret@host/x and ssh://git@host/y'),
      'fatal: https://***@host/x and ssh://***@host/y',
    );
    assert.equal(
      redactUrls("unable to access 'https://host/x?access_token=sekret&depth=1'"),
      "unable to access 'https://host/x?access_token=***&depth=1'",
    );
    assert.equal(redactUrls('mail to a@b.example, see https://host/a@b'), 'mail to a@b.example, see https://host/a@b');
    assert.equal(displaySource('https://ghp_token@host/org/repo'), 'https://***@host/org/repo');
  });
});

describe('sourceIdentity', () => {
  it('is the same for rotated credentials, and another for another ref, path or source', () => {
    const identity = sourceIdentity('https://a:1@host/repo', 'main', 'x');
    assert.equal(sourceIdentity('https://b:2@host/repo', 'main', 'x'), identity);
    const others = [
      sourceIdentity('https://a:1@host/repo', 'next', 'x'),
      sourceIdentity('https://a:1@host/repo', 'main', 'y'),
      sourceIdentity('https://a:1@host/other', 'main', 'x'),
    ];
    assert.ok(!others.includes(identity));
  });
});
