/** Labels that name a revision, through HTTPS: who injects, what the answer warns of, what the log tells. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { PolicySource } from '../../../workers/policy/policy-source.ts';
import {
  makeMesh,
  makeSnapshot,
  patchText,
  review,
  startTestGateway,
  TestClient,
  type TestGateway,
} from './harness.ts';

let server: TestGateway;
let client: TestClient;
/** Gives a pod with the annotation `note: pin-REVISION` that revision's label. */
const PIN: PolicySource = {
  kind: 'PodPolicy',
  name: 'pin',
  suspend: false,
  priority: 0,
  phase: 'BeforeInjection',
  match: [],
  matchConditions: [{ name: 'asked', expression: "object.metadata.annotations.note.startsWith('pin-')" }],
  variables: [],
  mutations: [
    {
      type: 'template',
      text: 'metadata: { labels: { istio.io/rev: "{{ .ObjectMeta.Annotations.note | trimPrefix "pin-" }}" } }',
    },
  ],
  validations: [],
  auditAnnotations: [],
  skipInjection: false,
  failurePolicy: 'Fail',
};

before(async () => {
  const meshes = [makeMesh('shop'), makeMesh('strict', { unknownRevision: 'Deny', tags: new Map([['next', 'v2']]) })];
  const policies = { digest: 'policies', policies: [PIN] };
  server = await startTestGateway({ snapshot: { ...makeSnapshot('test@1', meshes), policies } });
  client = new TestClient(server.ready.admission, server.ca);
});
after(async () => {
  await client.close();
  await server.stop();
});

const asking = (name: string) => review(`uid-${name}`, { labels: { 'istio.io/rev': name } });

describe('a label with a revision', () => {
  test('is served by that revision, or by the one of its tag', async () => {
    assert.match(patchText(await client.post('/inject/mesh/shop', asking('v2'))), /proxy:2/);
    assert.match(patchText(await client.post('/inject/mesh/strict', asking('next'))), /proxy:2/);
    assert.match(patchText(await client.post('/inject/mesh/shop/rev/v1', asking('v2'))), /proxy:1/);
  });

  test('is served for all replicas of a workload, and counted under its revision', async () => {
    for (const labels of [{ 'istio.io/rev': 'v2' }, { 'istio.io/rev': 'v1' }]) {
      const revision = labels['istio.io/rev'];
      for (let replica = 0; replica < 5; replica++) {
        const uid = `uid-replica-${revision}-${replica}`;
        const asked = JSON.parse(review(uid, { labels })) as { request: { object: { metadata: object } } };
        asked.request.object.metadata = {
          ...asked.request.object.metadata,
          name: `web-${replica}`,
          generateName: 'web-',
        };
        const answer = await client.post('/inject/mesh/shop', JSON.stringify(asked));
        assert.match(patchText(answer), revision === 'v2' ? /proxy:2/ : /proxy:1/);
      }
    }
    const lines = server
      .log()
      .split('\n')
      .filter((line) => line.includes('"mesh":"shop"') && line.includes('"outcome":"patched"'));
    const served = lines.map((line) => (JSON.parse(line) as { revision: string }).revision);
    assert.deepEqual(served.slice(-10), ['v2', 'v2', 'v2', 'v2', 'v2', 'v1', 'v1', 'v1', 'v1', 'v1']);
  });

  test('that stands twice is the one that JSON.parse finds, whichever is read first', async () => {
    const twice = (first: string, last: string) => {
      const member = (name: string) => `"labels":{"istio.io/rev":"${name}"}`;
      return asking(last).replace(member(last), `${member(first)},${member(last)}`);
    };
    assert.match(patchText(await client.post('/inject/mesh/shop', twice('v1', 'v2'))), /proxy:2/);
    assert.match(patchText(await client.post('/inject/mesh/shop', twice('v2', 'v1'))), /proxy:1/);
    assert.match(patchText(await client.post('/inject/mesh/strict', twice('v8', 'next'))), /proxy:2/);
    const denied = await client.post('/inject/mesh/strict', twice('next', 'v8'));
    assert.equal(denied.body.response?.status?.code, 422, denied.text);
  });

  test('that the mesh does not have is a warning in the answer and in the log', async () => {
    const answer = await client.post('/inject/mesh/shop', asking('v9'));
    assert.match(patchText(answer), /proxy:1/);
    const warning = 'label istio.io/rev=v9 of the pod names no revision of mesh shop; revision v1 is used';
    assert.deepEqual(answer.body.response?.warnings, [warning]);
    const line = server
      .log()
      .split('\n')
      .find((each) => each.includes('uid-v9'));
    const told = JSON.parse(line ?? '{}') as Record<string, unknown>;
    assert.deepEqual([told['level'], told['warning'], told['outcome']], ['info', warning, 'patched']);
  });

  test('that the mesh does not have is denied where the mesh says so', async () => {
    const answer = await client.post('/inject/mesh/strict', asking('v8'));
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body.response, {
      uid: 'uid-v8',
      allowed: false,
      status: {
        code: 422,
        message:
          'a label asks for a revision that the mesh does not have: label istio.io/rev=v8 of the pod names no revision of mesh strict',
        reason: 'REVISION_UNSERVED',
      },
    });
    const line = server
      .log()
      .split('\n')
      .find((each) => each.includes('uid-v8'));
    assert.match(line ?? '', /"outcome":"denied","reason":"REVISION_UNSERVED"/);
  });
});

describe('a label that a policy sets before the injection', () => {
  const pinned = (name: string, labels = {}) => review(`uid-pin-${name}`, { labels, note: `pin-${name}` });

  test('chooses the revision as if the pod had come with it, which the log tells', async () => {
    const patch = patchText(await client.post('/inject/mesh/shop', pinned('v2')));
    assert.match(patch, /proxy:2/);
    assert.match(patch, /istio\.io\/rev|istio\.io~1rev/);
    const line = server
      .log()
      .split('\n')
      .find((each) => each.includes('uid-pin-v2'));
    assert.equal((JSON.parse(line ?? '{}') as { revision: string }).revision, 'v2');
    assert.match(patchText(await client.post('/inject/mesh/strict', pinned('next'))), /proxy:2/);
    assert.match(patchText(await client.post('/inject/mesh/shop', pinned('v1', { 'istio.io/rev': 'v2' }))), /proxy:1/);
  });

  test('does not count where the path names the revision', async () => {
    assert.match(patchText(await client.post('/inject/mesh/shop/rev/v1', pinned('v2'))), /proxy:1/);
  });

  test('that the mesh does not have is a warning, or a denial where the mesh says so', async () => {
    const warned = await client.post('/inject/mesh/shop', pinned('v7'));
    assert.match(patchText(warned), /proxy:1/);
    assert.deepEqual(warned.body.response?.warnings, [
      'label istio.io/rev=v7 of the pod names no revision of mesh shop; revision v1 is used',
    ]);
    const denied = await client.post('/inject/mesh/strict', pinned('v7'));
    assert.equal(denied.body.response?.status?.reason, 'REVISION_UNSERVED');
  });
});
