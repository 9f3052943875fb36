/**
 * What callers see when a worker fails, hangs or can not keep up.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type Answer,
  makeMesh,
  makeSnapshot,
  patchText,
  review,
  startTestGateway,
  TestClient,
  type TestGateway,
} from './harness.ts';

const workerFile = new URL('./workers/failing.ts', import.meta.url);
const snapshot = makeSnapshot('test@1', [
  makeMesh('strict', { onError: 'Fail' }),
  makeMesh('lenient', { onError: 'Ignore' }),
  makeMesh('deferring', { onError: 'Defer' }),
]);

function assertFollowsOnError(answer: Answer, mesh: string, uid: string, code: string, status: number): void {
  const { response } = answer.body;
  assert.equal(response?.uid, uid, answer.text);
  assert.equal(answer.headers['retry-after'], undefined);
  if (mesh === 'lenient') {
    assert.equal(answer.status, 200);
    assert.equal(response?.allowed, true);
    assert.equal(response?.patch, undefined);
    assert.equal(response?.warnings?.length, 1);
    assert.ok(response?.warnings?.[0]?.includes(code));
    assert.ok((response?.warnings?.[0]?.length ?? 0) <= 120);
    assert.deepEqual(Object.values(response?.auditAnnotations ?? {}), [code]);
    return;
  }
  assert.equal(response?.allowed, false);
  assert.equal(response?.status?.reason, code);
  assert.equal(answer.status, mesh === 'deferring' ? 503 : 200);
  assert.equal(response?.status?.code, mesh === 'deferring' ? 503 : status);
}

describe('a worker that ends', () => {
  let server: TestGateway;
  let client: TestClient;
  before(async () => {
    server = await startTestGateway({ snapshot, workerFile, flags: { workerMemory: '64' } });
    client = new TestClient(server.ready.admission, server.ca);
  });
  after(async () => {
    await client.close();
    await server.stop();
  });

  for (const cause of ['exit', 'memory']) {
    for (const mesh of ['strict', 'lenient', 'deferring']) {
      test(`by ${cause} answers its requests as mesh ${mesh} says, and is replaced`, async () => {
        const answer = await client.post(
          `/inject/mesh/${mesh}?timeout=20s`,
          review('u-dead', { note: `fail: ${cause}` }),
        );
        assertFollowsOnError(answer, mesh, 'u-dead', 'WORKER_CRASHED', 500);
        const next = await client.post(`/inject/mesh/${mesh}?timeout=20s`, review('u-next'));
        assert.match(patchText(next), /"proxy:1"/);
      });
    }
  }

  test('loses no request, however many are on their way', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        client.post(
          '/inject/mesh/strict?timeout=20s',
          review(`u-${i}`, i === 20 || i === 120 ? { note: 'fail: exit' } : {}),
        ),
      ),
    );
    const crashed = answers.filter(({ body }) => body.response?.status?.reason === 'WORKER_CRASHED');
    assert.ok(crashed.length >= 2 && crashed.length <= 2 * 16, `${crashed.length} crashed`);
    answers.forEach(({ status, body }, i) => {
      assert.equal(status, 200);
      assert.equal(body.response?.uid, `u-${i}`);
    });
    assert.equal(answers.filter(({ body }) => body.response?.patch !== undefined).length, 200 - crashed.length);
  });
});

describe('a worker that hangs', () => {
  test('costs its request the budget and no more, is ended, and others are served again', async () => {
    const server = await startTestGateway({ snapshot, workerFile });
    const client = new TestClient(server.ready.admission, server.ca);
    try {
      for (const mesh of ['strict', 'lenient', 'deferring']) {
        const start = performance.now();
        const answer = await client.post(
          `/inject/mesh/${mesh}?timeout=300ms`,
          review('u-hung', { note: 'fail: hang' }),
        );
        const elapsed = performance.now() - start;
        assertFollowsOnError(answer, mesh, 'u-hung', 'DEADLINE_EXCEEDED', 504);
        assert.ok(elapsed >= 240 && elapsed < 1_200, `${elapsed} ms`);
        assert.equal((await client.post(`/inject/mesh/${mesh}?timeout=20s`, review('u'))).body.response?.allowed, true);
      }
    } finally {
      await client.close();
      await server.stop();
    }
  });
});

describe('a review that waits longer than its budget', () => {
  test('is answered when the budget ends, while the worker is still busy with others', async () => {
    const server = await startTestGateway({ snapshot, workerFile });
    const client = new TestClient(server.ready.admission, server.ca, { connections: 60 });
    try {
      // One slow review in each of the batches that the worker has, then those that have to wait behind them.
      const slow = [1, 2, 3, 4].map(async (i) => {
        await new Promise((resolve) => setTimeout(resolve, i * 20));
        return client.post('/inject/mesh/strict?timeout=10s', review(`slow-${i}`, { note: 'fail: slow' }));
      });
      await new Promise((resolve) => setTimeout(resolve, 60));
      const late = await client.post('/inject/mesh/strict?timeout=150ms', review('late'));
      assertFollowsOnError(late, 'strict', 'late', 'DEADLINE_EXCEEDED', 504);
      for (const answer of await Promise.all(slow)) assert.match(patchText(answer), /"proxy:1"/);
    } finally {
      await client.close();
      await server.stop();
    }
  });
});
