/** Shadows of a gateway that answers: another revision, and live injectors that agree, differ, hang or are down. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { ReplayReport } from '../../../gateway/replay/replay.ts';
import { createCertificates } from '../../../gateway/server/certificate.ts';
import type { ShadowStatus } from '../../../gateway/shadow/shadow.ts';
import { Workspace } from '../command.ts';
import {
  makeMesh,
  makeSnapshot,
  patchText,
  review,
  startTestGateway,
  TestClient,
  type TestGateway,
  templateRevision,
} from './harness.ts';
import { GatewayProcess, makeFolders } from './process.ts';

let space: Workspace;
before(() => {
  space = new Workspace();
});
after(() => space.remove());

const IMAGE = '/spec/containers/proxy/image';
/** Says which template made the pod: another one for each revision. */
const STATUS = '/metadata/annotations/meshgate.dev~1status/**';

async function statusOf(state: string, name: string): Promise<ShadowStatus> {
  const { out, err } = await space.run('shadow', 'status', name, '--state', state, '--json');
  assert.notEqual(out, '', err);
  const [shadow] = (JSON.parse(out) as { shadows: ShadowStatus[] }).shadows;
  assert.ok(shadow !== undefined);
  return shadow;
}

/** Waits until it has done what it is to. */
async function waitFor(state: string, name: string, done: (status: ShadowStatus) => boolean): Promise<ShadowStatus> {
  for (let tries = 0; tries < 200; tries++) {
    const status = await statusOf(state, name);
    if (done(status)) return status;
    await sleep(25);
  }
  return assert.fail(JSON.stringify(await statusOf(state, name)));
}

async function start(state: string, ...flags: readonly string[]): Promise<void> {
  const args = ['--state', state, '--mesh', 'shop', '--allow', STATUS, ...flags];
  const { code, err } = await space.run('shadow', 'start', ...args);
  assert.equal(code, 0, err);
}

const done = (count: number) => (status: ShadowStatus) => status.gate.compared + status.gate.failed >= count;

