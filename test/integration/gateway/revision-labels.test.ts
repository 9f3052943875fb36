/** Labels that name a revision, through HTTPS: who injects, what the answer warns of, what the log tells. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
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
before(async () => {
  const meshes = [makeMesh('shop'), makeMesh('strict', { unknownRevision: 'Deny', tags: new Map([['next', 'v2']]) })];
  server = await startTestGateway({ snapshot: makeSnapshot('test@1', meshes) });
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
