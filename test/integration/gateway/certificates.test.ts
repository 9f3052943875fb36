/**
 * Certificates: self-made ones, given ones, their change while the gateway runs, and clients that have to show one.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createCertificates } from '../../../gateway/server/certificate.ts';
import { makeMesh, makeSnapshot, review, startTestGateway, TestClient, type TestGateway } from './harness.ts';

const snapshot = makeSnapshot('test@1', [makeMesh('shop')]);
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshgate-test-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function handshake(server: TestGateway, options: object = {}): Promise<TLSSocket> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: Number(new URL(server.ready.admission).port),
    servername: 'localhost',
    rejectUnauthorized: false,
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

async function servedSerial(server: TestGateway): Promise<string> {
  const socket = await handshake(server);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('it did not happen in 5 s');
}

describe('self-made certificates', () => {
  test('are of P-256, for localhost and the given names, with keys that only the owner reads, and are kept', async () => {
    const made = await createCertificates(join(folder, 'own'), ['meshgate.mesh-system.svc', '10.0.0.7']);
    const certificate = new X509Certificate(readFileSync(made.cert));
    const ca = new X509Certificate(readFileSync(made.ca));
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    for (const name of ['localhost', 'meshgate.mesh-system.svc']) assert.ok(certificate.checkHost(name), name);
    for (const address of ['127.0.0.1', '::1', '10.0.0.7']) assert.ok(certificate.checkIP(address), address);
    assert.equal(certificate.ca, false);
    assert.equal(ca.ca, true);
    assert.ok(certificate.verify(ca.publicKey));
    assert.equal(statSync(made.key).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'own', 'ca.key')).mode & 0o777, 0o600);

    const again = await createCertificates(join(folder, 'own'), ['meshgate.mesh-system.svc']);
    assert.equal(new X509Certificate(readFileSync(again.cert)).serialNumber, certificate.serialNumber);
    const more = await createCertificates(join(folder, 'own'), ['another.svc']);
    const renewed = new X509Certificate(readFileSync(more.cert));
    assert.notEqual(renewed.serialNumber, certificate.serialNumber);
    assert.ok(renewed.verify(ca.publicKey), 'by the same authority');
  });

  test('are made anew when they are damaged', async () => {
    const made = await createCertificates(join(folder, 'damaged'));
    writeFileSync(made.key, 'not a key');
    const again = await createCertificates(join(folder, 'damaged'));
    assert.match(readFileSync(again.key, 'utf8'), /BEGIN PRIVATE KEY/);
  });

  test('serve TLS 1.2 and 1.3 and nothing older, and resume sessions', async () => {
    const server = await startTestGateway({ snapshot });
    try {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const socket = await handshake(server, { minVersion: version, maxVersion: version });
        assert.equal(socket.getProtocol(), version);
        socket.destroy();
      }
      await assert.rejects(
        handshake(server, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      );
      const first = await handshake(server, { maxVersion: 'TLSv1.2' });
      const session = first.getSession();
      first.destroy();
      const second = await handshake(server, { maxVersion: 'TLSv1.2', session });
      assert.equal(second.isSessionReused(), true);
      second.destroy();
    } finally {
      await server.stop();
    }
  });
});

describe('given certificates', () => {
  test('are served anew when their files change; a broken pair leaves the old one', async () => {
    const one = await createCertificates(join(folder, 'one'));
    const two = await createCertificates(join(folder, 'two'));
    const cert = join(folder, 'tls.crt');
    const key = join(folder, 'tls.key');
    copyFileSync(one.cert, cert);
    copyFileSync(one.key, key);
    const serial = (path: string): string => new X509Certificate(readFileSync(path)).serialNumber;
    const server = await startTestGateway({ snapshot, flags: { tlsCert: cert, tlsKey: key } });
    try {
      assert.equal(await servedSerial(server), serial(one.cert));
      const kept = await handshake(server, { ALPNProtocols: ['http/1.1'] });

      copyFileSync(two.cert, cert);
      await eventually(async () => server.log().includes('CERTIFICATE_INVALID'));
      assert.equal(await servedSerial(server), serial(one.cert), 'the certificate alone does not fit the key');
      copyFileSync(two.key, key);
      await eventually(async () => (await servedSerial(server)) === serial(two.cert));

      kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      const [chunk] = (await once(kept, 'data')) as [Buffer];
      assert.match(chunk.toString(), /^HTTP\/1\.1 404 /, 'connections of before go on');
      kept.destroy();
    } finally {
      await server.stop();
    }
  });

  test('are served anew when a Secret mount swaps its link', async () => {
    const link = join(folder, '..data');
    const made = await createCertificates(join(folder, 'secret-1'));
    const next = await createCertificates(join(folder, 'secret-2'));
    symlinkSync(join(folder, 'secret-1'), link);
    const cert = join(folder, 'mounted.crt');
    const key = join(folder, 'mounted.key');
    symlinkSync(join('..data', 'tls.crt'), cert);
    symlinkSync(join('..data', 'tls.key'), key);
    const server = await startTestGateway({ snapshot, flags: { tlsCert: cert, tlsKey: key } });
    try {
      assert.equal(await servedSerial(server), new X509Certificate(readFileSync(made.cert)).serialNumber);
      symlinkSync(join(folder, 'secret-2'), join(folder, '..data_new'));
      renameSync(join(folder, '..data_new'), link);
      const wanted = new X509Certificate(readFileSync(next.cert)).serialNumber;
      await eventually(async () => (await servedSerial(server)) === wanted);
    } finally {
      await server.stop();
    }
  });

  test('that can not be used keep the gateway from starting', async () => {
    const made = await createCertificates(join(folder, 'three'));
    const other = await createCertificates(join(folder, 'four'));
    const start = (tlsCert: string, tlsKey: string): Promise<unknown> => {
      return startTestGateway({ snapshot, flags: { tlsCert, tlsKey } });
    };
    await assert.rejects(start(made.cert, other.key), { code: 'CERTIFICATE_INVALID' });
    await assert.rejects(start(join(folder, 'missing'), made.key), { code: 'CERTIFICATE_INVALID' });
  });
});

describe('--client-ca', () => {
  test('lets only clients in that show a certificate of it', async () => {
    const invited = await clientIdentity();
    const clientCa = join(folder, 'clients.crt');
    writeFileSync(clientCa, invited.cert);
    const server = await startTestGateway({ snapshot, flags: { clientCa } });
    const known = new TestClient(server.ready.admission, server.ca, invited);
    const stranger = new TestClient(server.ready.admission, server.ca, await clientIdentity());
    const nameless = new TestClient(server.ready.admission, server.ca);
    try {
      assert.equal((await known.post('/inject/mesh/shop', review('u'))).status, 200);
      await assert.rejects(stranger.post('/inject/mesh/shop', review('u')));
      await assert.rejects(nameless.post('/inject/mesh/shop', review('u')));
    } finally {
      await Promise.all([known.close(), stranger.close(), nameless.close()]);
      await server.stop();
    }
  });
});

/** A client's certificate, signed by itself. */
async function clientIdentity(): Promise<{ cert: string; key: string }> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=client',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { cert: certificate.toString('pem'), key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
