/**
 * Rollouts in a running gateway under load: a good revision is promoted, one that denies is rolled back, and what is decided lasts.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import type { Explanation } from '../../../gateway/explain/explanation.ts';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import { placeOf } from '../../../gateway/rollout/cohort.ts';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { readAdminAccess } from '../../../gateway/server/admin-access.ts';
import { patchText, TestClient } from './harness.ts';
import { GatewayProcess, makeFolders, readFile, run } from './process.ts';

const GOOD = (image: string) => `spec:\n  containers:\n  - {name: proxy, image: "${image}"}\n`;
/** Fails for every pod, which is a denial that a revision's author has to answer for. */
const DENYING = '{{ fail "not today" }}\n';

const HEAD = 'apiVersion: meshgate.dev/v1alpha1\n';
function revision(name: string): string {
  return `---\n${HEAD}kind: MeshRevision\nmetadata: {name: ${name}}\nspec: {mesh: shop, template: {template: {file: ${name}.tpl}, policy: enabled}}\n`;
}

function files(defaultRevision: string, from: string, to: string, analysis: string, suspend = false): string {
  return `${HEAD}kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: ${defaultRevision}, paths: [/inject]}
${revision('v1')}${revision('v2')}${revision('v3')}---
${HEAD}kind: RevisionRollout
metadata: {name: move}
spec: {mesh: shop, from: ${from}, to: ${to}, suspend: ${suspend}, analysis: ${analysis}}
`;
}

const METRICS = `stepWeights: [20, 60], metrics: [{name: error-rate, thresholdRange: {max: 1}, minSamples: 5}, {name: denied-rate, thresholdRange: {max: 1}, minSamples: 5}]`;
/** Takes the change to commit when it is asked for the second time. */
const opened: Record<string, unknown>[] = [];
const forge = createServer(async (asked, response) => {
  let body = '';
  for await (const chunk of asked) body += String(chunk);
  opened.push(JSON.parse(body) as Record<string, unknown>);
  response.writeHead(opened.length === 1 ? 503 : 201).end(opened.length === 1 ? 'busy' : 'https://git.example/pulls/7');
});
const opens = () => {
  const { port } = forge.address() as AddressInfo;
  return `webhooks: [{name: pull-request, type: open-change, url: "http://127.0.0.1:${port}/", metadata: {team: mesh}}]`;
};

/** A busy machine may let an interval pass without enough requests; that is no fault of a good revision. */
const patient = () => `{interval: 300ms, threshold: 20, ${METRICS}, ${opens()}}`;
const STRICT = `{interval: 500ms, threshold: 2, ${METRICS}}`;

