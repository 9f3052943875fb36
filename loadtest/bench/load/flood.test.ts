import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCertificates } from '../../../gateway/server/certificate.ts';
import { Flood } from './flood.ts';
import type { FloodPart, FloodWindow } from './protocol.ts';

const PATCHED = JSON.stringify({ response: { uid: 'u', allowed: true, patchType: 'JSONPatch', patch: 'W10=' } });
const REFUSED = JSON.stringify({
  response: { uid: 'u', allowed: false, status: { code: 503, reason: 'OVERLOADED' } },
});
const EXPIRED = JSON.stringify({
  response: { uid: 'u', allowed: false, status: { code: 504, reason: 'DEADLINE_EXCEEDED' } },
});

const folder = mkdtempSync(join(tmpdir(), 'meshgate-flood-test-'));
let server: Server;
const urls: string[] = [];
let answer: (response: ServerResponse, count: number) => void = (response) => response.end(PATCHED);
let count = 0;
let origin = '';

before(async () => {
  const { key, cert } = await createCertificates(folder);
  server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    urls.push(request.url ?? '');
    request.resume().on('end', () => answer(response, count++));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

/** A calm of 10 reviews, a flood of 100 in half a second, a calm of 10. */
async function run(connections: number): Promise<FloodWindow> {
  count = 0;
  const reviews = { kind: 'distinct', count: 7, seed: 1, annotations: {} } as const;
  const flood = new Flood(
    { do: 'open', name: 'test', urls: [`${origin}/inject?timeout=10s`], connections: 1, reviews },
    {
      do: 'flood',
      name: 'test',
      connections,
      calmPerSecond: 50,
      calmMs: 200,
      floodPerSecond: 200,
      floodMs: 500,
      timeoutSeconds: 2,
      refusedWithinMs: 50,
    },
  );
  try {
    await flood.connect();
    return await flood.run();
  } finally {
    flood.close();
  }
}

function part({ parts }: FloodWindow, name: string): FloodPart {
  const found = parts.find((each) => each.name === name);
  assert.ok(found, `${name} is not among ${parts.map((each) => each.name).join(', ')}`);
  return found;
}

test('answers are counted by phase and kind, with the timeout that was asked for', async () => {
  answer = (response, at) => response.end(at < 10 || at >= 110 || at % 2 === 0 ? PATCHED : REFUSED);
  const window = await run(20);
  assert.equal(part(window, 'before patched').count, 10);
  assert.equal(part(window, 'flood patched').count, 50);
  assert.equal(part(window, 'flood refused').count, 50);
  assert.equal(part(window, 'after patched').count, 10);
  assert.equal(window.offered, 100);
  assert.equal(window.unanswered, 0);
  assert.equal(window.recoverySeconds, 0);
  assert.ok(part(window, 'flood refused').promptSinceSent > 0.5);
  assert.ok(Math.abs(window.acceptedPerSecond - 100) <= 10, `${window.acceptedPerSecond}/s`);
  assert.deepEqual(new Set(urls), new Set(['/inject?timeout=2s']));
});

test('an answer is told by its body also where that comes after the head', async () => {
  answer = (response) => {
    response.writeHead(200, { 'content-length': PATCHED.length });
    response.flushHeaders();
    setTimeout(() => response.end(PATCHED), 5);
  };
  const window = await run(20);
  assert.deepEqual(window.parts.map(({ name }) => name).sort(), ['after patched', 'before patched', 'flood patched']);
  assert.equal(part(window, 'flood patched').example, `200 ${PATCHED}`);
});

test('a refusal that comes late is late from when it was due, also where the connections were the limit', async () => {
  answer = (response, at) => {
    const flood = at >= 10 && at < 110;
    setTimeout(() => response.end(flood ? EXPIRED : PATCHED), flood ? 20 : 0);
  };
  const window = await run(2);
  const expired = part(window, 'flood expired');
  // Two connections answer a hundred reviews a second, and two hundred are due.
  assert.ok(expired.promptSinceSent > 0.9, `${expired.promptSinceSent}`);
  assert.ok(expired.promptSinceDue < 0.5, `${expired.promptSinceDue}`);
  assert.ok(expired.maxMs > 300, `${expired.maxMs} ms`);
  assert.ok(window.sentLateMs > 200, `${window.sentLateMs} ms`);
});

test('recovery ends with the last review that was not done at once', async () => {
  answer = (response, at) => response.end(at >= 110 && at < 115 ? REFUSED : PATCHED);
  const window = await run(20);
  assert.ok(window.recoverySeconds > 0.05 && window.recoverySeconds < 0.2, `${window.recoverySeconds} s`);
});