describe('a shadow of another revision', () => {
  let gateway: TestGateway;
  let client: TestClient;
  before(async () => {
    gateway = await startTestGateway({ snapshot: makeSnapshot('r1', [makeMesh('shop'), makeMesh('other')]) });
    client = new TestClient(gateway.ready.admission, gateway.ca);
  });
  after(async () => {
    await client.close();
    await gateway.stop();
  });

  async function send(count: number, path = '/inject/mesh/shop'): Promise<void> {
    for (let i = 0; i < count; i++) {
      const answer = await client.post(
        path,
        review(`u${i}`, { namespace: i % 2 === 0 ? 'shop' : 'bank', note: `${i}` }),
      );
      assert.match(patchText(answer), /"proxy:\d"/);
    }
  }

  it('groups the differences, with pods, workloads and an example', async () => {
    await start(gateway.state, '--to', 'v2', '--rate', '200');
    await send(10);
    await send(3, '/inject/mesh/other');
    const { gate, differences, failed, dropped } = await waitFor(gateway.state, 'shop-v2', done(10));
    assert.deepEqual([gate, failed, dropped], [{ compared: 10, different: 10, notAllowed: 10, failed: 0 }, {}, {}]);
    const [group, ...others] = differences?.notAllowed.groups ?? [];
    assert.equal(others.length, 0);
    assert.deepEqual([group?.pointer, group?.kind, group?.pods, group?.workloads], [IMAGE, 'image', 10, 2]);
    const [values] = group?.values ?? [];
    assert.deepEqual([values?.from, values?.to, values?.examples], ['proxy:1', 'proxy:2', ['shop/web', 'bank/web']]);
    const { out, code } = await space.run('shadow', 'status', '--state', gateway.state, '--require', '10');
    assert.equal(code, 1);
    assert.match(out, /image of proxy: "proxy:1" -> "proxy:2", 10 pods, 2 workloads, example shop\/web/);
    await space.run('shadow', 'stop', 'shop-v2', '--state', gateway.state);
    await send(1);
    assert.equal((await statusOf(gateway.state, 'shop-v2')).gate.compared, 10);
  });

  it('lets pass what is allowed, by place and value', async () => {
    const file = space.write('allowed.yaml', `- {path: ${IMAGE}, from: 'proxy:\\d', to: 'proxy:2'}\n`);
    await start(gateway.state, '--to', 'v2', '--rate', '200', '--name', 'fine', '--allow-file', file);
    await start(
      gateway.state,
      '--to',
      'v2',
      '--rate',
      '200',
      '--name',
      'other',
      '--allow',
      '/spec/containers/proxy/env/**',
    );
    await send(6);
    const { gate, differences } = await waitFor(gateway.state, 'fine', done(6));
    assert.deepEqual(gate, { compared: 6, different: 6, notAllowed: 0, failed: 0 });
    const allowed = differences?.allowed.groups.find(({ pointer }) => pointer === IMAGE);
    assert.deepEqual([differences?.notAllowed.groups.length, allowed?.pods], [0, 6]);
    const require = async (name: string, count: string) =>
      (await space.run('shadow', 'status', name, '--state', gateway.state, '--require', count)).code;
    assert.deepEqual([await require('fine', '6'), await require('fine', '7')], [0, 1]);
    assert.equal((await waitFor(gateway.state, 'other', done(6))).gate.notAllowed, 6);
    gateway.gateway.shadows.remove('fine');
    gateway.gateway.shadows.remove('other');
  });

  it('takes its part of the sample, only of the revision that it names, and not what the other one answers itself', async () => {
    await start(gateway.state, '--to', 'v2', '--sample', '0.25', '--name', 'part', '--rate', '200');
    await start(gateway.state, '--from', 'v2', '--to', 'v1', '--name', 'back', '--rate', '200');
    await send(20);
    await send(4, '/inject/mesh/shop/rev/v2');
    const back = await waitFor(gateway.state, 'back', done(4));
    assert.deepEqual([back.gate.compared, back.differences?.notAllowed.groups[0]?.values[0]?.to], [4, 'proxy:1']);
    assert.equal((await waitFor(gateway.state, 'part', done(5))).gate.compared, 5);
    gateway.gateway.shadows.remove('part');
    gateway.gateway.shadows.remove('back');
  });

  it('begins anew when the revision says something else', async () => {
    await start(gateway.state, '--to', 'v2', '--rate', '200', '--name', 'anew');
    await send(5);
    await waitFor(gateway.state, 'anew', done(5));
    const v1 = templateRevision('shop', 'v1', 'proxy:1');
    const v2 = templateRevision('shop', 'v2', 'proxy:1');
    const mesh = makeMesh('shop', {
      revisions: new Map([
        ['v1', v1],
        ['v2', v2],
      ]),
    });
    gateway.source.publish(makeSnapshot('r2', [mesh, makeMesh('other')]));
    for (let tries = 0; tries < 100 && !gateway.log().includes('"r2"'); tries++) await sleep(20);
    await send(4);
    const { gate, differences } = await waitFor(gateway.state, 'anew', ({ gate: { notAllowed } }) => notAllowed === 0);
    assert.ok(gate.compared <= 4);
    const { gate: later } = await waitFor(gateway.state, 'anew', done(4));
    assert.deepEqual(later, { compared: 4, different: 4, notAllowed: 0, failed: 0 });
    assert.equal(differences?.notAllowed.groups.length, 0);
    gateway.gateway.shadows.remove('anew');
  });

  it('is counted in the metrics', async () => {
    const answer = await request(`${gateway.ready.admin}/metrics`);
    const text = await answer.body.text();
    for (const name of ['compared', 'different', 'not_allowed']) {
      const [, count] = new RegExp(`^meshgate_shadow_${name}_total\\{mesh="shop"\\} (\\d+)$`, 'm').exec(text) ?? [];
      assert.ok(Number(count) > 0, name);
    }
  });

  for (const [name, flags, message] of [
    ['neither a revision nor an upstream', [], /neither a revision nor an upstream/],
    ['a revision that is not there', ['--to', 'v9'], /no revision and no tag "v9"/],
    ['itself', ['--from', 'v2', '--to', 'v2'], /not compared with itself/],
    ['an upstream without TLS', ['--upstream', 'http://127.0.0.1/inject'], /no https URL/],
    [
      'a CA that is none',
      ['--upstream', 'https://127.0.0.1/', '--ca', '/etc/hostname'],
      /holds no certificate|can not be read/,
    ],
    ['a rate beyond the limit', ['--to', 'v2', '--rate', '1000'], /perSecond is not a number above 0 and up to 200/],
    ['a place that is none', ['--to', 'v2', '--allow', 'spec'], /allowed difference 1/],
  ] as const) {
    it(`is refused with ${name}`, async () => {
      const result = await space.run(
        'shadow',
        'start',
        '--state',
        gateway.state,
        '--mesh',
        'shop',
        '--name',
        'bad',
        ...flags,
      );
      assert.equal(result.code, 1);
      assert.match(result.err, message);
    });
  }

  it('is nothing for who has no token', async () => {
    for (const method of ['GET', 'POST'] as const) {
      const { statusCode, body } = await request(`${gateway.ready.admin}/api/v1/shadows`, { method });
      await body.dump();
      assert.equal(statusCode, 401);
    }
  });
});

