/** The weights of a rollout in a running gateway: who gets what in every process, and taking a hand in it. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import type { Explanation } from '../../../gateway/explain/explanation.ts';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { patchText, TestClient } from './harness.ts';
import { readFile, run } from './process.ts';
import { files, Load, place, podOf, RolloutGateway } from './rollout-gateway.ts';

describe('the weights of a rollout', () => {
  const gateway = new RolloutGateway();
  const { folders, write, status, until, post, imageOf } = gateway;
  let load: Load;

  /** A file with so many workloads. */
  const sets = (count: number): string => {
    const workload = (i: number) =>
      `apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: w${i}, namespace: shop}\nspec: {template: {spec: {containers: [{name: app, image: a}]}}}\n`;
    const file = join(folders.folder, 'workloads.yaml');
    writeFileSync(file, Array.from({ length: count }, (_, i) => workload(i)).join('---\n'));
    return file;
  };

  before(async () => {
    gateway.writeAll(files('v2', 'v2', 'v3', '{interval: 1h}', true));
    await gateway.start();
    load = new Load(gateway.client);
  });
  after(async () => {
    await load.end();
    await gateway.end();
  });

  test('every workload has what its place says, in every process, within two seconds of a new weight', async () => {
    write('mesh.yaml', files('v2', 'v2', 'v3', '{interval: 1h, stepWeights: [40, 60]}'));
    await until('no step', ({ canaryWeight }) => canaryWeight === 40);
    const changedAt = performance.now();
    const agree = async () => {
      const workloads = Array.from({ length: 40 }, (_, i) => `w${i}`);
      const fresh = await Promise.all(
        workloads.map(async (workload) => {
          const one = new TestClient(gateway.ready.admission, readFile(gateway.ready.ca), { connections: 1 });
          const answer = await one.post('/inject', podOf(workload, 'u'));
          await one.close();
          return patchText(answer).includes(place(workload) < 40 ? 'proxy:3' : 'proxy:2');
        }),
      );
      return fresh.every(Boolean);
    };
    assert.ok(await agree());
    assert.ok(performance.now() - changedAt < 2_000);
    const { pid } = gateway.process.child;
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
    const answer = await request(`${gateway.ready.admin}/api/v1/weights`);
    assert.deepEqual(await answer.body.json(), {
      meshes: [{ mesh: 'shop', defaultRevision: 'v2', effectiveDefault: 'v2', weights: { v2: 60, v3: 40 } }],
    });
  });

  test('explain tells what the gateway does, unless it is about other files', async () => {
    const explain = async (source: string, count: number) => {
      const args = ['explain', sets(count), '--source', source, '--state', folders.state, '--json'];
      const { stdout, stderr } = await run(args);
      return { explanations: JSON.parse(stdout) as Explanation[], stderr };
    };
    const { explanations, stderr } = await explain(folders.policy, 40);
    assert.equal(explanations.length, 40, stderr);
    for (const [i, { cohort, revision }] of explanations.entries()) {
      assert.deepEqual([cohort?.weight, cohort?.place], [40, place(`w${i}`)]);
      assert.equal(revision, place(`w${i}`) < 40 ? 'v3' : 'v2');
    }
    const other = join(folders.folder, 'other');
    cpSync(folders.policy, other, { recursive: true });
    writeFileSync(join(other, 'mesh.yaml'), files('v2', 'v2', 'v3', '{interval: 2h}'));
    const stale = await explain(other, 1);
    assert.match(stale.stderr, /^warning: the gateway's rollout move is that of other files/m);
    assert.deepEqual([stale.explanations[0]?.cohort?.weight, stale.explanations[0]?.revision], [null, 'v2']);
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
    const told = await run(['explain', sets(1), '--source', folders.policy, '--state', folders.state]);
    assert.match(told.stdout, /revision v3 is the default of mesh shop, which rollout move has promoted$/m);
    const { stdout } = await rollout('status', 'move', '--json');
    assert.equal((JSON.parse(stdout) as { rollouts: RolloutDescription[] }).rollouts[0]?.phase, 'Succeeded');
  });
});