function podOf(workload: string, uid: string): string {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: workload, uid: 'x', controller: true };
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${workload}-0`, ownerReferences: [owner] },
    spec: { containers: [{ name: 'app', image: 'app:1', resources: {} }] },
  };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: { uid, kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'shop', operation: 'CREATE', object },
  });
}

const place = (workload: string) => placeOf('move', 'shop', { kind: 'StatefulSet', name: workload });

/** Pods of many workloads without pause. */
class Load {
  readonly #client: TestClient;
  #ending = false;
  readonly #done: Promise<unknown>;
  broken = 0;
  constructor(client: TestClient) {
    this.#client = client;
    this.#done = Promise.all(Array.from({ length: 4 }, (_, lane) => this.#run(lane)));
  }
  async #run(lane: number): Promise<void> {
    for (let n = lane; !this.#ending; n += 4) {
      const workload = `w${n % 200}`;
      const answer = await this.#client.post('/inject?timeout=5s', podOf(workload, `u-${n}`));
      if (answer.status !== 200) this.broken += 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  async end(): Promise<void> {
    this.#ending = true;
    await this.#done;
  }
}

describe('a rollout of a gateway with two processes, under load', () => {
  const folders = makeFolders();
  const write = (name: string, text: string) => writeFileSync(join(folders.policy, name), text);
  let gateway: GatewayProcess;
  let ready: ReadyLine;
  let client: TestClient;
  let load: Load;

  async function start(): Promise<void> {
    gateway = new GatewayProcess([
      ...['serve', '--source', folders.policy, '--state', folders.state, '--processes', '2', '--workers', '2'],
      ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0'],
    ]);
    ready = await gateway.ready();
    client = new TestClient(ready.admission, readFile(ready.ca), { connections: 8 });
  }
  async function status(): Promise<RolloutDescription> {
    const answer = await request(`${ready.admin}/api/v1/rollouts/move`);
    return (await answer.body.json()) as RolloutDescription;
  }
  async function until(what: string, holds: (now: RolloutDescription) => boolean): Promise<RolloutDescription> {
    let now: RolloutDescription | null = null;
    for (let i = 0; i < 300; i++) {
      now = await status();
      if (holds(now)) return now;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${what}: ${JSON.stringify(now)}\n${gateway.stderr.slice(-2_000)}`);
  }
  async function post(action: string, token?: string) {
    const headers = { authorization: `Bearer ${token ?? (await readAdminAccess(folders.state)).token}` };
    const answer = await request(`${ready.admin}/api/v1/rollouts/move/${action}`, { method: 'POST', headers });
    return { status: answer.statusCode, body: (await answer.body.json()) as { code?: string; message?: string } };
  }
  /** A file with so many workloads. */
  const sets = (count: number): string => {
    const workload = (i: number) =>
      `apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: w${i}, namespace: shop}\nspec: {template: {spec: {containers: [{name: app, image: a}]}}}\n`;
    const file = join(folders.state, 'workloads.yaml');
    writeFileSync(file, Array.from({ length: count }, (_, i) => workload(i)).join('---\n'));
    return file;
  };
  const imageOf = async (workload: string) =>
    /proxy:\d/.exec(patchText(await client.post('/inject', podOf(workload, 'u'))))?.[0];

  before(async () => {
    await new Promise<void>((resolve) => forge.listen(0, '127.0.0.1', resolve));
    mkdirSync(folders.policy, { recursive: true });
    write('overlay.tpl', '');
    for (const n of [1, 2, 3]) write(`v${n}.tpl`, GOOD(`proxy:${n}`));
    write('mesh.yaml', files('v1', 'v1', 'v2', patient(), true));
    await start();
    load = new Load(client);
  });
  after(async () => {
    await load.end();
    await client.close();
    gateway.child.kill('SIGKILL');
    folders.remove();
    forge.closeAllConnections();
    forge.close();
  });

  test('goes up step by step and promotes a good revision by itself', async () => {
    const seen = new Set<number>();
    assert.equal((await status()).suspended, true);
    write('mesh.yaml', files('v1', 'v1', 'v2', patient()));
    const done = await until('not promoted', (now) => {
      seen.add(now.canaryWeight);
      return now.phase === 'Succeeded';
    });
    assert.ok(seen.has(20) && seen.has(60), [...seen].join());
    const weights = done.events.flatMap(({ message }) => /weight (\d+)$/.exec(message)?.[1] ?? []);
    assert.deepEqual(weights, ['20', '60']);
    const metrics = await (await request(`${ready.admin}/metrics`)).body.text();
    assert.match(metrics, /^meshgate_rollout_phase\{rollout="move",mesh="shop",phase="Succeeded"\} 1$/m);
    assert.match(metrics, /^meshgate_rollout_failed_checks\{rollout="move",mesh="shop"\} \d+$/m);
    const { diff, ...change } = done.change ?? {};
    const field = 'spec.defaultRevision';
    assert.deepEqual(change, { mesh: 'shop', field, from: 'v1', to: 'v2', source: null, file: 'mesh.yaml' });
    assert.match(String(diff), /^--- a\/mesh\.yaml\n\+\+\+ b\/mesh\.yaml\n@@ /);
    assert.equal(await imageOf('anything'), 'proxy:2');
  });

  test('hands the change to commit to a webhook, again where it is not taken', async () => {
    const conditionOf = ({ conditions }: RolloutDescription) => conditions.find(({ type }) => type === 'ChangeOpened');
    const done = await until('not opened', (now) => conditionOf(now)?.status === 'True');
    const message = 'Webhook pull-request has taken the change to commit: https://git.example/pulls/7';
    assert.equal(conditionOf(done)?.message, message);
    assert.ok(done.events.some(({ type, message: told }) => type === 'Warning' && /status 503: busy/.test(told)));
    assert.equal(opened.length, 2);
    const { change, checksum: _, ...common } = opened[1] as { change: Record<string, string>; checksum: string };
    const { repository, file, field, revision: at, commit } = change;
    assert.deepEqual(common, {
      ...{ name: 'move', rollout: 'move', mesh: 'shop', from: 'v1', to: 'v2', phase: 'Succeeded', weight: 60 },
      metadata: { team: 'mesh' },
    });
    assert.deepEqual([repository, file, field, commit], [folders.policy, 'mesh.yaml', 'spec.defaultRevision', null]);
    assert.match(at ?? '', /^dir@sha256:/);
    assert.equal(change['text'], files('v2', 'v1', 'v2', patient()));
    assert.equal(readFile(join(folders.policy, 'mesh.yaml')), files('v1', 'v1', 'v2', patient()), 'it writes no files');
    assert.match(
      (await run(['rollout', 'status', '--state', folders.state])).stdout,
      /pulls\/7\n.*commit.*\n.*mesh\.yaml\n/,
    );
  });

  test('still serves what was promoted after it was killed', async () => {
    await load.end();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    await start();
    assert.equal(await imageOf('anything'), 'proxy:2');
    const now = await status();
    assert.deepEqual(
      [now.phase, now.change?.to],
      ['Succeeded', 'v2'],
      'what the files do not say is shown until they do',
    );
    load = new Load(client);
  });

  test('is over when the files say what serves', async () => {
    write('mesh.yaml', (opened[1] as { change: { text: string } }).change.text);
    const done = await until('no agreement', ({ active }) => !active);
    assert.deepEqual([done.phase, done.change], ['Succeeded', null]);
    assert.equal(await imageOf('anything'), 'proxy:2');
    assert.equal(opened.length, 2, 'what was opened is not opened again, after a restart either');
  });

  test('rolls a revision back by itself that denies, and stays so until the files change', async () => {
    write('v3.tpl', DENYING);
    write('mesh.yaml', files('v2', 'v2', 'v3', STRICT));
    const failed = await until('not rolled back', ({ phase, from }) => phase === 'Failed' && from === 'v2');
    assert.deepEqual([failed.failure?.check, failed.failure?.limit], ['denied-rate', 'max 1']);
    assert.equal(failed.failure?.value, 100);
    assert.match(
      failed.conditions[0]?.message ?? '',
      /^Rolled back to v2 from weight 20: denied-rate is 100, beyond max 1$/,
    );
    assert.equal((await post('promote')).body.code, 'ROLLOUT_REFUSED');
    assert.equal(await imageOf('anything'), 'proxy:2');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    assert.equal((await status()).phase, 'Failed');
    assert.equal(load.broken, 0);
  });

  test('every workload has what its place says, in every process, within two seconds of a new weight', async () => {
    write('v3.tpl', GOOD('proxy:3'));
    write('mesh.yaml', files('v2', 'v2', 'v3', '{interval: 1h, stepWeights: [40, 60]}'));
    await until('no step', ({ canaryWeight }) => canaryWeight === 40);
    const changedAt = performance.now();
    const agree = async () => {
      const workloads = Array.from({ length: 40 }, (_, i) => `w${i}`);
      const fresh = await Promise.all(
        workloads.map(async (workload) => {
          const one = new TestClient(ready.admission, readFile(ready.ca), { connections: 1 });
          const answer = await one.post('/inject', podOf(workload, 'u'));
          await one.close();
          return patchText(answer).includes(place(workload) < 40 ? 'proxy:3' : 'proxy:2');
        }),
      );
      return fresh.every(Boolean);
    };
    assert.ok(await agree());
    assert.ok(performance.now() - changedAt < 2_000);
    const told = await run(['explain', sets(40), '--source', folders.policy, '--state', folders.state, '--json']);
    const explanations = JSON.parse(told.stdout) as Explanation[];
    assert.equal(explanations.length, 40, told.stderr);
    for (const [i, { cohort, revision: chosen }] of explanations.entries()) {
      assert.deepEqual([cohort?.weight, cohort?.place], [40, place(`w${i}`)]);
      assert.equal(chosen, place(`w${i}`) < 40 ? 'v3' : 'v2', 'explain tells what the gateway does');
    }
    const { pid } = gateway.child;
    const children = () => readFile(`/proc/${pid}/task/${pid}/children`).trim().split(' ').map(Number);
    const [first] = children();
    assert.ok(first);
    // Whoever is cut off has to ask again: nothing that is measured here.
    await load.end();
    process.kill(first, 'SIGKILL');
    for (let i = 0; i < 100 && (children().includes(first) || children().length < 2); i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(await agree(), 'a process that takes the place of another has the same weights');
    const answer = await request(`${ready.admin}/api/v1/weights`);
    assert.deepEqual(await answer.body.json(), {
      meshes: [{ mesh: 'shop', defaultRevision: 'v2', effectiveDefault: 'v2', weights: { v2: 60, v3: 40 } }],
    });
  });

  test('follows commands, but only of who may read the state folder', async () => {
    assert.equal((await post('pause', 'wrong')).body.code, 'ADMIN_REFUSED');
    assert.equal((await post('explode')).status, 404);
    assert.equal((await post('resume')).status, 409);
    assert.equal((await post('pause')).status, 200);
    assert.equal((await status()).paused, true);
    assert.equal((await post('resume')).status, 200);
    assert.equal((await post('abort')).status, 200);
    assert.deepEqual([(await status()).phase, (await status()).failure?.message], ['Failed', 'aborted by command']);
    for (let i = 0; i < 5; i++) assert.equal(await imageOf(`w${i}`), 'proxy:2');
    assert.ok(readdirSync(join(folders.state, 'rollouts')).length <= 10);
  });

  test('is shown and steered by the command line, to its end', async () => {
    const rollout = (...args: string[]) => run(['rollout', ...args, '--state', folders.state]);
    const failed = await rollout('status');
    assert.equal(failed.code, 1);
    assert.match(
      failed.stdout,
      /^move: shop v2 → v3 {2}Failed, weight 0 %, failed checks 0 of 2\n {2}Rolled back to v2 .*: aborted by command\n$/,
    );
    const refused = await rollout('promote', 'move');
    assert.deepEqual(
      [refused.code, /has failed.*ROLLOUT_REFUSED.*GATEWAY_REFUSED/.test(refused.stderr)],
      [1, true],
      refused.stderr,
    );
    assert.match((await rollout('pause', 'other')).stderr, /There is no rollout "other"/);
    write('mesh.yaml', files('v2', 'v2', 'v3', '{interval: 1h, stepWeights: [5]}'));
    await until('no step', ({ canaryWeight }) => canaryWeight === 5);
    const done = await rollout('promote', 'move', '--watch');
    assert.equal(done.code, 0);
    assert.match(done.stdout, / {4}- spec\.defaultRevision: v2\n {4}\+ spec\.defaultRevision: v3\n$/);
    assert.equal(await imageOf('anything'), 'proxy:3');
    const { stdout } = await rollout('status', 'move', '--json');
    assert.equal((JSON.parse(stdout) as { rollouts: RolloutDescription[] }).rollouts[0]?.phase, 'Succeeded');
  });
});
