/** A gateway as a process of its own in a cluster, by an account with the rights that docs/cluster.md names, or without. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClusterContext } from '../../../gateway/cluster/cluster-context.ts';
import { placeOf } from '../../../gateway/rollout/cohort.ts';
import type { ClusterSnapshot } from '../../../gateway/snapshot.ts';
import { patchText, TestClient } from '../gateway/harness.ts';
import { readFile } from '../gateway/process.ts';
import { type ClusterStatus, FILES, GatewayBench, grant, REVIEW, read, rolloutOf } from './gateway-bench.ts';
import { pause, until, Workbench } from './workbench.ts';

let bench: Workbench;
const gateways = new GatewayBench();
before(async () => {
  bench = await Workbench.start();
  await bench.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
});
after(async () => {
  gateways.stop();
  await bench.stop();
});

/** A pod of a canary's workload, as the gateway would have made it, that can not get its image. */
async function stuckPod(): Promise<void> {
  const owner = Array.from({ length: 1_000 }, (_, i) => `w${i}`).find((name) => {
    return placeOf('move', 'shop', { kind: 'StatefulSet', name }) < 4;
  });
  const metadata = {
    ...{ name: `${owner}-0`, namespace: 'shop' },
    annotations: { 'meshgate.dev/status': '{"shop":{"revision":"v2","digest":"d","added":{}}}' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, uid: 'x', controller: true }],
  };
  const place = '/api/v1/namespaces/shop/pods';
  const spec = { containers: [{ name: 'app', image: 'app:1' }] };
  const pod = (await bench.create(place, { apiVersion: 'v1', kind: 'Pod', metadata, spec })) as object;
  const container = { name: 'app', image: 'app:1', imageID: '', ready: false, restartCount: 0 };
  const containerStatuses = [{ ...container, state: { waiting: { reason: 'ImagePullBackOff' } } }];
  const body = { ...pod, status: { phase: 'Pending', containerStatuses } };
  await bench.admin.request('PUT', `${place}/${owner}-0/status`, { body });
}

