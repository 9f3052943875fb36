/** A shadow of an istiod: a server that gives the answers which Istio's own injector has given to the recorded requests. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCertificates } from '../../../gateway/server/certificate.ts';
import type { IstioRevisionSpec, RevisionSource } from '../../../workers/protocol.ts';
import { corpusSkip, readCorpusLines } from '../../conformance/corpus.ts';
import { type IstioCase, istioCases } from '../../conformance/istio.ts';
import { makeMesh, makeSnapshot, startTestGateway, TestClient, type TestGateway } from './harness.ts';

function revisionOf(name: string, spec: IstioRevisionSpec): RevisionSource {
  return {
    digest: createHash('sha256')
      .update(JSON.stringify([name, spec]))
      .digest('hex'),
    mesh: 'istio',
    name,
    spec,
  };
}

describe('a shadow of a recorded istiod', { skip: corpusSkip() }, () => {
  let folder: string;
  let istiod: Server;
  let ca: string;
  const paths = new Map<string, string>();
  let gateway: TestGateway;
  let cases: IstioCase[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meshgate-istiod-'));
    cases = [...istioCases('classic')].filter(({ unknownFields }) => !unknownFields);
    const lines = readCorpusLines('istio', 'generated', 'classic', 'responses.ndjson') as {
      response: { uid: string };
    }[];
    const answers = new Map(lines.map((line) => [line.response.uid, JSON.stringify(line)]));
    const files = await createCertificates(join(folder, 'tls'), []);
    ca = files.ca;
    istiod = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { uid } = (JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } }).request;
        paths.set(uid, request.url ?? '');
        response.end(answers.get(uid));
      });
    });
    istiod.listen(0, '127.0.0.1');
    await once(istiod, 'listening');
    const [first] = cases;
    assert.ok(first !== undefined);
    const revisions = new Map([
      ['v1', revisionOf('v1', first.revision)],
      ['native', revisionOf('native', { ...first.revision, nativeSidecars: 'Always' })],
    ]);
    const mesh = makeMesh('istio', {
      provider: 'istio',
      paths: ['/inject'],
      tags: new Map(),
      revisions,
      ignoredNamespaces: [],
    });
    gateway = await startTestGateway({ snapshot: makeSnapshot('r1', [mesh]) });
  });
  after(async () => {
    await gateway.stop();
    istiod.closeAllConnections();
    istiod.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sends all requests to the gateway while it is compared with the istiod. */
  async function shadow(to: string | null) {
    const url = `https://127.0.0.1:${(istiod.address() as AddressInfo).port}/inject`;
    const started = await gateway.gateway.shadows.start({
      ...{ name: `istiod-${to}`, mesh: 'istio', from: null, to, sample: 1, perSecond: 200, lifetimeMs: null },
      upstream: { url, caFile: ca, timeoutMs: 5_000 },
      allowedDifferences: [],
    });
    const client = new TestClient(gateway.ready.admission, gateway.ca);
    for (const { path, body } of cases) await client.post(path, body);
    await client.close();
    // Namespaces that Istio leaves alone are not tried with another revision, so only the end of the counting tells the end.
    for (let tries = 0, seen = -1, since = 0; tries < 1_200 && since < 80; tries++, since++) {
      const { compared, failed } = started.gate();
      if (compared + failed !== seen || seen === 0) since = 0;
      seen = compared + failed;
      await sleep(25);
    }
    return started.status();
  }

  it('finds no difference where this gateway has its configuration', async () => {
    const { gate, failed, dropped, differences } = await shadow(null);
    const found = JSON.stringify(differences?.notAllowed.groups, null, 1);
    assert.deepEqual([failed, dropped], [{}, {}]);
    assert.deepEqual(gate, { compared: cases.length, different: 0, notAllowed: 0, failed: 0 }, found);
    assert.ok(cases.length > 40);
  });

  it('asks it with the pairs of the live URL', () => {
    const asked = [...paths.values()];
    assert.ok(
      asked.some((path) => /^\/inject\/[^/]+\/.+\?timeout=5s$/.test(path)),
      asked.join('\n'),
    );
  });

  it('finds what native sidecars would change', async () => {
    const { gate, differences } = await shadow('native');
    const injected = cases.filter(({ expected }) => expected.kind === 'review' && expected.pod !== null);
    const moved = differences?.notAllowed.groups.find(({ pointer }) => pointer === '/spec/containers/istio-proxy');
    assert.equal(moved?.action, 'moved');
    assert.deepEqual([moved?.values[0]?.from, moved?.values[0]?.to], ['initContainers', 'containers']);
    assert.ok(gate.notAllowed > 0 && gate.notAllowed <= injected.length, JSON.stringify(gate));
  });
});
