/**
 * Callers that begin a request and do not go on are told so and let go; others do not feel them. Takes as long as the limits are.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { BODY_TIMEOUT_MS, HEADERS_TIMEOUT_MS, SWEEP_MS } from '../../../gateway/server/limits.ts';
import { makeMesh, makeSnapshot, review, startTestGateway, TestClient, type TestGateway } from './harness.ts';

const TOLERANCE_MS = 3_000;

describe('a caller that stops in the middle of', { concurrency: true }, () => {
  let server: TestGateway;
  before(async () => {
    server = await startTestGateway({ snapshot: makeSnapshot('test@1', [makeMesh('shop', { paths: ['/inject'] })]) });
  });
  after(() => server.stop());

  /** Sends a beginning and resolves with what comes back, and when. */
  async function stall(beginning: string): Promise<{ text: string; elapsedMs: number }> {
    const { hostname, port } = new URL(server.ready.admission);
    const socket = connectTls({ host: hostname, port: Number(port), ca: server.ca, servername: 'localhost' });
    await once(socket, 'secureConnect');
    const start = performance.now();
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.write(beginning);
    await once(socket, 'end');
    socket.destroy();
    return { text, elapsedMs: performance.now() - start };
  }

  function assertLetGo(elapsedMs: number, limitMs: number): void {
    assert.ok(elapsedMs >= limitMs - SWEEP_MS && elapsedMs < limitMs + SWEEP_MS + TOLERANCE_MS, `${elapsedMs} ms`);
  }

  test('its body gets a 408', async () => {
    const head =
      'POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"kind"';
    const { text, elapsedMs } = await stall(head);
    assert.match(text, /^HTTP\/1\.1 408 [\s\S]*connection: close[\s\S]*"code":"REQUEST_TIMEOUT"/i);
    // The refusal is there after the body's time; the connection waits a little for the rest of the body.
    assert.ok(elapsedMs >= BODY_TIMEOUT_MS - SWEEP_MS);
  });

  test('its headers gets a 408', async () => {
    const { text, elapsedMs } = await stall('POST /inject HTTP/1.1\r\nHost: x\r\n');
    assert.match(text, /^HTTP\/1\.1 408 [\s\S]*"code":"REQUEST_TIMEOUT"/);
    assertLetGo(elapsedMs, HEADERS_TIMEOUT_MS);
  });

  test('its body over HTTP/2 gets a 408, and other streams go on', async () => {
    const session = connectHttp2(server.ready.admission, { ca: server.ca });
    const start = performance.now();
    const stream = session.request({ ':method': 'POST', ':path': '/inject', 'content-type': 'application/json' });
    stream.on('error', () => undefined);
    stream.write('{"kind"');
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 408);
    assertLetGo(performance.now() - start, BODY_TIMEOUT_MS);
    const other = session.request({ ':method': 'POST', ':path': '/inject', 'content-type': 'application/json' });
    other.end(review('u'));
    const [answered] = (await once(other, 'response')) as [Record<string, unknown>];
    assert.equal(answered[':status'], 200);
    session.destroy();
  });

  test('many requests at once does not keep others waiting', async () => {
    const { hostname, port } = new URL(server.ready.admission);
    const sockets = Array.from({ length: 100 }, () => {
      const socket = connectTls({ host: hostname, port: Number(port), ca: server.ca, servername: 'localhost' });
      socket.on('error', () => undefined);
      socket.write(
        'POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
      );
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'secureConnect')));
    const client = new TestClient(server.ready.admission, server.ca);
    const start = performance.now();
    for (let i = 0; i < 20; i++) assert.equal((await client.post('/inject', review(`u-${i}`))).status, 200);
    assert.ok(performance.now() - start < 5_000);
    await client.close();
    for (const socket of sockets) socket.destroy();
  });
});
