/** Several gateways as processes of their own, with state folders of their own, that run one rollout together. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import { TestClient } from '../gateway/harness.ts';
import { type GatewayProcess, readFile, run } from '../gateway/process.ts';
import { type ClusterStatus, GatewayBench, grant, REVIEW, read, rolloutOf } from './gateway-bench.ts';
import { until, Workbench } from './workbench.ts';

let bench: Workbench;
const gateways = new GatewayBench();
before(async () => {
  bench = await Workbench.start();
});
after(async () => {
  gateways.stop();
  await bench.stop();
});

describe('gateways of one cluster', () => {
  it('run a rollout together, one after the other, and serve on when the apiserver is gone', async () => {
    const namespace = await bench.namespace('mesh');
    const kubeconfig = await bench.account(namespace, 'meshgate');
    await grant(bench, namespace, 'meshgate');
    const both = [gateways.start(kubeconfig), gateways.start(kubeconfig)];
    const two = both.map(({ gateway }) => gateway);
    const ready = await Promise.all(two.map((gateway) => gateway.ready()));
    const weights = () => Promise.all(ready.map(async (each) => (await rolloutOf(each)).canaryWeight));
    await until('no second step', async () => (await weights()).every((weight) => weight >= 8));
    const leads = two.map(({ stderr }) => /controls the rollouts/.test(stderr));
    assert.equal(leads.filter(Boolean).length, 1, 'one of them decides');
    const leader = leads.indexOf(true);
    const [leading, following] = [two[leader], two[1 - leader]] as [GatewayProcess, GatewayProcess];
    const last = ready[1 - leader] as ReadyLine;
    leading.child.kill('SIGTERM');
    assert.equal((await leading.ended).code, 0);
    const before = (await rolloutOf(last)).canaryWeight;
    await until('not taken over', async () => (await rolloutOf(last)).canaryWeight > before);
    assert.match(following.stderr, /controls the rollouts/);

    const state = both[1 - leader]?.state ?? '';
    const paused = await run(['rollout', 'pause', 'move', '--state', state]);
    assert.equal(paused.code, 0, paused.stderr);
    const held = (await rolloutOf(last)).canaryWeight;
    await bench.apiserver.stop();
    const client = new TestClient(last.admission, readFile(last.ca));
    await until('not told', async () => {
      const { cluster } = await read<ClusterStatus>(`${last.admin}/api/v1/status`);
      return cluster.conditions.every(({ status, reason }) => status === 'False' && reason === 'CLUSTER_UNREACHABLE');
    });
    assert.equal((await client.post('/inject', REVIEW)).status, 200);
    assert.equal((await request(`${last.admin}/readyz`)).statusCode, 200);
    assert.equal((await rolloutOf(last)).canaryWeight, held);
    await client.close();
    following.child.kill('SIGTERM');
    assert.equal((await following.ended).code, 0);
  });
});
