import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseRef, revisionOf, shortName } from './git-ref.ts';

it('reads branches, tags, full refs, commits and nothing at all', () => {
  assert.deepEqual(parseRef(undefined), { kind: 'head' });
  assert.deepEqual(parseRef('HEAD'), { kind: 'head' });
  assert.deepEqual(parseRef('a'.repeat(40)), { kind: 'commit', commit: 'a'.repeat(40) });
  assert.deepEqual(parseRef('b'.repeat(64)), { kind: 'commit', commit: 'b'.repeat(64) });
  assert.deepEqual(parseRef('feature/x'), {
    kind: 'name',
    name: 'feature/x',
    candidates: ['refs/heads/feature/x', 'refs/tags/feature/x'],
  });
  assert.deepEqual(parseRef('refs/tags/v1'), { kind: 'name', name: 'v1', candidates: ['refs/tags/v1'] });
});

for (const ref of [
  '-x',
  '--upload-pack=touch',
  'a b',
  'a..b',
  'a~1',
  'a^',
  'a:b',
  'a*',
  'a//b',
  '/a',
  'a/',
  '.a',
  'a/.b',
  'a.lock',
  'a.',
  '@',
  'a@{1}',
  'a\\b',
  'a\u0007',
  'x'.repeat(300),
]) {
  it(`refuses the ref ${JSON.stringify(ref.slice(0, 30))}`, () => {
    assert.throws(() => parseRef(ref), { code: 'REF_INVALID' });
  });
}

it('writes revisions with the digest their length tells', () => {
  assert.equal(revisionOf('main', 'a'.repeat(40)), `main@sha1:${'a'.repeat(40)}`);
  assert.equal(revisionOf('main', 'a'.repeat(64)), `main@sha256:${'a'.repeat(64)}`);
  assert.equal(shortName('refs/heads/a/b'), 'a/b');
  assert.equal(shortName('refs/notes/a'), 'refs/notes/a');
});
