/**
 * What the admission port answers to everything that can be sent to it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { errorEntry } from '../../../gateway/errors.ts';
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

let server: TestGateway;
let client: TestClient;

before(async () => {
  server = await startTestGateway({
    snapshot: makeSnapshot('test@1', [
      makeMesh('shop', { paths: ['/inject', '/'] }),
      makeMesh('other', { paths: ['/inject/other'] }),
    ]),
  });
  client = new TestClient(server.ready.admission, server.ca);
});
after(async () => {
  await client.close();
  await server.stop();
});

function assertError(answer: Answer, code: string, uid: string | null, apiVersion = 'admission.k8s.io/v1'): void {
  const { status } = errorEntry(code);
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.body.code, code);
  assert.match(answer.body.message ?? '', /^[A-Z].*\.$/s);
  if (uid === null) {
    assert.equal(answer.body.response, undefined);
    return;
  }
  assert.equal(answer.body.kind, 'AdmissionReview');
  assert.equal(answer.body.apiVersion, apiVersion);
  assert.deepEqual(answer.body.response, {
    uid,
    allowed: false,
    status: { code: status, message: answer.body.message, reason: code },
  });
}

describe('a review', () => {
  test('is answered in the version that it asked in, with its uid and a patch', async () => {
    for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
      const answer = await client.post('/inject/mesh/shop?timeout=5s', review('u-1', { apiVersion }));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.equal(answer.body.kind, 'AdmissionReview');
      assert.equal(answer.body.apiVersion, apiVersion);
      assert.equal(answer.body.response?.uid, 'u-1');
      assert.equal(answer.body.response?.allowed, true);
      assert.equal(answer.body.response?.patchType, 'JSONPatch');
      assert.match(patchText(answer), /"proxy:1"/);
    }
  });

  test('goes to the revision that the path names, by name or tag, and to the default otherwise', async () => {
    const image = async (path: string): Promise<string> => patchText(await client.post(path, review('u')));
    assert.match(await image('/inject/mesh/shop/rev/v2'), /"proxy:2"/);
    assert.match(await image('/inject/mesh/shop/rev/stable'), /"proxy:1"/);
    assert.match(await image('/inject/mesh/shop/rev/v2/cluster/c--slash--1/net/n'), /"proxy:2"/);
    assert.match(await image('/inject/mesh/shop/cluster/c1'), /"proxy:1"/);
    assert.match(await image('/inject'), /"proxy:1"/);
    assert.match(await image('/inject/cluster/c1/net/n1'), /"proxy:1"/);
    assert.match(await image('/'), /"proxy:1"/);
    assert.match(await image('/inject/other/cluster/x'), /"proxy:1"/);
  });

  test('of an ignored namespace is admitted as it is', async () => {
    const answer = await client.post('/inject', review('u-2', { namespace: 'kube-system' }));
    assert.deepEqual(answer.body.response, { uid: 'u-2', allowed: true });
  });

  test('may say its charset, in any case, and be chunked', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"']) {
      assert.equal((await client.post('/inject', review('u'), { 'content-type': type })).status, 200, type);
    }
    const raw = await rawRequest([
      'POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      ...chunked(review('u-chunked'), 100),
      '0\r\n\r\n',
    ]);
    assert.match(raw, /^HTTP\/1\.1 200 /);
    assert.match(raw, /"uid":"u-chunked","allowed":true/);
  });

  test('with text outside ASCII comes through unharmed', async () => {
    const answer = await client.post('/inject', review('ü-日本-\u{1F600}', { note: 'naïve "quotes" \u2028' }));
    assert.equal(answer.body.response?.uid, 'ü-日本-\u{1F600}');
    assert.equal(answer.body.response?.allowed, true);
  });
});

describe('a review whose beginning says something else than the whole', () => {
  const path = '/inject/mesh/shop/rev/';
  const explicit = (): string => `${path}${[...makeMesh('shop').revisions.keys()][0] ?? ''}`;

  test('is answered under the uid and in the version that JSON.parse finds', async () => {
    const twice = review('first').replace('"uid":"first"', '"uid":"first","uid":"second"');
    const answer = await client.post(explicit(), twice);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.response?.uid, 'second');
    assert.notEqual(patchText(answer), '');
    const version = review('u').replace('"request":', '"apiVersion":"admission.k8s.io/v1beta1","request":');
    assert.equal((await client.post(explicit(), version)).body.apiVersion, 'admission.k8s.io/v1beta1');
  });

  test('is of the namespace that JSON.parse finds, when it comes to ignored ones', async () => {
    const [ignored] = makeMesh('shop').ignoredNamespaces;
    assert.ok(ignored !== undefined);
    const hidden = review('u').replace('"namespace":"shop"', `"namespace":"shop","namespace":"${ignored}"`);
    const admitted = await client.post(explicit(), hidden);
    assert.deepEqual(admitted.body.response, { uid: 'u', allowed: true });
    const shown = review('u').replace('"namespace":"shop"', `"namespace":"${ignored}","namespace":"shop"`);
    assert.notEqual(patchText(await client.post(explicit(), shown)), '');
  });

  test('is malformed where it does not end as it began', async () => {
    for (const text of [`${review('u')} x`, `${review('u')}# a comment`, review('u').slice(0, -1)]) {
      assertError(await client.post(explicit(), text), 'REVIEW_MALFORMED', null);
    }
    assertError(
      await client.post(explicit(), review('u').replace('"object":', '"namespace":5,"object":')),
      'REVIEW_MALFORMED',
      'u',
    );
  });
});

describe('an error', () => {
  test('404 for paths, meshes and revisions that are not there', async () => {
    assertError(await client.post('/nothing', review('u')), 'PATH_UNKNOWN', 'u');
    assertError(await client.post('/injector', review('u')), 'PATH_UNKNOWN', 'u');
    assertError(await client.post('/inject/mesh/nobody', review('u')), 'MESH_UNKNOWN', 'u');
    assertError(await client.post('/inject/mesh/shop/rev/v9', review('u')), 'REVISION_NOT_FOUND', 'u');
    assertError(await client.post('/inject/mesh/__proto__', review('u')), 'MESH_UNKNOWN', 'u');
    assertError(await client.post('/nothing', 'x'), 'PATH_UNKNOWN', null);
  });

  test('400 for a path that can not be decoded', async () => {
    assertError(await client.post('/inject/%zz', review('u')), 'HTTP_MALFORMED', 'u');
  });

  test('405 with Allow for other methods', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await client.send(method, '/inject/mesh/shop', null, {});
      assertError(answer, 'METHOD_NOT_ALLOWED', null);
      assert.equal(answer.headers['allow'], 'POST');
    }
    assertError(await client.send('GET', '/nothing', null, {}), 'PATH_UNKNOWN', null);
  });

  test('415 for another content type or none', async () => {
    for (const type of ['text/plain', 'application/yaml', 'application/jsonx', 'application/json2; charset=utf-8']) {
      assertError(await client.post('/inject', review('u'), { 'content-type': type }), 'CONTENT_TYPE_UNSUPPORTED', 'u');
    }
    assertError(await client.send('POST', '/inject', review('u'), {}), 'CONTENT_TYPE_UNSUPPORTED', 'u');
  });

  test('400 for bodies that are no review', async () => {
    const top = '"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"';
    assertError(await client.post('/inject', ''), 'REVIEW_EMPTY', null);
    assertError(await client.post('/inject', '{"broken'), 'REVIEW_MALFORMED', null);
    assertError(await client.post('/inject', review('u').slice(0, -20)), 'REVIEW_MALFORMED', null);
    assertError(await client.post('/inject', Buffer.from([0, 0xff, 0xfe])), 'REVIEW_MALFORMED', null);
    assertError(await client.post('/inject', '[]'), 'REVIEW_UNSUPPORTED', null);
    assertError(await client.post('/inject', '{"kind":"Pod"}'), 'REVIEW_UNSUPPORTED', null);
    assertError(await client.post('/inject', `{${top}}`), 'REQUEST_MISSING', null);
    assertError(await client.post('/inject', `{${top},"request":{}}`), 'UID_MISSING', null);
    assertError(await client.post('/inject', `{${top},"request":{"uid":"u","namespace":5}}`), 'REVIEW_MALFORMED', 'u');
    assertError(
      await client.post(
        '/inject',
        '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2","request":{"uid":"u"}}',
      ),
      'REVIEW_UNSUPPORTED',
      'u',
    );
  });

  test('in what only the worker can see is the same kind of error', async () => {
    const answer = await client.post(
      '/inject',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","object":{[}]}}',
    );
    assertError(answer, 'REVIEW_MALFORMED', 'u');
  });

  test('is answered in v1beta1 when that was asked', async () => {
    const answer = await client.post('/inject/mesh/nobody', review('u', { apiVersion: 'admission.k8s.io/v1beta1' }));
    assertError(answer, 'MESH_UNKNOWN', 'u', 'admission.k8s.io/v1beta1');
  });

  test('431 and 400 for requests that are not even HTTP', async () => {
    const large = await rawRequest([`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`]);
    assert.match(large, /^HTTP\/1\.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/);
    const garbage = await rawRequest(['GARBAGE\r\n\r\n']);
    assert.match(garbage, /^HTTP\/1\.1 400 [\s\S]*"code":"HTTP_MALFORMED"/);
    const connect = await rawRequest(['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n']);
    assert.match(connect, /^HTTP\/1\.1 405 [\s\S]*"code":"METHOD_NOT_ALLOWED"/);
  });
});

describe('an oversize body', () => {
  const limit = 6 * 1024 * 1024;

  test('of exactly 6 MiB is read, one byte more is 413', async () => {
    const fits = Buffer.alloc(limit, 0x20);
    assertError(await client.post('/inject', fits), 'REVIEW_MALFORMED', null);
    assertError(await client.post('/inject', Buffer.alloc(limit + 1, 0x20)), 'BODY_TOO_LARGE', null);
  });

  test('is refused to a client that sends all of it before it reads, by length and chunked', async () => {
    const head = 'POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const body = 'a'.repeat(limit * 2);
    const byLength = await rawRequest([`${head}Content-Length: ${body.length}\r\n\r\n`, body]);
    assert.match(byLength, /^HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*"code":"BODY_TOO_LARGE"/i);
    const inChunks = await rawRequest([
      `${head}Transfer-Encoding: chunked\r\n\r\n`,
      ...chunked(body, 65_536),
      '0\r\n\r\n',
    ]);
    assert.match(inChunks, /^HTTP\/1\.1 413 [\s\S]*"code":"BODY_TOO_LARGE"/);
  });

  test('is refused before it is sent to a client that asks first', async () => {
    const raw = await rawRequest([
      `POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${limit + 1}\r\n\r\n`,
    ]);
    assert.match(raw, /^HTTP\/1\.1 413 /);
  });

  test('is refused over HTTP/2, and the connection goes on', async () => {
    const session = await http2Session();
    const refused = await http2Request(session, '/inject', Buffer.alloc(limit + 1, 0x20));
    assert.equal(refused.status, 413);
    assert.match(refused.text, /BODY_TOO_LARGE/);
    assert.equal((await http2Request(session, '/inject', Buffer.from(review('u')))).status, 200);
    session.close();
  });
});

describe('connections', () => {
  test('are kept and reused over HTTP/1.1', async () => {
    const socket = await tlsSocket();
    const port = socket.localPort;
    for (let i = 0; i < 3; i++) {
      const body = review(`k-${i}`);
      socket.write(
        `POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      assert.match(
        chunk.toString(),
        new RegExp(`^HTTP/1.1 200 [\\s\\S]*Keep-Alive: timeout=120[\\s\\S]*"uid":"k-${i}"`),
      );
    }
    assert.equal(socket.localPort, port);
    socket.destroy();
  });

  test('that ask for much at once and read late get their own answers, whatever was answered on others meanwhile', async () => {
    const REQUESTS = 16;
    // Answers repeat it.
    const uidOf = (at: number, i: number): string => `${at}-${i}-`.repeat(500);
    const sockets = await Promise.all(Array.from({ length: 6 }, tlsSocket));
    for (const [at, socket] of sockets.entries()) {
      socket.pause();
      for (let i = 0; i < REQUESTS; i++) socket.write(postOf(review(uidOf(at, i))));
    }
    // Requests that are answered while those answers wait.
    for (let i = 0; i < 50; i++) {
      assert.equal((await client.post('/inject', review(`between-${i}`))).body.response?.uid, `between-${i}`);
    }
    await Promise.all(
      sockets.map(async (socket, at) => {
        const text = await readUntil(socket, (read) => read.endsWith('}}') && headsIn(read) === REQUESTS);
        socket.destroy();
        const bodies = text.split(/HTTP\/1\.1 200 OK\r\n[\s\S]*?\r\n\r\n/).slice(1);
        const uids = bodies.map((body) => (JSON.parse(body) as Answer['body']).response?.uid);
        assert.deepEqual(
          uids,
          Array.from({ length: REQUESTS }, (_, i) => uidOf(at, i)),
        );
      }),
    );
  });

  test('carry many requests at once over HTTP/2', async () => {
    const session = await http2Session();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        http2Request(session, '/inject?timeout=10s', Buffer.from(review(`h2-${i}`))),
      ),
    );
    answers.forEach(({ status, text }, i) => {
      assert.equal(status, 200);
      assert.ok(text.includes(`"uid":"h2-${i}"`));
    });
    session.close();
  });

  test('may arrive byte by byte', async () => {
    const body = review('slow');
    const text = `POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const socket = await tlsSocket();
    const answer = readAll(socket);
    for (let i = 0; i < text.length; i += 7) {
      socket.write(text.slice(i, i + 7));
      if (i % 70 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.match(await answer, /^HTTP\/1\.1 200 [\s\S]*"uid":"slow"/);
  });

  test('that break in the middle of a request harm nobody else', async () => {
    for (let i = 0; i < 20; i++) {
      const socket = await tlsSocket();
      socket.write(
        'POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"kind"',
      );
      await new Promise((resolve) => setTimeout(resolve, 1));
      socket.destroy();
    }
    const aborted = await http2Session();
    aborted.request({ ':method': 'POST', ':path': '/inject', 'content-type': 'application/json' }).write('{');
    aborted.destroy();
    assert.equal((await client.post('/inject', review('u'))).status, 200);
  });

  test('of plain HTTP are ended, not kept hanging', async () => {
    const { connect } = await import('node:net');
    const socket = connect(Number(new URL(server.ready.admission).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'close');
  });
});

async function tlsSocket(): Promise<TLSSocket> {
  const port = Number(new URL(server.ready.admission).port);
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    ca: server.ca,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  return socket;
}

function readAll(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

/** Sends parts on a connection of their own, in order, and resolves with everything that comes back until the server closes it. */
async function rawRequest(parts: readonly string[]): Promise<string> {
  const socket = await tlsSocket();
  let text = '';
  const done = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (chunk) => {
      text += String(chunk);
      const length = /content-length: (\d+)/i.exec(text);
      const head = text.indexOf('\r\n\r\n');
      if (length !== null && !text.startsWith('HTTP/1.1 4') && text.length >= head + 4 + Number(length[1])) resolve();
    });
  });
  for (const part of parts) {
    if (!socket.write(part)) await Promise.race([once(socket, 'drain'), done]);
  }
  await done;
  socket.destroy();
  return text;
}

function chunked(text: string, size: number): string[] {
  const chunks: string[] = [];
  for (let i = 0; i < text.length; i += size) {
    const part = text.slice(i, i + size);
    chunks.push(`${part.length.toString(16)}\r\n${part}\r\n`);
  }
  return chunks;
}

async function http2Session(): Promise<ClientHttp2Session> {
  const session = connectHttp2(server.ready.admission, { ca: server.ca });
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

function http2Request(
  session: ClientHttp2Session,
  path: string,
  body: Buffer,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });
    let status = 0;
    let text = '';
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.on('data', (chunk) => {
      text += String(chunk);
    });
    stream.on('error', reject);
    stream.on('close', () => resolve({ status, text }));
    stream.end(body);
  });
}

function postOf(body: string): string {
  return `POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function headsIn(text: string): number {
  return text.split('HTTP/1.1 200 OK').length - 1;
}

/** Reads on until what has come is what is wanted. */
function readUntil(socket: TLSSocket, isAll: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: string[] = [];
    socket.on('data', (chunk) => {
      parts.push(String(chunk));
      // Answers end with their batch of data.
      if (!String(chunk).endsWith('}')) return;
      const text = parts.join('');
      if (isAll(text)) resolve(text);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.resume();
  });
}
