/** Lists and watches against a small server that behaves as an apiserver's worse days: pages, breaks, forgotten versions, refusals. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openAccess } from './access.ts';
import { ClusterClient } from './cluster-client.ts';
import { textAt } from './kube-objects.ts';
import { Reflector, type ReflectorState } from './reflector.ts';

const folder = mkdtempSync(join(tmpdir(), 'meshgate-reflector-'));
const ends: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

type Answer = (response: ServerResponse, url: URL) => void;

/** A server that answers requests one after the other as it is told, and the last way from then on. */
async function served(answers: readonly Answer[]) {
  const asked: URL[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url);
    answers[Math.min(asked.length, answers.length) - 1]?.(response, url);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(folder, `${port}.json`);
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  const user = { token: 'secret' };
  const config = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const client = new ClusterClient(await openAccess({ kubeconfig }));
  const known = new Set<string>();
  let gathered = new Set<string>();
  const states: ReflectorState[] = [];
  const name = (object: unknown) => textAt(object, 'metadata', 'name');
  const reflector = new Reflector({
    ...{ client, path: '/api/v1/things', what: 'things', onState: (state) => states.push(state) },
    sink: {
      begin: () => {
        gathered = new Set();
      },
      put: (object) => {
        gathered.add(name(object));
        if (known.size > 0) known.add(name(object));
      },
      remove: (object) => known.delete(name(object)),
      complete: () => {
        known.clear();
        for (const each of gathered) known.add(each);
      },
    },
  });
  ends.push(async () => {
    await reflector.stop();
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  reflector.start();
  const until = async (what: string, holds: () => boolean) => {
    for (let i = 0; !holds(); i++) {
      if (i > 1_000) assert.fail(`${what}: ${JSON.stringify([...known])} ${asked.join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { asked, known, states, until };
}

const thing = (name: string, resourceVersion = '1') => ({ metadata: { name, resourceVersion } });
const list =
  (names: readonly string[], more = '', resourceVersion = '10'): Answer =>
  (response) =>
    response.end(
      JSON.stringify({ metadata: { resourceVersion, continue: more }, items: names.map((each) => thing(each)) }),
    );
const events =
  (...all: readonly (readonly [string, object])[]): Answer =>
  (response) => {
    for (const [type, object] of all) response.write(`${JSON.stringify({ type, object })}\n`);
  };
const status =
  (code: number, message: string, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers).end(JSON.stringify({ kind: 'Status', code, message }));
  };

describe('a reflector', () => {
  it('reads a list page by page, then follows from there, and resumes a watch that breaks where it was', async () => {
    const broken: Answer = (response) => {
      events(['ADDED', thing('d', '11')], ['BOOKMARK', thing('', '20')])(response, new URL('http://x'));
      setTimeout(() => response.destroy(), 50);
    };
    const { asked, known, states, until } = await served([
      list(['a', 'b'], 'page-2'),
      list(['c']),
      broken,
      events(['DELETED', thing('a', '21')]),
    ]);
    await until('not resumed', () => known.has('d') && !known.has('a'));
    assert.deepEqual([...known].sort(), ['b', 'c', 'd']);
    const [first, second, third, fourth] = asked.map(({ searchParams }) => Object.fromEntries(searchParams));
    assert.deepEqual([first?.limit, first?.continue, second?.continue], ['500', undefined, 'page-2']);
    assert.deepEqual([third?.watch, third?.resourceVersion, third?.allowWatchBookmarks], ['true', '10', 'true']);
    assert.equal(fourth?.resourceVersion, '20', 'from the bookmark');
    assert.deepEqual(
      states.map(({ synced, error }) => [synced, error?.code]),
      [
        [true, undefined],
        [true, 'CLUSTER_UNREACHABLE'],
        [true, undefined],
      ],
    );
  });

  for (const [how, gone] of [
    ['as an event', events(['ERROR', { kind: 'Status', code: 410, message: 'too old' }])],
    ['as an answer', status(410, 'too old')],
  ] as const) {
    it(`lists anew, and says nothing, when its version is forgotten (${how})`, async () => {
      const { known, states, until } = await served([list(['a', 'b']), gone, list(['b', 'c']), events()]);
      await until('not listed anew', () => known.has('c'));
      assert.deepEqual([...known].sort(), ['b', 'c']);
      assert.deepEqual(
        states.filter(({ error }) => error !== null),
        [],
      );
    });
  }

  it('tells a refusal once, with what was refused, and goes on by itself when it is lifted', async () => {
    const refused = status(403, 'things is forbidden: User "u" cannot list');
    const { known, states, until } = await served([refused, refused, refused, list(['a']), events()]);
    await until('not listed', () => known.has('a'));
    assert.deepEqual(
      states.map(({ error }) => error?.code),
      ['CLUSTER_REFUSED', undefined],
    );
    assert.match(
      states[0]?.error?.message ?? '',
      /refuses GET \/api\/v1\/things: .*User "u" cannot list.*docs\/cluster\.md/,
    );
  });

  it('waits as long as the apiserver asks it to', async () => {
    const { known, until } = await served([status(429, 'too many', { 'retry-after': '1' }), list(['a']), events()]);
    const startMs = performance.now();
    await until('not listed', () => known.has('a'));
    assert.ok(performance.now() - startMs > 950);
  });

  it('does not ask without pause when watches end at once', async () => {
    const { asked, until } = await served([list(['a']), (response) => response.end()]);
    await until('not asked', () => asked.length > 1);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.ok(asked.length < 8, `${asked.length} requests in a second`);
  });

  it('drops a list that ends halfway, and an event that has no end', async () => {
    const endless: Answer = (response) => {
      const chunk = 'x'.repeat(1024 * 1024);
      for (let i = 0; i < 10; i++) response.write(chunk);
    };
    const halfway: Answer = (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"items":[');
      setTimeout(() => response.destroy(), 20);
    };
    const { known, states, until } = await served([halfway, list(['a']), endless, events(['ADDED', thing('b', '30')])]);
    await until('not followed', () => known.has('b'));
    const told = states.map(({ error }) => error?.message ?? 'well');
    assert.match(told[0] ?? '', /broke off/);
    assert.match(told[2] ?? '', /an event of .* is larger than the gateway reads/);
    assert.deepEqual([told[1], told[3], told.length], ['well', 'well', 4]);
  });
});
