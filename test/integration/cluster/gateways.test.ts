/** Gateways as processes of their own, with state folders of their own, in one cluster, by accounts with the rights that docs/cluster.md names. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import { parseAllDocuments } from 'yaml';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import { placeOf } from '../../../gateway/rollout/cohort.ts';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { TestClient } from '../gateway/harness.ts';
import { GatewayProcess, makeFolders, readFile, run } from '../gateway/process.ts';
import { until, Workbench } from './workbench.ts';

const HEAD = 'apiVersion: meshgate.dev/v1alpha1\n';
const revision = (name: string) =>
  `---\n${HEAD}kind: MeshRevision\nmetadata: {name: ${name}}\nspec: {mesh: shop, template: {template: {file: ${name}.tpl}, policy: enabled}}\n`;
const FILES = `${HEAD}kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: v1, paths: [/inject]}
${revision('v1')}${revision('v2')}---
${HEAD}kind: RevisionRollout
metadata: {name: move}
spec: {mesh: shop, from: v1, to: v2, analysis: {interval: 1s, stepWeights: [20, 40, 60, 80]}}
`;
const REVIEW = JSON.stringify({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: {
    ...{ uid: 'u', kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'shop', operation: 'CREATE' },
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'a:1' }] },
    },
  },
});

let bench: Workbench;
const folders = [makeFolders(), makeFolders(), makeFolders(), makeFolders()] as const;
const gateways: GatewayProcess[] = [];
before(async () => {
  bench = await Workbench.start();
  for (const { policy } of folders) {
    writeFileSync(join(policy, 'mesh.yaml'), FILES);
    for (const name of ['v1', 'v2'])
      writeFileSync(join(policy, `${name}.tpl`), `spec:\n  containers:\n  - {name: proxy, image: "proxy:${name}"}\n`);
  }
});
after(async () => {
  for (const { child } of gateways) child.kill('SIGKILL');
  await bench.stop();
  for (const { remove } of folders) remove();
});

function start(index: 0 | 1 | 2 | 3, kubeconfig: string): GatewayProcess {
  const { policy, state } = folders[index];
  const gateway = new GatewayProcess([
    ...['serve', '--source', policy, '--state', state, '--workers', '1', '--kubeconfig', kubeconfig],
    ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0'],
  ]);
  gateways.push(gateway);
  return gateway;
}

async function read<T>(url: string): Promise<T> {
  return (await (await request(url)).body.json()) as T;
}
const rolloutOf = ({ admin }: ReadyLine) => read<RolloutDescription>(`${admin}/api/v1/rollouts/move`);
interface ClusterStatus {
  readonly cluster: {
    namespace: string;
    conditions: { what: string; status: string; reason: string; message: string }[];
  };
}

/** The roles of the documentation, for an account of this test. */
async function grant(namespace: string, account: string): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'cluster.md'), 'utf8');
  const yaml = [...text.matchAll(/```yaml\n(apiVersion: rbac.*?)```/gs)].map(([, block]) => block).join('---\n');
  const own = yaml
    .replaceAll('mesh-system', namespace)
    .replaceAll('name: meshgate,', `name: ${account},`)
    .replaceAll('meshgate-readiness', `meshgate-readiness-${namespace}`);
  for (const document of parseAllDocuments(own)) {
    const object = document.toJS() as { kind: string; metadata: { namespace?: string } };
    const place = object.metadata.namespace === undefined ? '' : `/namespaces/${object.metadata.namespace}`;
    await bench.create(`/apis/rbac.authorization.k8s.io/v1${place}/${object.kind.toLowerCase()}s`, object);
  }
}

