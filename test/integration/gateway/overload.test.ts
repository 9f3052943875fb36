/**
 * Three times what the gateway can do, for some seconds: nothing is late, what is refused is refused at once, as much is done as
 * before, other meshes do not notice, and afterwards it is as if nothing had been.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { makeMesh, makeSnapshot, review, startTestGateway, TestClient, type TestGateway } from './harness.ts';

/** A review that keeps a worker for 20 ms without using the processor, so that a busy machine has the same capacity. */
const SLOW = { note: 'fail: slow 20' };
const WORKER_MS = 20;
const OVER = 3;
const FLOOD_MS = 5_000;
const TICK_MS = 20;
const TIMEOUT_MS = 3_000;
/** Less the rounding second and the mesh's reserve. */
const BUDGET_MS = 1_950;
/** What a client that shares two cores with everything else may see beyond what the gateway took. */
const CLIENT_MS = 500;

interface Answered {
  readonly atMs: number;
  readonly tookMs: number;
  readonly code: string;
}

describe('a flood', () => {
  let server: TestGateway;
  let flood: TestClient;
  let calm: TestClient;
  before(async () => {
    const snapshot = makeSnapshot('test@1', [makeMesh('flooded'), makeMesh('calm')]);
    server = await startTestGateway({ snapshot, workerFile: new URL('./workers/failing.ts', import.meta.url) });
    flood = new TestClient(server.ready.admission, server.ca, { h2: true, connections: 8 });
    calm = new TestClient(server.ready.admission, server.ca, { connections: 4 });
  });
  after(async () => {
    await flood.close();
    await calm.close();
    await server.stop();
  });

  async function send(
    client: TestClient,
    mesh: string,
    timeoutMs: number,
    changes: { note?: string },
  ): Promise<Answered> {
    const start = performance.now();
    const { body, text } = await client.post(`/inject/mesh/${mesh}?timeout=${timeoutMs}ms`, review('u', changes));
    const atMs = performance.now();
    const code = body.response?.allowed === true ? 'done' : (body.response?.status?.reason ?? text);
    return { atMs, tookMs: atMs - start, code };
  }

  async function status(): Promise<{ queued: number; meshes: { mesh: string; queued: number }[] }> {
    const answer = await request(`${server.ready.admin}/api/v1/status`);
    return ((await answer.body.json()) as { pool: { queued: number; meshes: { mesh: string; queued: number }[] } })
      .pool;
  }

  /** The values of a histogram of the flooded mesh: all, and those up to a bound. */
  async function histogram(name: string, labels: string, bound: string): Promise<{ all: number; within: number }> {
    const text = await (await request(`${server.ready.admin}/metrics`)).body.text();
    const read = (sample: string): number => {
      const line = text.split('\n').find((each) => each.startsWith(`${name}_${sample}`));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    return { all: read(`count{${labels}}`), within: read(`bucket{le="${bound}",${labels}}`) };
  }

  test('of three times the capacity', async () => {
    // Capacity: four clients that wait for their answers keep the worker busy.
    const capacityEnd = performance.now() + 1_500;
    let done = 0;
    const closedLoop = async (): Promise<void> => {
      while (performance.now() < capacityEnd) {
        assert.equal((await send(flood, 'flooded', TIMEOUT_MS, SLOW)).code, 'done');
        done += 1;
      }
    };
    await Promise.all([closedLoop(), closedLoop(), closedLoop(), closedLoop()]);
    const capacityPerMs = done / 1_500;
    assert.ok(capacityPerMs > 0.5 / WORKER_MS, `${done} in 1.5 s`);

    const startMs = performance.now();
    const flooding: Promise<Answered>[] = [];
    const calmly: Promise<Answered>[] = [];
    let longestQueue = 0;
    for (let tick = 1; performance.now() - startMs < FLOOD_MS; tick++) {
      const due = (performance.now() - startMs) * OVER * capacityPerMs;
      while (flooding.length < due) flooding.push(send(flood, 'flooded', TIMEOUT_MS, SLOW));
      if (tick % 5 === 0) calmly.push(send(calm, 'calm', 2_000, {}));
      if (tick % 25 === 0) longestQueue = Math.max(longestQueue, (await status()).queued);
      await sleep(TICK_MS);
    }
    const endMs = performance.now();
    const afterMs = 2_000;
    await sleep(afterMs);
    assert.equal((await status()).queued, 0, 'two seconds later nothing waits');
    const recovered = await send(flood, 'flooded', TIMEOUT_MS, SLOW);
    assert.equal(recovered.code, 'done');
    assert.ok(recovered.tookMs < WORKER_MS + CLIENT_MS, `${recovered.tookMs} ms`);

    const answers = await Promise.all(flooding);
    const accepted = answers.filter(({ code }) => code === 'done');
    const refused = answers.filter(({ code }) => code !== 'done');
    for (const { code, tookMs } of answers) {
      assert.ok(['done', 'DEADLINE_UNREACHABLE', 'OVERLOADED', 'DEADLINE_EXCEEDED'].includes(code), code);
      assert.ok(tookMs < TIMEOUT_MS, `${code} after ${tookMs} ms`);
    }
    // None is let in that can not be done, unless the machine becomes slower while it waits; it is answered within its budget all the same.
    const misjudged = answers.filter(({ code }) => code === 'DEADLINE_EXCEEDED').length;
    assert.ok(misjudged <= 0.02 * answers.length, `${misjudged} of ${answers.length} waited in vain`);
    assert.ok(refused.length > 0.4 * answers.length, `${refused.length} of ${answers.length} refused`);
    const during = accepted.filter(({ atMs }) => atMs < endMs).length;
    // 0.99 to 1.03 in six runs where nothing else ran; a machine that is busy with other things gives the two phases different parts of itself.
    assert.ok(during > 0.85 * capacityPerMs * (endMs - startMs), `${during} done at ${capacityPerMs * 1_000}/s`);
    // By the gateway's own clock, since this client has too much to do to see it.
    const took = 'meshgate_request_duration_seconds';
    const failed = await histogram(took, 'mesh="flooded",outcome="failed"', '0.05');
    assert.equal(failed.all, refused.length);
    assert.ok(failed.within >= 0.99 * failed.all - misjudged, `${failed.within} of ${failed.all} at once`);
    const budgets = await histogram('meshgate_budget_used_ratio', 'mesh="flooded"', '1');
    assert.ok(budgets.within >= 0.99 * budgets.all, `${budgets.within} of ${budgets.all} within their budgets`);
    assert.ok(longestQueue > 0 && longestQueue <= BUDGET_MS / WORKER_MS, `${longestQueue} waited`);

    const others = await Promise.all(calmly);
    assert.ok(others.every(({ code }) => code === 'done'));
    const median = others.map(({ tookMs }) => tookMs).sort((a, b) => a - b)[Math.floor(others.length / 2)] ?? 0;
    assert.ok(median < 150, `the other mesh waits ${median} ms`);
  });
});
