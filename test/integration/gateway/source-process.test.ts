/**
 * The process that keeps a gateway's sources: requests come before it, its end is nobody's, and it ends with its gateway.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import { patchText, review, TestClient } from './harness.ts';
import { children, GatewayProcess, isRunning, makeFolders, readFile } from './process.ts';

const LIMIT_MS = 20_000;

describe('the process that keeps the sources', { skip: process.platform !== 'linux' }, () => {
  const folders = makeFolders();
  let gateway: GatewayProcess;
  let ready: ReadyLine;
  let client: TestClient;
  before(async () => {
    gateway = new GatewayProcess([
      ...['serve', '--source', folders.policy, '--state', folders.state, '--workers', '1'],
      ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0'],
    ]);
    ready = await gateway.ready();
    client = new TestClient(ready.admission, readFile(ready.ca));
  });
  after(async () => {
    await client.close();
    gateway.child.kill('SIGKILL');
    folders.remove();
  });

  function keepers(): number[] {
    return children(gateway).filter((pid) => isRunning(pid, 'source-host'));
  }

  async function serves(image: string): Promise<boolean> {
    const answer = await client.post('/inject?timeout=10s', review('u'));
    assert.equal(answer.status, 200);
    return patchText(answer).includes(`"${image}"`);
  }

  async function within(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    for (const limit = performance.now() + LIMIT_MS; performance.now() < limit; ) {
      if (await check()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(what);
  }

  function commit(image: string): void {
    const overlay = `spec:\n  containers:\n  - {name: proxy, image: "${image}"}\n`;
    writeFileSync(join(folders.policy, 'overlay.tpl'), overlay);
  }

  /** Of its threads. */
  function priorities(pid: number): number[] {
    return readdirSync(`/proc/${pid}/task`).map((thread) => getPriority(Number(thread)));
  }

  test('comes after requests with each of its threads', async () => {
    const [keeper] = keepers();
    assert.ok(keeper !== undefined);
    await within('a thread has the priority of requests', () => priorities(keeper).every((nice) => nice === 10));
    const { pid = 0 } = gateway.child;
    assert.equal(getPriority(pid), 0);
  });

  test('says what is wrong with a commit, while the last good one serves', async () => {
    commit('{{ if }}');
    const ask = async () => (await (await request(`${ready.admin}/readyz`)).body.text()).includes('overlay.tpl');
    await within('the problem was not told', ask);
    assert.ok(await serves('proxy:1'));
    commit('proxy:2');
    await within('the next commit does not serve', () => serves('proxy:2'));
  });

  test('is replaced when it ends, and later commits serve', async () => {
    const [keeper] = keepers();
    assert.ok(keeper !== undefined);
    process.kill(keeper, 'SIGKILL');
    assert.ok(await serves('proxy:2'));
    await within('it was not replaced', () => keepers().some((pid) => pid !== keeper));
    assert.match(gateway.stderr, /the process that keeps the sources ended and is replaced/);
    commit('proxy:3');
    await within('what came after it does not serve', () => serves('proxy:3'));
  });

  test('ends with its gateway', async () => {
    const [keeper = 0] = keepers();
    gateway.child.kill('SIGTERM');
    const { code, stderr } = await gateway.ended;
    assert.equal(code, 0, stderr);
    assert.throws(() => process.kill(keeper, 0), { code: 'ESRCH' });
  });
});