describe('a gateway in a cluster', { concurrency: 3 }, () => {
  it('knows namespaces from the first request on, and as they change, in all their processes', async () => {
    const namespace = await bench.namespace('mesh');
    const kubeconfig = await bench.account(namespace, 'meshgate');
    await grant(bench, namespace, 'meshgate');
    const place = '/api/v1/namespaces/shop';
    const label = async (labels: object) => {
      const found = (await bench.admin.request('GET', place)) as { metadata: object };
      await bench.admin.request('PUT', place, { body: { ...found, metadata: { ...found.metadata, labels } } });
    };
    await label({ 'meshgate.dev/rev': 'v2' });
    const mesh = FILES.slice(0, FILES.lastIndexOf('---'));
    const { gateway } = gateways.start(kubeconfig, mesh, '--processes', '2');
    const ready = await gateway.ready();
    const client = new TestClient(ready.admission, readFile(ready.ca), { connections: 8 });
    const images = async () => {
      const answers = await Promise.all(Array.from({ length: 16 }, () => client.post('/inject', REVIEW)));
      return new Set(answers.map((answer) => /proxy:v\d/.exec(patchText(answer))?.[0]));
    };
    assert.deepEqual([...(await images())], ['proxy:v2']);
    await label({});
    const is = (image: string) => async () => [...(await images())].join() === image;
    const lateMs = await until('not followed', is('proxy:v1'));
    assert.ok(lateMs < 2_000, `${lateMs} ms`);
    await label({ 'meshgate.dev/rev': 'v2' });
    await until('not followed', is('proxy:v2'));
    await client.close();
    gateway.child.kill('SIGTERM');
    assert.equal((await gateway.ended).code, 0);
  });

  it('takes a revision back whose pods do not come up, and says what it saw', async () => {
    const namespace = await bench.namespace('mesh');
    const metrics = '[{name: readiness, thresholdRange: {min: 95}}]';
    const asking = FILES.replace('stepWeight', `metrics: ${metrics}, stepWeight`);
    const kubeconfig = await bench.account(namespace, 'meshgate');
    await grant(bench, namespace, 'meshgate');
    await stuckPod();
    const { gateway } = gateways.start(kubeconfig, asking);
    const ready = await gateway.ready();
    await until('not taken back', async () => (await rolloutOf(ready)).phase === 'Failed');
    const { failure, canaryWeight } = await rolloutOf(ready);
    assert.equal(canaryWeight, 0);
    assert.match(
      failure?.message ?? '',
      /^readiness is 0, beyond min 95 \(of 1 pods 1 ImagePullBackOff, as shop\/w\d+-0\)$/,
    );
    gateway.child.kill('SIGTERM');
    assert.equal((await gateway.ended).code, 0);
  });

  it('without rights serves and says what is refused; with those of the documentation it goes on by itself', async () => {
    const namespace = await bench.namespace('mesh');
    const { gateway } = gateways.start(await bench.account(namespace, 'meshgate'));
    const ready = await gateway.ready();
    const client = new TestClient(ready.admission, readFile(ready.ca));
    assert.equal((await client.post('/inject', REVIEW)).status, 200);
    await until('not told', async () => {
      const { cluster } = await read<ClusterStatus>(`${ready.admin}/api/v1/status`);
      const refused = cluster.conditions.filter(
        ({ status, reason }) => status === 'False' && reason === 'CLUSTER_REFUSED',
      );
      return ['configmaps', 'namespaces', 'nodes', 'replicasets', 'jobs'].every((kind) => {
        return refused.some(({ message }) => new RegExp(`${kind}.*docs/cluster\\.md`).test(message));
      });
    });
    assert.match(gateway.stderr, /CLUSTER_REFUSED/);
    assert.match(gateway.stderr, new RegExp(`system:serviceaccount:${namespace}:meshgate`), 'who is refused');
    await grant(bench, namespace, 'meshgate');
    await until('no step', async () => (await rolloutOf(ready)).canaryWeight > 0);
    const { cluster } = await read<ClusterStatus>(`${ready.admin}/api/v1/status`);
    assert.equal(cluster.namespace, namespace);
    const expected = ['ConfigMap', 'Lease'].map((kind) => `${kind} ${namespace}/meshgate-rollouts`);
    await until('not all is well', async () => {
      const { conditions } = (await read<ClusterStatus>(`${ready.admin}/api/v1/status`)).cluster;
      assert.deepEqual(conditions.map(({ what }) => what).sort(), [
        ...expected,
        'jobs',
        'namespaces',
        'nodes',
        'replicasets',
      ]);
      return conditions.every(({ status }) => status === 'True');
    });
    await client.close();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
  });
});

/** What a template mesh tells of a pod's owner. */
const OWNER_TAG = '{{ lower .Owner.Kind }}-{{ .Owner.Name }}';

/** A pod's review, owned by an object of the cluster. */
function owned(kind: string, name: string): string {
  const review = JSON.parse(REVIEW) as { request: { object: { metadata: object } } };
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  review.request.object.metadata = {
    generateName: `${name}-`,
    labels: { 'pod-template-hash': 'x1' },
    ownerReferences: [{ apiVersion, kind, name, uid: 'u', controller: true }],
  };
  return JSON.stringify(review);
}

