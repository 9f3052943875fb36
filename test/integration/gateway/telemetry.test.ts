/**
 * Metrics count each request once; traces continue the caller's; probes and status tell the state.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import {
  makeMesh,
  makeSnapshot,
  patchText,
  review,
  startTestGateway,
  TestClient,
  type TestGateway,
} from './harness.ts';

async function page(server: TestGateway, path: string): Promise<{ status: number; text: string }> {
  const answer = await request(server.ready.admin + path);
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** The samples of a metric by their labels, as they stand in the text. */
async function samples(server: TestGateway, name: string): Promise<Map<string, number>> {
  const { text } = await page(server, '/metrics');
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const parts = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (parts?.[1] === name) found.set(parts[2] ?? '', Number(parts[3]));
  }
  return found;
}

describe('metrics', () => {
  let server: TestGateway;
  let client: TestClient;
  before(async () => {
    server = await startTestGateway({ snapshot: makeSnapshot('test@1', [makeMesh('shop', { paths: ['/inject'] })]) });
    client = new TestClient(server.ready.admission, server.ca);
  });
  after(async () => {
    await client.close();
    await server.stop();
  });

  test('count every request exactly once, whatever became of it', async () => {
    const send = async (n: number, post: (i: number) => Promise<unknown>): Promise<void> => {
      await Promise.all(Array.from({ length: n }, (_, i) => post(i)));
    };
    await send(37, (i) => client.post('/inject?timeout=10s', review(`u-${i}`)));
    await send(11, (i) => client.post('/inject/mesh/shop/rev/v2', review(`u-${i}`)));
    await send(5, () => client.post('/inject', review('u', { namespace: 'kube-system' })));
    await send(4, (i) => client.post(`/inject/mesh/unknown-${i}`, review('u')));
    await send(3, () => client.post('/inject', '{'));
    await send(2, () => client.post('/inject', Buffer.alloc(6 * 1024 * 1024 + 1, 0x20)));
    await send(2, () => client.send('GET', '/inject', null, {}));
    const counted = await samples(server, 'meshgate_requests_total');
    const expected = new Map([
      ['mesh="shop",revision="v1",outcome="patched",reason=""', 37],
      ['mesh="shop",revision="v2",outcome="patched",reason=""', 11],
      ['mesh="shop",revision="v1",outcome="skipped",reason="NAMESPACE_IGNORED"', 5],
      ['mesh="",revision="",outcome="failed",reason="MESH_UNKNOWN"', 4],
      ['mesh="shop",revision="v1",outcome="failed",reason="REVIEW_MALFORMED"', 3],
      ['mesh="",revision="",outcome="failed",reason="BODY_TOO_LARGE"', 2],
      ['mesh="shop",revision="v1",outcome="failed",reason="METHOD_NOT_ALLOWED"', 2],
    ]);
    assert.deepEqual([...counted].sort(), [...expected].sort());
    const total = [...expected.values()].reduce((sum, n) => sum + n, 0);
    const durations = await samples(server, 'meshgate_request_duration_seconds_count');
    assert.equal(
      [...durations.values()].reduce((sum, n) => sum + n, 0),
      total,
    );
    assert.equal((await samples(server, 'meshgate_worker_seconds_count')).get('mesh="shop"'), 48);
    assert.equal((await samples(server, 'meshgate_queue_seconds_count')).get('mesh="shop"'), 48);
    assert.equal((await samples(server, 'meshgate_budget_used_ratio_count')).get('mesh="shop"'), 48);
  });

  test('count a caller that goes away', async () => {
    const controller = new AbortController();
    const sent = request(`${server.ready.admission}/inject`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Readable.from(
        (async function* () {
          yield '{"kind":';
          await new Promise((resolve) => setTimeout(resolve, 100));
          controller.abort();
          yield '"AdmissionReview"';
        })(),
      ),
      signal: controller.signal,
      dispatcher: client.agent,
    });
    await assert.rejects(sent, { name: 'AbortError' });
    for (let i = 0; i < 50; i++) {
      const counted = await samples(server, 'meshgate_requests_total');
      const gone = [...counted].filter(([labels]) => labels.includes('reason="CLIENT_GONE"'));
      if (gone.length > 0) {
        assert.deepEqual(
          gone.map(([, n]) => n),
          [1],
        );
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail('the request was not counted');
  });

  test('have the bounds that timeouts need, and tell snapshot and pool', async () => {
    const { text } = await page(server, '/metrics');
    for (const bound of ['0.0005', '1', '2', '3', '5', '10', '15', '30']) {
      assert.ok(
        text.includes(`meshgate_request_duration_seconds_bucket{le="${bound}",mesh="shop",outcome="patched"}`),
        bound,
      );
    }
    assert.deepEqual([...(await samples(server, 'meshgate_snapshot_info'))], [['revision="test@1"', 1]]);
    assert.equal((await samples(server, 'meshgate_pool_workers')).get('state="serving"'), 1);
    assert.equal((await samples(server, 'meshgate_ready')).get(''), 1);
    assert.ok(text.includes('nodejs_eventloop_lag_seconds'));
  });
});

describe('the admin port', () => {
  test('is healthy at once, and ready with a snapshot, also when a later commit has problems', async () => {
    const server = await startTestGateway({ snapshot: null });
    const client = new TestClient(server.ready.admission, server.ca);
    try {
      assert.equal((await page(server, '/healthz')).status, 200);
      assert.equal((await page(server, '/readyz')).status, 503);
      const early = await client.post('/inject/mesh/shop', review('u'));
      assert.equal(early.status, 503);
      assert.equal(early.body.code, 'NOT_READY');
      assert.equal(early.headers['retry-after'], undefined);

      server.source.problems = [
        { code: 'YAML_SYNTAX', severity: 'error', message: 'bad', file: 'a.yaml', line: 3, column: 1 },
      ];
      server.source.publish(makeSnapshot('test@1', [makeMesh('shop')]));
      let ready = await page(server, '/readyz');
      for (let i = 0; i < 100 && ready.status !== 200; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        ready = await page(server, '/readyz');
      }
      assert.equal(ready.status, 200, ready.text);
      const details = JSON.parse(ready.text) as {
        checks: { snapshot: { serving: string } };
        problems: { file: string }[];
      };
      assert.equal(details.checks.snapshot.serving, 'test@1');
      assert.equal(details.problems[0]?.file, 'a.yaml');
      const status = JSON.parse((await page(server, '/api/v1/status')).text) as {
        snapshot: { meshes: { name: string }[] };
      };
      assert.deepEqual(
        status.snapshot.meshes.map(({ name }) => name),
        ['shop'],
      );
      assert.equal((await page(server, '/other')).status, 404);
      const wrong = await request(`${server.ready.admin}/healthz`, { method: 'POST' });
      assert.equal(wrong.statusCode, 405);
    } finally {
      await client.close();
      await server.stop();
    }
  });

  test('requests meet a new snapshot as soon as its revisions are compiled, without a failure in between', async () => {
    const server = await startTestGateway({ snapshot: makeSnapshot('test@1', [makeMesh('shop')]) });
    const client = new TestClient(server.ready.admission, server.ca);
    try {
      let stop = false;
      const images = new Set<string>();
      const load = (async () => {
        while (!stop) {
          const answer = await client.post('/inject/mesh/shop?timeout=10s', review('u'));
          assert.equal(answer.status, 200);
          images.add(/proxy:\d/.exec(patchText(answer))?.[0] ?? 'none');
        }
      })();
      await new Promise((resolve) => setTimeout(resolve, 50));
      server.source.publish(makeSnapshot('test@2', [makeMesh('shop', { defaultRevision: 'v2' })]));
      await new Promise((resolve) => setTimeout(resolve, 200));
      stop = true;
      await load;
      assert.deepEqual([...images], ['proxy:1', 'proxy:2']);
    } finally {
      await client.close();
      await server.stop();
    }
  });
});

describe('traces', () => {
  test("continue the caller's trace and carry the budget", async () => {
    const exports: Buffer[] = [];
    const collector = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        exports.push(Buffer.concat(chunks));
        response.end();
      });
    }).listen(0, '127.0.0.1');
    collector.unref();
    await once(collector, 'listening');
    const { createTracing } = await import('../../../gateway/telemetry/tracing.ts');
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const server = await startTestGateway({
      snapshot: makeSnapshot('test@1', [makeMesh('shop')]),
      tracing: createTracing({ endpoint, version: '0.0.0-test' }),
    });
    const client = new TestClient(server.ready.admission, server.ca);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const parentId = 'b7ad6b7169203331';
    await client.post('/inject/mesh/shop?timeout=5s', review('u'), { traceparent: `00-${traceId}-${parentId}-01` });
    await client.post('/inject/mesh/shop?timeout=5s', review('u'), { traceparent: 'not a traceparent' });
    await client.close();
    // Stopping sends what has not been sent.
    await server.stop();
    collector.close();
    const sent = Buffer.concat(exports);
    const count = (needle: Buffer): number => {
      let n = 0;
      for (let at = sent.indexOf(needle); at >= 0; at = sent.indexOf(needle, at + 1)) n++;
      return n;
    };
    // One server span and its five phases, all in the caller's trace; one of them is the child of the caller's span.
    assert.equal(count(Buffer.from(traceId, 'hex')), 6);
    assert.equal(count(Buffer.from(parentId, 'hex')), 1);
    for (const name of ['admission', 'receive', 'route', 'queue', 'worker', 'respond']) {
      assert.ok(count(Buffer.from(name)) >= 2, name);
    }
    assert.equal(count(Buffer.from('meshgate.budget_remaining_ms')), 2);
  });
});
