/** Pod policies over HTTPS: around the injections of a mesh, and alone at /policies. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PolicySetSource, PolicySource } from '../../../workers/policy/policy-source.ts';
import {
  makeMesh,
  makeSnapshot,
  patchText,
  review,
  startTestGateway,
  TestClient,
  type TestGateway,
} from './harness.ts';

const EMPTY: PolicySource = {
  kind: 'PodPolicy',
  name: '',
  suspend: false,
  priority: 0,
  phase: 'AfterInjection',
  match: [],
  matchConditions: [],
  variables: [],
  mutations: [],
  validations: [],
  auditAnnotations: [],
  skipInjection: false,
  failurePolicy: 'Fail',
};
const POLICIES: readonly PolicySource[] = [
  {
    ...EMPTY,
    name: 'overlay',
    mutations: [
      { type: 'merge', overlay: { spec: { containers: [{ name: 'proxy', env: [{ name: 'A', value: 'b' }] }] } } },
    ],
    matchConditions: [{ name: 'injected', expression: "object.spec.containers.exists(c, c.name == 'proxy')" }],
  },
  {
    ...EMPTY,
    name: 'no-deny',
    phase: 'BeforeInjection',
    validations: [
      { expression: "object.metadata.annotations.note != 'deny'", message: 'denied by note', actions: ['Deny'] },
    ],
  },
  {
    ...EMPTY,
    name: 'no-injection',
    phase: 'BeforeInjection',
    matchConditions: [{ name: 'note', expression: "object.metadata.annotations.note == 'skip'" }],
    skipInjection: true,
  },
];

let server: TestGateway;
let client: TestClient;

before(async () => {
  const policies: PolicySetSource = { digest: 'policies', policies: POLICIES };
  server = await startTestGateway({ snapshot: { ...makeSnapshot('test@1', [makeMesh('shop')]), policies } });
  client = new TestClient(server.ready.admission, server.ca);
});
after(async () => {
  await client.close();
  await server.stop();
});

test('a policy overlays what the mesh has injected, in one patch', async () => {
  const answer = await client.post('/inject/mesh/shop', review('u'));
  assert.equal(answer.body.response?.allowed, true);
  assert.match(patchText(answer), /"proxy:1"/);
  assert.match(patchText(answer), /"name":"A"/);
});

test('a policy denies before anything is injected', async () => {
  const { response } = (await client.post('/inject/mesh/shop', review('u', { note: 'deny' }))).body;
  assert.equal(response?.allowed, false);
  assert.deepEqual(response?.status?.code, 422);
  assert.equal(response?.status?.message, "PodPolicy 'no-deny' denied request: denied by note");
});

test('a policy keeps a pod from injection', async () => {
  const answer = await client.post('/inject/mesh/shop', review('u', { note: 'skip' }));
  assert.equal(answer.body.response?.allowed, true);
  assert.equal(patchText(answer), '');
});

test('policies answer alone, all of them or one', async () => {
  const denied = await client.post('/policies?timeout=5s', review('u', { note: 'deny' }));
  assert.equal(denied.body.response?.allowed, false);
  const other = await client.post('/policies/name/overlay', review('u', { note: 'deny' }));
  assert.equal(other.body.response?.allowed, true);
  assert.equal(patchText(other), '');
  const unknown = await client.post('/policies/name/none', review('u'));
  assert.equal(unknown.status, 404);
  assert.equal(unknown.body.code, 'POLICY_NOT_FOUND');
});
