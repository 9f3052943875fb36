import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCertificates } from '../../../gateway/server/certificate.ts';
import { measureHandshakes } from './handshakes.ts';
import { Target } from './target.ts';

const folder = mkdtempSync(join(tmpdir(), 'meshgate-bench-test-'));
const seen: { url: string; uid: string }[] = [];
let answer: RequestListener = (_request, response) => response.end('ok');
let origin = '';
let close = (): void => undefined;

before(async () => {
  const { key, cert } = await createCertificates(folder);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ url: request.url ?? '', uid: (JSON.parse(body) as { request: { uid: string } }).request.uid });
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => {
    server.close();
    server.closeAllConnections();
  };
});

after(() => {
  close();
  rmSync(folder, { recursive: true, force: true });
});

function target(urls: readonly string[], connections: number): Target {
  const reviews = { kind: 'distinct', count: 7, seed: 1, annotations: {} } as const;
  return new Target({ do: 'open', name: 'test', urls: urls.map((url) => origin + url), connections, reviews });
}

test('a closed loop sends distinct reviews to its URLs in turn and counts every answer once', async () => {
  seen.length = 0;
  const loaded = target(['/a', '/b'], 3);
  const window = await loaded.capacity(100);
  assert.equal(window.requests, seen.length);
  assert.equal(window.errors, 0);
  assert.equal(new Set(seen.map(({ uid }) => uid)).size, Math.min(7, seen.length));
  assert.deepEqual(new Set(seen.slice(0, 7).map(({ url }) => url)), new Set(['/a', '/b']));
  assert.ok(window.p50Ms > 0 && window.p50Ms <= window.p99Ms && window.p99Ms <= window.maxMs);
  loaded.close();
});

test('connections stay open between windows, and are opened anew when the server has closed them', async () => {
  const loaded = target(['/'], 2);
  await loaded.capacity(30);
  answer = (_request, response) => response.destroy();
  await assert.rejects(loaded.capacity(200), /closed a connection|ECONNRESET|EPIPE/);
  answer = (_request, response) => response.end('ok');
  assert.ok((await loaded.capacity(30)).requests > 0);
  loaded.close();
});

test('answers that are not 200 count as errors', async () => {
  answer = (_request, response) => response.writeHead(503, { 'content-length': 2 }).end('no');
  const loaded = target(['/'], 1);
  const window = await loaded.capacity(30);
  assert.ok(window.requests > 0);
  assert.equal(window.errors, window.requests);
  answer = (_request, response) => response.end('ok');
  loaded.close();
});

test('an open loop sends what is due, and a wait for a free connection counts as latency', async () => {
  answer = (_request, response) => void setTimeout(() => response.end('ok'), 40);
  const loaded = target(['/'], 1);
  const window = await loaded.rate(200, 50);
  assert.equal(window.requests, 10);
  // One connection answers every 40 ms what comes every 20 ms: the last one has waited for nine others.
  assert.ok(window.maxMs > 150, `${window.maxMs} ms`);
  answer = (_request, response) => response.end('ok');
  loaded.close();
});

test('handshakes are resumed when asked, and only then', async () => {
  const command = { do: 'handshakes', name: 'test', ms: 100, parallel: 2 } as const;
  const full = await measureHandshakes(new URL(origin), { ...command, resume: false });
  assert.ok(full.handshakes > 0);
  assert.equal(full.resumed, 0);
  const resumed = await measureHandshakes(new URL(origin), { ...command, resume: true });
  assert.equal(resumed.resumed, resumed.handshakes);
});
