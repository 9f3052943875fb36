/**
 * What callers see when a worker fails, hangs or can not keep up.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
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

async function page(server: TestGateway, path: string): Promise<{ text: string }> {
  const answer = await request(server.ready.admin + path);
  return { text: await answer.body.text() };
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
          review(`u-${i}`, i === 20 || i === 120 ? { note: `fail: exit ${i}` } : {}),
        ),
      ),
    );
    const crashed = answers.filter(({ body }) => body.response?.status?.reason === 'WORKER_CRASHED');
    // Only the two themselves: what their workers had besides is done by the next one.
    assert.equal(crashed.length, 2);
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
          `/inject/mesh/${mesh}?timeout=900ms`,
          review('u-hung', { note: 'fail: hang' }),
        );
        const elapsed = performance.now() - start;
        assertFollowsOnError(answer, mesh, 'u-hung', 'DEADLINE_EXCEEDED', 504);
        assert.ok(elapsed >= 840 && elapsed < 1_900, `${elapsed} ms`);
        assert.equal((await client.post(`/inject/mesh/${mesh}?timeout=20s`, review('u'))).body.response?.allowed, true);
      }
    } finally {
      await client.close();
      await server.stop();
    }
  });
});

describe('a review behind one that hangs', () => {
  test('is done by another worker, or by the next one, and only the hanging one is late', async () => {
    for (const workers of ['2', '1']) {
      const server = await startTestGateway({ snapshot, workerFile, flags: { workers } });
      const client = new TestClient(server.ready.admission, server.ca, { connections: 40 });
      try {
        await client.post('/inject/mesh/strict?timeout=20s', review('first'));
        const start = performance.now();
        const answers = Array.from({ length: 40 }, async (_, i) => {
          const hangs = i === 3;
          const path = `/inject/mesh/strict?timeout=${hangs ? '900ms' : '20s'}`;
          const answer = await client.post(path, review(`u-${i}`, hangs ? { note: 'fail: hang' } : {}));
          return { answer, hangs, elapsedMs: performance.now() - start };
        });
        for (const { answer, hangs, elapsedMs } of await Promise.all(answers)) {
          if (hangs) assertFollowsOnError(answer, 'strict', 'u-3', 'DEADLINE_EXCEEDED', 504);
          else assert.match(patchText(answer), /"proxy:1"/);
          assert.ok(elapsedMs < 6_000, `${elapsedMs} ms`);
        }
      } finally {
        await client.close();
        await server.stop();
      }
    }
  });
});

describe('a review that can not be done in time', () => {
  for (const mesh of ['strict', 'lenient', 'deferring']) {
    test(`is refused when it comes, as mesh ${mesh} says, with the reason in figures`, async () => {
      const server = await startTestGateway({ snapshot, workerFile });
      const client = new TestClient(server.ready.admission, server.ca, { connections: 40 });
      try {
        const slow = Array.from({ length: 24 }, (_, i) =>
          client.post(`/inject/mesh/${mesh}?timeout=20s`, review(`slow-${i}`, { note: 'fail: slow 80' })),
        );
        // A few are done, so that it is known what they cost; the others need a second and more.
        await Promise.race(slow);
        await new Promise((resolve) => setTimeout(resolve, 250));
        const start = performance.now();
        const answer = await client.post(`/inject/mesh/${mesh}?timeout=300ms`, review('late'));
        const elapsedMs = performance.now() - start;
        assertFollowsOnError(answer, mesh, 'late', 'DEADLINE_UNREACHABLE', 503);
        assert.ok(elapsedMs < 500, `${elapsedMs} ms`);
        const { status, warnings } = answer.body.response ?? {};
        assert.match(status?.message ?? warnings?.[0] ?? '', /\d+ queued, wait \d+ ms, budget 250 ms: mesh/);
        for (const each of await Promise.all(slow)) assert.match(patchText(each), /"proxy:1"/);
        const { text } = await page(server, '/metrics');
        const labels = `{mesh="${mesh}",reason="DEADLINE_UNREACHABLE"} 1`;
        assert.ok(text.includes(`meshgate_shed_total${labels}`));
        assert.equal(text.includes(`meshgate_missed_total${labels}`), mesh === 'lenient');
      } finally {
        await client.close();
        await server.stop();
      }
    });
  }
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
      // Where the machine is slow the wait is known before the budget ends.
      const known = late.body.response?.status?.reason === 'DEADLINE_UNREACHABLE';
      if (known) assertFollowsOnError(late, 'strict', 'late', 'DEADLINE_UNREACHABLE', 503);
      else assertFollowsOnError(late, 'strict', 'late', 'DEADLINE_EXCEEDED', 504);
      for (const answer of await Promise.all(slow)) assert.match(patchText(answer), /"proxy:1"/);
    } finally {
      await client.close();
      await server.stop();
    }
  });
});
