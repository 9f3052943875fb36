/** The replicas of a workload over HTTPS: answered without a worker from the second pod on, each with its own uid, and counted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import { UNKNOWN_CLUSTER } from '../../../gateway/routing/cluster.ts';
import { distinctReviews, stormReviews } from '../../../loadtest/fleet/fleet.ts';
import { compileRevision } from '../../../workers/inject/compile.ts';
import { injectReview } from '../../../workers/inject/inject.ts';
import type { RevisionSource } from '../../../workers/protocol.ts';
import { makeMesh, makeSnapshot, startTestGateway, TestClient, type TestGateway } from './harness.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'policies', 'linkerd-prod');
const REVISION: RevisionSource = {
  digest: 'linkerd',
  mesh: 'mesh',
  name: 'v1',
  spec: {
    provider: 'linkerd',
    values: readFileSync(join(folder, '2-19', 'values.yaml'), 'utf8'),
    trustAnchors: readFileSync(join(folder, 'example-trust-anchors.pem'), 'utf8'),
    controlPlaneNamespace: 'linkerd',
  },
};
const ASKS = { annotations: { 'linkerd.io/inject': 'enabled' } };

describe('replicas', () => {
  const compiled = compileRevision(REVISION);
  let server: TestGateway;
  let client: TestClient;
  before(async () => {
    const mesh = makeMesh('mesh', { provider: 'linkerd', paths: ['/'], revisions: new Map([['v1', REVISION]]) });
    server = await startTestGateway({ snapshot: makeSnapshot('test@1', [mesh]) });
    client = new TestClient(server.ready.admission, server.ca);
  });
  after(async () => {
    await client.close();
    await server.stop();
  });

  async function reused(): Promise<number> {
    const text = await (await request(`${server.ready.admin}/metrics`)).body.text();
    return Number(/^meshgate_answers_reused_total\{mesh="mesh"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Sends reviews one after the other; each has to be answered as an injection of its own would be. */
  async function send(reviews: Iterator<object>, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const review = JSON.stringify(reviews.next().value);
      const task = { revision: 'linkerd', review, params: {}, cluster: UNKNOWN_CLUSTER };
      const own = injectReview(task, () => compiled);
      const answer = await client.post('/?timeout=10s', review);
      assert.deepEqual(answer.body, JSON.parse(own.body));
    }
  }

  test('of one workload are answered from what is known', async () => {
    await send(stormReviews({ seed: 3, ...ASKS }), 40);
    assert.equal(await reused(), 38);
  });

  test('of other workloads are not', async () => {
    const before = await reused();
    await send(distinctReviews({ seed: 4, ...ASKS }), 40);
    assert.equal(await reused(), before);
  });
});