describe('a shadow of a live injector', () => {
  let gateway: TestGateway;
  let client: TestClient;
  let upstream: GatewayProcess;
  let address: string;
  let ca: string;
  let folders: ReturnType<typeof makeFolders>;

  before(async () => {
    folders = makeFolders();
    const overlay = 'spec:\n  containers:\n  - {name: proxy, image: "proxy:2"}\n';
    writeFileSync(join(folders.policy, 'overlay.tpl'), overlay);
    const listen = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
    upstream = new GatewayProcess([
      'serve',
      '--source',
      folders.policy,
      '--state',
      folders.state,
      '--workers',
      '1',
      ...listen,
    ]);
    const ready = await upstream.ready();
    address = `${ready.admission}/inject`;
    ca = ready.ca;
    gateway = await startTestGateway({ snapshot: makeSnapshot('r1', [makeMesh('shop')]) });
    client = new TestClient(gateway.ready.admission, gateway.ca);
  });
  after(async () => {
    await client.close();
    await gateway.stop();
    upstream.child.kill('SIGTERM');
    await upstream.ended;
    folders.remove();
  });

  /** Sends reviews, and tells how long each took, in milliseconds, and what was answered. */
  async function send(count: number, path = '/inject/mesh/shop/cluster/c1') {
    const times: number[] = [];
    const answers: string[] = [];
    for (let i = 0; i < count; i++) {
      const began = performance.now();
      const answer = await client.post(path, review(`u${i}`, { note: `${i}` }));
      times.push(performance.now() - began);
      answers.push(answer.text);
      assert.deepEqual([answer.status, answer.body.response?.uid], [200, `u${i}`]);
      assert.match(patchText(answer), /"proxy:1"/);
    }
    return { times, answers };
  }

  it('finds where it answers otherwise', async () => {
    await start(gateway.state, '--upstream', address, '--ca', ca, '--rate', '200', '--name', 'differs');
    await send(8);
    const { gate, differences } = await waitFor(gateway.state, 'differs', done(8));
    assert.deepEqual(gate, { compared: 8, different: 8, notAllowed: 8, failed: 0 });
    const groups = differences?.notAllowed.groups.map(({ pointer, values }) => [
      pointer,
      values[0]?.from,
      values[0]?.to,
    ]);
    assert.deepEqual(groups, [[IMAGE, 'proxy:1', 'proxy:2']]);
    gateway.gateway.shadows.remove('differs');
  });

  it('finds nothing where it answers as the other revision would', async () => {
    await start(gateway.state, '--to', 'v2', '--upstream', address, '--ca', ca, '--rate', '200', '--name', 'agrees');
    await send(8);
    const { gate } = await waitFor(gateway.state, 'agrees', done(8));
    assert.deepEqual([gate.compared, gate.notAllowed, gate.failed], [8, 0, 0]);
    gateway.gateway.shadows.remove('agrees');
  });

  it('counts one whose certificate is of another CA', async () => {
    const other = gateway.ready.ca;
    await start(gateway.state, '--upstream', address, '--ca', other, '--rate', '200', '--name', 'untrusted');
    await send(3);
    const { gate, failed } = await waitFor(gateway.state, 'untrusted', done(3));
    assert.deepEqual([gate.compared, failed], [0, { upstream_unreachable: 3 }]);
    gateway.gateway.shadows.remove('untrusted');
  });

  it('counts one that is down, leaves it in peace for a while, and answers as ever', async () => {
    await start(
      gateway.state,
      '--upstream',
      'https://127.0.0.1:1/inject',
      '--ca',
      ca,
      '--rate',
      '200',
      '--name',
      'down',
    );
    await send(40);
    const { failed, dropped, gate } = await waitFor(
      gateway.state,
      'down',
      (status) => status.dropped['upstream_down'] !== undefined,
    );
    assert.equal(gate.compared, 0);
    assert.ok((failed['upstream_unreachable'] ?? 0) >= 5 && (failed['upstream_unreachable'] ?? 0) < 40);
    assert.ok((dropped['upstream_down'] ?? 0) > 0);
    gateway.gateway.shadows.remove('down');
  });

  it('answers as soon as ever while one hangs', async () => {
    const hanging = await hangingServer();
    try {
      const without = await send(150);
      const url = `https://127.0.0.1:${(hanging.server.address() as AddressInfo).port}/inject`;
      const flags = ['--ca', hanging.ca, '--rate', '200', '--upstream-timeout', '1s', '--name', 'hangs'];
      await start(gateway.state, '--upstream', url, ...flags);
      const beside = await send(150);
      const { failed, dropped } = await waitFor(gateway.state, 'hangs', (status) => done(4)(status));
      assert.ok((failed['upstream_timeout'] ?? 0) > 0, JSON.stringify(failed));
      assert.ok((dropped['queue'] ?? 0) > 0, JSON.stringify(dropped));
      assert.ok(hanging.asked() > 0);
      assert.deepEqual(beside.answers, without.answers);
      // Far less than the second for which the other one is waited.
      assert.ok(
        percentile(beside.times, 0.95) < percentile(without.times, 0.95) + 50,
        `${percentile(beside.times, 0.95)} ms`,
      );
    } finally {
      gateway.gateway.shadows.remove('hangs');
      hanging.server.closeAllConnections();
      hanging.server.close();
    }
  });

  async function hangingServer(): Promise<{ server: Server; ca: string; asked: () => number }> {
    const files = await createCertificates(space.path('hanging'), []);
    let asked = 0;
    const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, () => {
      asked++;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, ca: files.ca, asked: () => asked };
  }
});

