/**
 * A gateway of several listening processes is to its callers as one of a single process.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import { patchText, review, TestClient } from './harness.ts';
import { children, GatewayProcess, isRunning, makeFolders, readFile } from './process.ts';

describe('--processes 2', () => {
  const folders = makeFolders();
  let gateway: GatewayProcess;
  let ready: ReadyLine;
  let client: TestClient;
  before(async () => {
    gateway = new GatewayProcess([
      ...['serve', '--source', folders.policy, '--state', folders.state, '--processes', '2', '--workers', '2'],
      ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '200ms'],
    ]);
    ready = await gateway.ready();
    client = new TestClient(ready.admission, readFile(ready.ca), { connections: 8 });
  });
  after(async () => {
    await client.close();
    gateway.child.kill('SIGKILL');
    folders.remove();
  });

  function listeners(): number[] {
    return children(gateway).filter((pid) => isRunning(pid, 'listener'));
  }

  async function metric(name: string): Promise<number> {
    const text = await (await request(`${ready.admin}/metrics`)).body.text();
    const values = text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'));
    return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async function post(n: number): Promise<void> {
    const answers = await Promise.all(
      Array.from({ length: n }, (_, i) => client.post('/inject?timeout=10s', review(`u-${i}`))),
    );
    for (const answer of answers) assert.equal(answer.status, 200);
  }

  test('serves, and its metrics and status count all processes together', async () => {
    assert.equal(listeners().length, 2);
    await post(60);
    assert.equal(await metric('meshgate_requests_total'), 60);
    assert.equal(await metric('meshgate_request_duration_seconds_count'), 60);
    assert.equal(await metric('meshgate_ready'), 1);
    assert.equal(await metric('meshgate_snapshot_info'), 1);
    assert.equal(await metric('meshgate_pool_workers{state="serving"}'), 2);
    const status = (await (await request(`${ready.admin}/api/v1/status`)).body.json()) as {
      pool: { workers: string[] };
    };
    assert.deepEqual(status.pool.workers, ['serving', 'serving']);
  });

  test('takes a new snapshot in every process', async () => {
    writeFileSync(join(folders.policy, 'overlay.tpl'), 'spec:\n  containers:\n  - {name: proxy, image: "proxy:2"}\n');
    const seen = async (): Promise<boolean> => {
      const fresh = Array.from({ length: 6 }, async () => {
        const one = new TestClient(ready.admission, readFile(ready.ca), { connections: 1 });
        const text = patchText(await one.post('/inject', review('u')));
        await one.close();
        return text.includes('"proxy:2"');
      });
      return (await Promise.all(fresh)).every(Boolean);
    };
    for (let i = 0; i < 50; i++) {
      if (await seen()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail('not all processes took the new snapshot');
  });

  test('replaces a process that is killed, and goes on serving meanwhile', async () => {
    const [victim] = listeners();
    assert.ok(victim !== undefined);
    process.kill(victim, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const survivor = new TestClient(ready.admission, readFile(ready.ca), { connections: 1 });
    assert.equal((await survivor.post('/inject', review('u'))).status, 200);
    await survivor.close();
    assert.equal((await request(`${ready.admin}/readyz`)).statusCode, 200);
    for (let i = 0; i < 100; i++) {
      if ((await metric('meshgate_pool_workers{state="serving"}')) === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(listeners().length, 2);
    assert.ok(!listeners().includes(victim));
    assert.equal(await metric('meshgate_pool_workers{state="serving"}'), 2);
  });

  test('ends with all its processes on SIGTERM', async () => {
    const pids = children(gateway);
    gateway.child.kill('SIGTERM');
    const { code, stderr } = await gateway.ended;
    assert.equal(code, 0, stderr);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});

test('processes end with their gateway, also when it is killed', async () => {
  const folders = makeFolders();
  const gateway = new GatewayProcess([
    ...['serve', '--source', folders.policy, '--state', folders.state, '--processes', '2'],
    ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
  ]);
  try {
    await gateway.ready();
    const pids = children(gateway);
    assert.equal(pids.length, 3, 'two that listen, and one that keeps the sources');
    gateway.child.kill('SIGKILL');
    for (let i = 0; i < 100; i++) {
      if (pids.every(isGone)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail('a process outlived its gateway');
  } finally {
    folders.remove();
  }
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
