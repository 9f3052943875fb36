/**
 * A gateway that is told to stop says so, finishes what it has begun, and loses nothing.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { request } from 'undici';
import { review, TestClient } from './harness.ts';
import { GatewayProcess, makeFolders, readFile } from './process.ts';

let folders: ReturnType<typeof makeFolders>;
beforeEach(() => {
  folders = makeFolders();
});
afterEach(() => folders.remove());

function serve(...more: string[]): GatewayProcess {
  const { policy, state } = folders;
  return new GatewayProcess([
    ...[
      'serve',
      '--source',
      policy,
      '--state',
      state,
      '--listen',
      '127.0.0.1:0',
      '--admin',
      '127.0.0.1:0',
      '--workers',
      '1',
    ],
    ...more,
  ]);
}

describe('SIGTERM', () => {
  test('under load loses no request: each one sent is answered until the port is closed', async () => {
    const gateway = serve('--drain-delay', '300ms');
    const ready = await gateway.ready();
    const client = new TestClient(ready.admission, readFile(ready.ca), { connections: 16 });
    let answered = 0;
    let refused = 0;
    const lost: unknown[] = [];
    let stopped = false;
    // Connections that were refused, or that were still in the port's backlog when it closed: they never carried a request.
    const neverMade = new Set<unknown>();
    client.agent.on('connectionError', (_origin, _targets, error) => neverMade.add(error));
    const load = Array.from({ length: 16 }, async (_, i) => {
      while (!stopped) {
        try {
          const answer = await client.post('/inject?timeout=10s', review(`u-${i}`));
          assert.equal(answer.status, 200);
          answered++;
        } catch (error) {
          if (!neverMade.has(error)) lost.push(error);
          else {
            refused++;
            return;
          }
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = answered;
    gateway.child.kill('SIGTERM');
    const { code, stderr } = await gateway.ended;
    stopped = true;
    await Promise.all(load);
    await client.close();
    assert.equal(code, 0, stderr);
    assert.deepEqual(lost, []);
    assert.ok(before > 0 && answered > before, `${before} answered before, ${answered} in all, ${refused} refused`);
  });

  test('makes it not ready first, while it goes on serving', async () => {
    const gateway = serve('--drain-delay', '1s');
    const ready = await gateway.ready();
    const client = new TestClient(ready.admission, readFile(ready.ca));
    assert.equal((await request(`${ready.admin}/readyz`)).statusCode, 200);
    gateway.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const probe = await request(`${ready.admin}/readyz`);
    assert.equal(probe.statusCode, 503);
    const { checks } = (await probe.body.json()) as { checks: { running: { ok: boolean }; snapshot: { ok: boolean } } };
    assert.equal(checks.running.ok, false);
    assert.equal(checks.snapshot.ok, true);
    const answer = await client.post('/inject', review('u'));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['connection'], 'close');
    await client.close();
    assert.equal((await gateway.ended).code, 0);
  });

  test('waits for a request that has begun, and answers it', async () => {
    const gateway = serve('--drain-delay', '0');
    const ready = await gateway.ready();
    const { hostname, port } = new URL(ready.admission);
    const socket = connectTls({ host: hostname, port: Number(port), ca: readFile(ready.ca), servername: 'localhost' });
    await once(socket, 'secureConnect');
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    const body = review('begun');
    socket.write(
      `POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.slice(0, 100));
    await new Promise((resolve) => setTimeout(resolve, 200));
    gateway.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(gateway.child.exitCode, null);
    socket.write(body.slice(100));
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close[\s\S]*"uid":"begun","allowed":true/i);
    assert.equal((await gateway.ended).code, 0);
  });

  test('gives up on a request that never ends when the drain timeout is over', async () => {
    const gateway = serve('--drain-delay', '0', '--drain-timeout', '500ms');
    const ready = await gateway.ready();
    const { hostname, port } = new URL(ready.admission);
    const socket = connectTls({ host: hostname, port: Number(port), ca: readFile(ready.ca), servername: 'localhost' });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.write('POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const start = performance.now();
    gateway.child.kill('SIGTERM');
    const { code, stderr } = await gateway.ended;
    assert.equal(code, 0);
    assert.ok(performance.now() - start < 5_000);
    assert.match(stderr, /"requests":1/);
  });

  test('during the start ends it', async () => {
    const gateway = serve();
    await new Promise((resolve) => setTimeout(resolve, 400));
    gateway.child.kill('SIGTERM');
    const { code } = await gateway.ended;
    // Before its handlers are there the signal itself ends it.
    assert.ok(code === 0 || code === null, `code ${code}`);
  });
});
