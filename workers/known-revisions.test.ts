import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompileError } from './inject/provider.ts';
import { KnownRevisions } from './known-revisions.ts';
import { injectOne, inUse, learn, missing, prepare, rehearse } from './main.ts';
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

test('a revision that was learned is known, and compiled when it is needed', () => {
  const revisions = new KnownRevisions();
  revisions.learn(source('a', 'a1'));
  assert.deepEqual([revisions.touch('a1'), revisions.isCompiled('a1'), revisions.touch('a2')], [true, false, false]);
  assert.equal(revisions.get('a1')?.source.name, 'a');
  assert.ok(revisions.isCompiled('a1'));
  assert.equal(revisions.get('a2'), undefined);
});

test('a revision that does not compile says so whenever it is needed', () => {
  const revisions = new KnownRevisions();
  revisions.learn(source('a', 'a1', '{{ if }}'));
  for (let time = 0; time < 2; time += 1) assert.throws(() => revisions.get('a1'), CompileError);
});

test('those that were asked for under another digest are in use, the last asked for first, until they are asked for again', () => {
  const revisions = new KnownRevisions();
  for (const name of ['a', 'b', 'c', 'd']) revisions.learn(source(name, `${name}1`));
  for (const name of ['a', 'b', 'c']) revisions.asked(task(`${name}1`), source(name, `${name}1`));
  revisions.learn(source('a', 'a2'));
  revisions.learn(source('b', 'b2'));
  revisions.learn(source('d', 'd2'));
  assert.deepEqual(revisions.inUse(['a2', 'b2', 'c1', 'd2']), ['b2', 'a2']);
  assert.equal(revisions.rehearsal('a2')?.revision, 'a2');
  assert.equal(revisions.rehearsal('c1'), undefined, 'the same as before');
  assert.deepEqual(revisions.inUse(['a2', 'b2']), []);
});

test('a review of unusual length is not kept', () => {
  const revisions = new KnownRevisions();
  revisions.asked(task('a1', 'x'.repeat(100_000)), source('a', 'a1'));
  revisions.learn(source('a', 'a2'));
  assert.deepEqual(revisions.inUse(['a2']), []);
});

test('what was prepared and rehearsed answers without compiling', async () => {
  learn([source('web', 'web1'), source('rare', 'rare1')]);
  assert.deepEqual(missing(['web1', 'rare1', 'web2']), ['web2']);
  const first = injectOne(task('web1'));
  assert.ok(first.ok && first.result.timing.compileMs > 0);
  learn([source('web', 'web2'), source('rare', 'rare2')]);
  assert.deepEqual(inUse(['web2', 'rare2']), ['web2']);
  assert.equal((await prepare('web2')).ok, true);
  rehearse('web2');
  const second = injectOne(task('web2'));
  assert.ok(second.ok && second.result.timing.compileMs === 0);
  assert.equal(second.result.outcome.kind, 'patched');
  learn([source('web', 'web3')]);
  assert.deepEqual(inUse(['web3']), ['web3'], 'because of the request; a rehearsal is none');
  rehearse('web3');
  learn([source('web', 'web4')]);
  assert.deepEqual(inUse(['web4']), []);
});

test('a learned revision that does not compile is told by prepare, and fails its requests', async () => {
  learn([source('bad', 'bad1', '{{ if }}')]);
  assert.equal((await prepare('bad1')).ok, false);
  const reply = injectOne(task('bad1'));
  assert.ok(!reply.ok && reply.error.code === 'INTERNAL');
});
