import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepPacked, packRevision, toldToThread, unpackRevision } from './packed-revision.ts';
import type { RevisionSource, TemplateRevisionSpec } from './protocol.ts';

const LONG = 'x'.repeat(1_000);

function revisionOf(changes: Partial<TemplateRevisionSpec>): RevisionSource {
  const spec = { template: 'a: b', values: '', injectKey: 'inject', policy: 'enabled', ...changes } as const;
  return { digest: 'd1', mesh: 'shop', name: 'v1', vcluster: 'Skip', spec: { provider: 'template', ...spec } };
}

const REVISIONS = {
  'short texts': revisionOf({}),
  'long texts': revisionOf({ template: LONG, values: `v: ${LONG}` }),
  'texts of characters of one to four bytes': revisionOf({ template: `é→𝄞${LONG}𝄞`, values: `→${LONG}` }),
  'a text that is not well-formed': revisionOf({ template: `${LONG}\ud834`, values: LONG }),
};

for (const [what, revision] of Object.entries(REVISIONS)) {
  test(`a revision with ${what} is what it was, told and kept`, () => {
    const packed = packRevision(revision);
    assert.deepEqual(unpackRevision(structuredClone(packed)), revision);
    const kept = keepPacked(packed);
    assert.deepEqual(kept, revision);
    assert.deepEqual({ ...kept }, revision);
    assert.deepEqual(structuredClone(kept), revision);
    assert.deepEqual(unpackRevision(structuredClone(toldToThread(kept))), revision);
  });
}

test('long texts are told to a thread in memory that both see, and are not among what is cloned', () => {
  const told = toldToThread(keepPacked(packRevision(revisionOf({ template: LONG }))));
  assert.ok('texts' in told);
  assert.ok(told.texts.buffer instanceof SharedArrayBuffer);
  assert.equal(told.texts.byteLength, LONG.length);
  assert.equal(JSON.stringify(told.rest).includes(LONG), false);
});

test('a revision that was never packed is told as it is', () => {
  const revision = revisionOf({ template: LONG });
  assert.equal(toldToThread(revision), revision);
  assert.equal(unpackRevision(revision), revision);
});