/** A pod of a canary's workload, as the gateway would have made it, that can not get its image. */
async function stuckPod(): Promise<void> {
  const owner = Array.from({ length: 100 }, (_, i) => `w${i}`).find((name) => {
    return placeOf('move', 'shop', { kind: 'StatefulSet', name }) < 20;
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

describe('gateways of one cluster', () => {
  it('take a revision back whose pods do not come up, and say what they saw', async () => {
    const namespace = await bench.namespace('mesh');
    await bench.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const metrics = '[{name: readiness, thresholdRange: {min: 95}}]';
    const asking = FILES.replace('stepWeights', `metrics: ${metrics}, stepWeights`);
    writeFileSync(join(folders[3].policy, 'mesh.yaml'), asking);
    const kubeconfig = await bench.account(namespace, 'meshgate');
    await grant(namespace, 'meshgate');
    await stuckPod();
    const gateway = start(3, kubeconfig);
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

  it('without rights serve and say what is refused; with those of the documentation they go on by themselves', async () => {
    const namespace = await bench.namespace('mesh');
    const gateway = start(0, await bench.account(namespace, 'meshgate'));
    const ready = await gateway.ready();
    const client = new TestClient(ready.admission, readFile(ready.ca));
    assert.equal((await client.post('/inject', REVIEW)).status, 200);
    await until('not told', async () => {
      const { cluster } = await read<ClusterStatus>(`${ready.admin}/api/v1/status`);
      const refused = cluster.conditions.filter(
        ({ status, reason }) => status === 'False' && reason === 'CLUSTER_REFUSED',
      );
      return refused.length > 0 && /configmaps.*docs\/cluster\.md/.test(refused[0]?.message ?? '');
    });
    assert.match(gateway.stderr, /CLUSTER_REFUSED/);
    assert.match(gateway.stderr, new RegExp(`system:serviceaccount:${namespace}:meshgate`), 'who is refused');
    await grant(namespace, 'meshgate');
    await until('no step', async () => (await rolloutOf(ready)).canaryWeight === 20);
    const { cluster } = await read<ClusterStatus>(`${ready.admin}/api/v1/status`);
    assert.equal(cluster.namespace, namespace);
    assert.deepEqual(
      cluster.conditions.map(({ what, status }) => [what, status]).sort(),
      ['ConfigMap', 'Lease'].map((kind) => [`${kind} ${namespace}/meshgate-rollouts`, 'True']),
    );
    await client.close();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
  });

  it('run a rollout together, one after the other, and serve on when the apiserver is gone', async () => {
    const namespace = await bench.namespace('mesh');
    const kubeconfig = await bench.account(namespace, 'meshgate');
    await grant(namespace, 'meshgate');
    const two = [start(1, kubeconfig), start(2, kubeconfig)];
    const ready = await Promise.all(two.map((gateway) => gateway.ready()));
    const weights = () => Promise.all(ready.map(async (each) => (await rolloutOf(each)).canaryWeight));
    await until('no second step', async () => (await weights()).every((weight) => weight === 40));
    const leads = two.map(({ stderr }) => /controls the rollouts/.test(stderr));
    assert.equal(leads.filter(Boolean).length, 1, 'one of them decides');
    const leader = leads.indexOf(true);
    const [leading, following] = [two[leader], two[1 - leader]] as [GatewayProcess, GatewayProcess];
    const last = ready[1 - leader] as ReadyLine;
    leading.child.kill('SIGTERM');
    assert.equal((await leading.ended).code, 0);
    await until('not taken over', async () => (await rolloutOf(last)).canaryWeight === 60);
    assert.match(following.stderr, /controls the rollouts/);

    const { state } = folders[leader === 0 ? 2 : 1];
    const paused = await run(['rollout', 'pause', 'move', '--state', state]);
    assert.equal(paused.code, 0, paused.stderr);
    await bench.apiserver.stop();
    const client = new TestClient(last.admission, readFile(last.ca));
    await until('not told', async () => {
      const { cluster } = await read<ClusterStatus>(`${last.admin}/api/v1/status`);
      return cluster.conditions.every(({ status, reason }) => status === 'False' && reason === 'CLUSTER_UNREACHABLE');
    });
    assert.equal((await client.post('/inject', REVIEW)).status, 200);
    assert.equal((await request(`${last.admin}/readyz`)).statusCode, 200);
    assert.equal((await rolloutOf(last)).canaryWeight, 60);
    await client.close();
    following.child.kill('SIGTERM');
    assert.equal((await following.ended).code, 0);
  });
});
