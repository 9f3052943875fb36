/**
 * A workload that ends workers is refused after the second time, where everybody can see it; other pods are not.
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

interface QuarantineEntry {
  readonly mesh: string;
  readonly namespace: string;
  readonly name: string;
  readonly strikes: number;
  readonly until: string;
}

interface PoolStatus {
  readonly workers: readonly string[];
  readonly workersLost: number;
  readonly quarantine: readonly QuarantineEntry[];
}

describe('the quarantine', () => {
  let server: TestGateway;
  let client: TestClient;
  before(async () => {
    server = await startTestGateway({
      snapshot: makeSnapshot('test@1', [makeMesh('strict'), makeMesh('lenient', { onError: 'Ignore' })]),
      workerFile: new URL('./workers/failing.ts', import.meta.url),
      flags: { workers: '2', workerMemory: '64' },
    });
    client = new TestClient(server.ready.admission, server.ca);
  });
  after(async () => {
    await client.close();
    await server.stop();
  });

  function reasonOf(answer: Answer): string | undefined {
    return answer.body.response?.status?.reason ?? Object.values(answer.body.response?.auditAnnotations ?? {})[0];
  }

  async function page(path: string): Promise<string> {
    return (await request(server.ready.admin + path)).body.text();
  }

  async function pool(): Promise<PoolStatus> {
    return (JSON.parse(await page('/api/v1/status')) as { pool: PoolStatus }).pool;
  }

  /** Resolves when so many workers have ended and their successors serve. */
  async function whenReplaced(lost: number): Promise<void> {
    for (let i = 0; i < 400; i++) {
      const { workers, workersLost } = await pool();
      if (workersLost === lost && workers.every((state) => state === 'serving')) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.fail(`${JSON.stringify(await pool())}, not ${lost} workers lost`);
  }

  /** Sends a pod until its workload is in quarantine. */
  async function poison(mesh: string, note: string, timeout: string): Promise<Answer[]> {
    const before = (await pool()).workersLost;
    const answers: Answer[] = [];
    for (let lost = 1; lost <= 2; lost++) {
      answers.push(await client.post(`/inject/mesh/${mesh}?timeout=${timeout}`, review(`u-${lost}`, { note })));
      // A review that hangs is answered before its worker is ended.
      await whenReplaced(before + lost);
    }
    return answers;
  }

  for (const [cause, timeout, code] of [
    ['memory', '20s', 'WORKER_CRASHED'],
    ['hang', '900ms', 'DEADLINE_EXCEEDED'],
  ] as const) {
    test(`takes in what ended two workers by ${cause}, and nothing else`, async () => {
      const note = `fail: ${cause}`;
      for (const answer of await poison('strict', note, timeout)) assert.equal(reasonOf(answer), code);
      const lost = (await pool()).workersLost;
      const start = performance.now();
      const replicas = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          client.post('/inject/mesh/strict?timeout=20s', review(`r-${i}`, { note })),
        ),
      );
      assert.ok(performance.now() - start < 2_000);
      for (const answer of replicas) {
        assert.equal(reasonOf(answer), 'POD_QUARANTINED');
        assert.equal(answer.body.response?.status?.code, 503);
        assert.match(answer.body.response?.status?.message ?? '', /Pod\/web in shop .* mesh strict, revision v1/);
      }
      assert.equal((await pool()).workersLost, lost);
      // Other pods of the namespace, and the same pod elsewhere.
      assert.match(patchText(await client.post('/inject/mesh/strict?timeout=20s', review('u'))), /"proxy:1"/);
      const [entry] = (await pool()).quarantine.filter(({ mesh }) => mesh === 'strict');
      assert.equal(entry?.name, 'Pod/web');
      assert.equal(entry?.namespace, 'shop');
      assert.equal(entry?.strikes, 2);
      assert.ok(Date.parse(entry?.until ?? '') > Date.now());
    });
  }

  test('admits under Ignore, with a warning that fits, and counts the pod as missed', async () => {
    const note = 'fail: exit';
    for (const answer of await poison('lenient', note, '20s')) assert.equal(reasonOf(answer), 'WORKER_CRASHED');
    const answer = await client.post('/inject/mesh/lenient?timeout=20s', review('u', { note }));
    assert.equal(answer.status, 200);
    assert.equal(answer.body.response?.allowed, true);
    assert.equal(reasonOf(answer), 'POD_QUARANTINED');
    const [warning = ''] = answer.body.response?.warnings ?? [];
    assert.ok(warning.length <= 120 && warning.includes('POD_QUARANTINED'), warning);
    const metrics = await page('/metrics');
    assert.ok(metrics.includes('meshgate_missed_total{mesh="lenient",reason="POD_QUARANTINED"} 1'));
    assert.ok(metrics.includes('meshgate_missed_total{mesh="lenient",reason="WORKER_CRASHED"} 2'));
    assert.ok(metrics.includes('meshgate_shed_total{mesh="lenient",reason="POD_QUARANTINED"} 1'));
    assert.match(metrics, /meshgate_quarantined_workloads 3/);
    assert.match(server.log(), /"code":"POD_QUARANTINED".*"mesh":"lenient".*"workload":"Pod\/web"/);
  });
});