function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0;
}

describe('a gateway of several processes with a pod policy', () => {
  const REVISION = `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: v2}
spec:
  mesh: shop
  template: {template: {file: next.tpl}, policy: enabled}
`;
  const POLICY = `apiVersion: meshgate.dev/v1alpha1
kind: PodPolicy
metadata: {name: team}
spec:
  mutations:
  - merge: {metadata: {labels: {team: checkout}}}
  validations:
  - {expression: "object.metadata.name != 'forbidden'", message: "no such name"}
`;
  let folders: ReturnType<typeof makeFolders>;
  let running: GatewayProcess;
  let ready: Awaited<ReturnType<GatewayProcess['ready']>>;

  before(async () => {
    folders = makeFolders();
    const write = (name: string, text: string) => writeFileSync(join(folders.policy, name), text);
    write('next.tpl', 'spec:\n  containers:\n  - {name: proxy, image: "proxy:2"}\n');
    write('next.yaml', REVISION);
    write('team.yaml', POLICY);
    const listen = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--processes', '2', '--drain-delay', '0'];
    running = new GatewayProcess(['serve', '--source', folders.policy, '--state', folders.state, ...listen]);
    ready = await running.ready();
  });
  after(async () => {
    running.child.kill('SIGTERM');
    await running.ended;
    folders.remove();
  });

  /** Each has a connection of its own, so that both processes have some. */
  async function send(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const client = new TestClient(ready.admission, readFileSync(ready.ca, 'utf8'), { connections: 1 });
      const name = i % 4 === 3 ? 'forbidden' : 'web';
      await client.post('/inject', review(`u${i}`, { note: `${i}` }).replace('"name":"web"', `"name":"${name}"`));
      await client.close();
    }
  }

  it('adds up what all of them answer, with policies on both sides', async () => {
    await start(folders.state, '--to', 'v2', '--rate', '200');
    await send(12);
    const { gate, differences } = await waitFor(folders.state, 'shop-v2', done(12));
    assert.deepEqual(gate, { compared: 12, different: 9, notAllowed: 9, failed: 0 });
    assert.deepEqual(
      differences?.notAllowed.groups.map(({ pointer }) => pointer),
      [IMAGE],
    );
  });

  it('records what all of them answer, and the replay comes to the same', async () => {
    const out = space.path('recorded');
    const recording = space.run('record', '--state', folders.state, '--out', out, '--count', '12', '--for', '30s');
    await sleep(500);
    await send(12);
    const { code, err } = await recording;
    assert.equal(code, 0, err);
    const replay = (...args: readonly string[]) =>
      space.run('replay', '--source', folders.policy, '--reviews', out, '--output', 'json', ...args);
    const same = await replay();
    const { replays } = JSON.parse(same.out) as ReplayReport;
    const [shop] = replays;
    assert.deepEqual([same.code, shop?.recorded], [0, { reviews: 12, otherOutcome: 0 }]);
    const outcomes = shop?.replayed.outcomes.map(({ kind, reason, count }) => [kind, reason, count]);
    assert.deepEqual(outcomes, [
      ['patched', '', 9],
      ['denied', 'POLICY_DENIED', 3],
    ]);
    const other = await replay('--rev', 'v2', '--against', 'v1');
    const [{ against } = {}] = (JSON.parse(other.out) as ReplayReport).replays;
    const pointers = against?.differences.groups.filter(({ pods }) => pods === 9).map(({ pointer }) => pointer);
    assert.deepEqual([other.code, pointers?.includes(IMAGE)], [1, true]);
  });
});
