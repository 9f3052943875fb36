/** A rollout that is judged by what its shadows find: rolled back for a difference nobody allowed, promoted when it is allowed. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { readAdminAccess } from '../../../gateway/server/admin-access.ts';
import type { ShadowStatus } from '../../../gateway/shadow/shadow.ts';
import { review, TestClient } from './harness.ts';
import { GatewayProcess, makeFolders, readFile, run } from './process.ts';

const HEAD = 'apiVersion: meshgate.dev/v1alpha1\n';
const STATUS = `{path: /metadata/annotations/meshgate.dev~1status/**}`;

const RATE = 'stepWeights: [20, 60], metrics: [{name: difference-rate, thresholdRange: {max: 0}, onMissing: Ignore}]';
const GATE = RATE.replace(
  /\{name: difference-rate.*\}/,
  '{name: difference-rate, thresholdRange: {max: 0}, onMissing: Fail}, {name: difference-rate, thresholdRange: {max: 0}, minSamples: 60, onMissing: Wait}',
);
/** Nobody opens this gate, and no metric asks. */
const SHUT = 'webhooks: [{name: gate, type: confirm-rollout, url: "http://127.0.0.1:1/", timeout: 1s}]';

function files(allowed: string, analysis = RATE): string {
  const revision = (name: string, image: string) =>
    `---\n${HEAD}kind: MeshRevision\nmetadata: {name: ${name}}\nspec: {mesh: shop, template: {template: {inline: 'spec: {containers: [{name: proxy, image: "${image}"}]}'}, policy: enabled}}\n`;
  return `${HEAD}kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: v1, paths: [/inject]}
${revision('v1', 'proxy:1')}${revision('v2', 'proxy:2')}---
${HEAD}kind: RevisionRollout
metadata: {name: move}
spec:
  mesh: shop
  from: v1
  to: v2
  shadow: {perSecond: 200, allowedDifferences: [${allowed}]}
  analysis: {interval: 500ms, threshold: 2, ${analysis}}
`;
}

describe('a rollout with a difference rate', () => {
  const folders = makeFolders();
  let gateway: GatewayProcess;
  let ready: ReadyLine;
  let client: TestClient;
  let ending = false;
  let load: Promise<void>;

  async function sendPods(): Promise<void> {
    for (let n = 0; !ending; n++) {
      const body = review(`u${n}`, { note: `${n}` }).replace('"name":"web"', `"name":"web-${n % 50}"`);
      const answer = await client.post('/inject', body);
      assert.equal(answer.body.response?.allowed, true);
      await sleep(5);
    }
  }

  async function differences(): Promise<readonly ShadowStatus[]> {
    const headers = { authorization: `Bearer ${(await readAdminAccess(folders.state)).token}` };
    const answer = await request(`${ready.admin}/api/v1/rollouts/move/differences`, { headers });
    return ((await answer.body.json()) as { readonly shadows: readonly ShadowStatus[] }).shadows;
  }

  async function until(phase: string): Promise<RolloutDescription> {
    let now: RolloutDescription | null = null;
    for (let tries = 0; tries < 400; tries++) {
      const answer = await request(`${ready.admin}/api/v1/rollouts/move`);
      now = (await answer.body.json()) as RolloutDescription;
      if (now.phase === phase) return now;
      await sleep(50);
    }
    return assert.fail(`not ${phase}: ${JSON.stringify(now)}`);
  }

  before(async () => {
    writeFileSync(join(folders.policy, 'mesh.yaml'), files(STATUS));
    const listen = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0', '--interval', '1s'];
    gateway = new GatewayProcess(['serve', '--source', folders.policy, '--state', folders.state, ...listen]);
    ready = await gateway.ready();
    client = new TestClient(ready.admission, readFile(ready.ca));
    load = sendPods();
  });
  after(async () => {
    ending = true;
    await load;
    await client.close();
    gateway.child.kill('SIGTERM');
    await gateway.ended;
    folders.remove();
  });

  it('fails for a difference that is not allowed, and says so', async () => {
    const failed = await until('Failed');
    assert.match(JSON.stringify(failed), /difference-rate/);
    const messages = failed.events.map(({ message }) => message).join('\n');
    assert.match(messages, /difference-rate.* 100/);
  });

  it('goes all the way when it is allowed', async () => {
    const image = '{path: /spec/containers/proxy/image, from: "proxy:1", to: "proxy:2"}';
    writeFileSync(join(folders.policy, 'mesh.yaml'), files(`${STATUS}, ${image}`, GATE));
    const done = await until('Succeeded');
    assert.equal(done.failedChecks, 0, 'the shadow is at work when the first interval begins');
    assert.deepEqual([done.change?.from, done.change?.to], ['v1', 'v2']);
    const compared = (await differences()).reduce((sum, { gate }) => sum + gate.compared, 0);
    assert.ok(compared >= 120, `60 reviews at each of two steps, not ${compared}`);
  });

  it('shadows before the first step, and where no metric asks', async () => {
    writeFileSync(join(folders.policy, 'mesh.yaml'), files(STATUS, SHUT));
    await until('Waiting');
    assert.equal((await request(`${ready.admin}/api/v1/rollouts/move/differences`)).statusCode, 401);
    let found: ShadowStatus | undefined;
    for (let tries = 0; tries < 200 && (found?.gate.notAllowed ?? 0) === 0; tries++) {
      found = (await differences()).find(({ spec, state }) => spec.name === 'rollout/move' && state === 'running');
      await sleep(25);
    }
    assert.ok(found !== undefined && found.gate.notAllowed > 0, JSON.stringify(found));
    assert.equal(found.gate.notAllowed, found.gate.compared);
    const { code, stdout } = await run(['rollout', 'differences', 'move', '--state', folders.state]);
    assert.equal(code, 0);
    assert.match(stdout, /^shadow rollout\/move \(running\): mesh shop, v1 -> v2\n/);
    assert.match(stdout, /image of proxy: "proxy:1" -> "proxy:2", \d+ pods, \d+ workloads, example shop\/web-\d+/);
  });
});
