import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownRevisions } from './known-revisions.ts';
import { adopt, injectOne, prepare, rehearse } from './main.ts';
import type { InjectTask, RevisionSource } from './protocol.ts';

function source(name: string, digest: string, template = 'metadata: {labels: {injected: "yes"}}'): RevisionSource {
  const spec = { provider: 'template', template, values: '', injectKey: 'inject', policy: 'enabled' } as const;
  return { digest, mesh: 'mesh', name, spec };
}

function task(revision: string, text = ''): InjectTask {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', annotations: { text } },
    spec: { containers: [] },
  };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const request = { uid: 'u', kind, namespace: 'shop', operation: 'CREATE', object };
  const review = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  const cluster = { namespace: null, owners: {}, nodes: [], nodesKnown: false };
  return { revision, review, params: {}, cluster };
}

test('those that were asked for under another digest are in use, the last asked for first, until they are asked for again', () => {
  const revisions = new KnownRevisions();
  for (const name of ['a', 'b', 'c']) revisions.asked(task(`${name}1`), source(name, `${name}1`));
  const next = [source('a', 'a2'), source('b', 'b2'), source('c', 'c1'), source('d', 'd2')];
  assert.deepEqual(revisions.adopt(next), ['b2', 'a2']);
  assert.equal(revisions.rehearsal('a2')?.revision, 'a2');
  assert.equal(revisions.rehearsal('c1'), undefined, 'the same as before');
  assert.deepEqual(revisions.adopt(next), []);
});

test('what neither the next snapshot nor the last has is forgotten', () => {
  const revisions = new KnownRevisions();
  const known = (): boolean[] => ['a1', 'a2', 'a3', 'b1'].map((digest) => revisions.has(digest));
  const constant = source('b', 'b1');
  revisions.compile(constant);
  revisions.compile(source('a', 'a1'));
  for (const [digest, expected] of [
    ['a2', [true, true, false, true]],
    ['a3', [false, true, true, true]],
  ] as const) {
    const next = source('a', digest);
    revisions.adopt([next, constant]);
    revisions.compile(next);
    assert.deepEqual(known(), expected, 'a request of the last snapshot may still come');
  }
});

test('when the last snapshot is retired, only what this one has is left', () => {
  const revisions = new KnownRevisions();
  revisions.retire();
  for (const digest of ['a1', 'b1']) revisions.compile(source(digest.charAt(0), digest));
  revisions.adopt([source('a', 'a1'), source('b', 'b1')]);
  revisions.adopt([source('a', 'a2'), source('b', 'b1')]);
  revisions.compile(source('a', 'a2'));
  assert.equal(revisions.has('a1'), true);
  revisions.retire();
  assert.deepEqual(
    ['a1', 'a2', 'b1'].map((digest) => revisions.has(digest)),
    [false, true, true],
  );
});

test('a revision that comes back is not compiled again', () => {
  const revisions = new KnownRevisions();
  const compiled = revisions.compile(source('a', 'a1'));
  revisions.adopt([source('a', 'a1')]);
  revisions.asked(task('a1'), source('a', 'a1'));
  assert.deepEqual(revisions.adopt([source('a', 'a2')]), ['a2']);
  revisions.compile(source('a', 'a2'));
  revisions.asked(task('a2'), source('a', 'a2'));
  assert.deepEqual(revisions.adopt([source('a', 'a1')]), []);
  assert.equal(revisions.get('a1'), compiled);
});

test('a review of unusual length is not kept', () => {
  const revisions = new KnownRevisions();
  revisions.asked(task('a1', 'x'.repeat(100_000)), source('a', 'a1'));
  assert.deepEqual(revisions.adopt([source('a', 'a2')]), []);
});

test('what was prepared and rehearsed answers without compiling', async () => {
  const unknown = injectOne(task('web1'));
  assert.ok(!unknown.ok && unknown.error.code === 'REVISION_UNKNOWN');
  const first = injectOne({ ...task('web1'), source: source('web', 'web1') });
  assert.ok(first.ok && first.result.timing.compileMs > 0);
  const next = source('web', 'web2');
  assert.deepEqual(adopt([next, source('rare', 'rare2')]), ['web2']);
  assert.equal((await prepare(next)).ok, true);
  rehearse('web2');
  const second = injectOne(task('web2'));
  assert.ok(second.ok && second.result.timing.compileMs === 0);
  assert.equal(second.result.outcome.kind, 'patched');
  const third = source('web', 'web3');
  assert.deepEqual(adopt([third]), ['web3'], 'because of the request; a rehearsal is none');
  await prepare(third);
  rehearse('web3');
  assert.deepEqual(adopt([source('web', 'web4')]), []);
});

test('a revision that does not compile is told by prepare, and fails its requests', async () => {
  const bad = source('bad', 'bad1', '{{ if }}');
  assert.equal((await prepare(bad)).ok, false);
  const reply = injectOne({ ...task('bad1'), source: bad });
  assert.ok(!reply.ok && reply.error.code === 'INTERNAL');
});