describe('owners', () => {
  it('are those of the cluster where their names tell another one, in all processes, as they come and go', async () => {
    const namespace = await bench.namespace('mesh');
    const kubeconfig = await bench.account(namespace, 'meshgate');
    await grant(bench, namespace, 'meshgate');
    const labels = { app: 'odd' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a:1' }] } };
    const make = async (path: string, apiVersion: string, kind: string, name: string, spec: object, owner?: object) => {
      const metadata = {
        name,
        namespace: 'shop',
        labels,
        ...(owner === undefined ? {} : { ownerReferences: [owner] }),
      };
      const made = await bench.create(`${path}/namespaces/shop/${kind.toLowerCase()}s`, {
        apiVersion,
        kind,
        metadata,
        spec,
      });
      return { apiVersion, kind, name, uid: (made as { metadata: { uid: string } }).metadata.uid, controller: true };
    };
    const apps = '/apis/apps/v1';
    const batch = '/apis/batch/v1';
    const set = { replicas: 0, selector: { matchLabels: labels }, template };
    const stateful = await make(apps, 'apps/v1', 'StatefulSet', 'ledger', { ...set, serviceName: 'x' });
    const jobSpec = { suspend: true, template: { spec: { ...template.spec, restartPolicy: 'Never' } } };
    const cron = { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: jobSpec } };
    const cronJob = await make(batch, 'batch/v1', 'CronJob', 'report', cron);
    await make(apps, 'apps/v1', 'ReplicaSet', 'odd-x1', set, stateful);

    const mesh = FILES.slice(0, FILES.lastIndexOf('---'));
    const { gateway } = gateways.start(kubeconfig, { mesh, tag: OWNER_TAG }, '--processes', '2');
    const ready = await gateway.ready();
    const client = new TestClient(ready.admission, readFile(ready.ca), { connections: 8 });
    const ownerIn = async (review: string) => {
      const answers = await Promise.all(Array.from({ length: 16 }, () => client.post('/inject', review)));
      return [...new Set(answers.map((answer) => /proxy:([\w-]+)/.exec(patchText(answer))?.[1]))].join();
    };
    assert.equal(await ownerIn(owned('ReplicaSet', 'odd-x1')), 'statefulset-ledger');
    assert.equal(await ownerIn(owned('ReplicaSet', 'web-x1')), 'deployment-web', 'told from its name');
    assert.equal(await ownerIn(owned('Job', 'report-1')), 'job-report-1');
    await make(batch, 'batch/v1', 'Job', 'report-1', jobSpec, cronJob);
    await until('not known', async () => (await ownerIn(owned('Job', 'report-1'))) === 'cronjob-report');
    await bench.admin.request('DELETE', `${apps}/namespaces/shop/replicasets/odd-x1`);
    await until('not gone', async () => (await ownerIn(owned('ReplicaSet', 'odd-x1'))) === 'deployment-odd');
    await client.close();
    gateway.child.kill('SIGTERM');
    assert.equal((await gateway.ended).code, 0);
  });
});

describe('what injection knows', () => {
  it("holds nodes' versions, and changes only with what it holds", async () => {
    const told: ClusterSnapshot[] = [];
    const client = await bench.client();
    const onState = () => undefined;
    const context = new ClusterContext({
      ...{ client, onState, onChange: (cluster) => told.push(cluster), onOwners: () => undefined },
    });
    await context.start();
    assert.equal(told.at(-1)?.namespaces.has('kube-system'), true);
    const nodes = '/api/v1/nodes';
    const node = (await bench.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } })) as object;
    const put = async (kubeletVersion: string, reason: string) => {
      const status = {
        conditions: [{ type: 'Ready', status: 'True', reason, lastHeartbeatTime: null, lastTransitionTime: null }],
        nodeInfo: { kubeletVersion },
      };
      const found = (await bench.admin.request('GET', `${nodes}/n1`)) as object;
      await bench.admin.request('PUT', `${nodes}/n1/status`, { body: { ...node, ...found, status } });
    };
    await put('v1.33.0', 'first');
    await until(
      'not told',
      () => told.at(-1)?.nodes.some(({ kubeletVersion }) => kubeletVersion === 'v1.33.0') === true,
    );
    const times = told.length;
    for (let i = 0; i < 5; i++) await put('v1.33.0', `beat-${i}`);
    await pause(200);
    assert.equal(told.length, times, 'a sign of life is no change');
    await put('v1.34.0', 'updated');
    await until('not told', () => told.at(-1)?.nodes[0]?.kubeletVersion === 'v1.34.0');
    await bench.admin.request('DELETE', `${nodes}/n1`);
    await until('not told', () => told.at(-1)?.nodes.length === 0);
    await context.stop();
  });
});
