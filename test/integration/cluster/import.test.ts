/** `meshgate import` from a live cluster: the same folder as from its objects in files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { checkout, Workspace } from '../command.ts';
import { configMap, revisionConfigMaps } from '../istio-files.ts';
import { Workbench } from './workbench.ts';

let bench: Workbench;
let space: Workspace;
const spaces: Workspace[] = [];
before(async () => {
  bench = await Workbench.start();
  for (const name of ['istio-system', 'linkerd', 'shop']) {
    const metadata = { name, labels: { team: 'a' }, annotations: { 'linkerd.io/inject': 'enabled' } };
    await bench.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
  }
});
beforeEach(() => {
  space = new Workspace();
  spaces.push(space);
});
after(async () => {
  for (const each of spaces) each.remove();
  await bench.stop();
});

const deployment = (name: string, labels: object, container: string, image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: container, image }] } },
  },
});

describe('meshgate import from a live cluster', () => {
  it('makes the folder of an Istio control plane, of the context that is asked for', async () => {
    for (const each of revisionConfigMaps('')) await bench.create('/api/v1/namespaces/istio-system/configmaps', each);
    const istiod = deployment('istiod', { app: 'istiod' }, 'discovery', 'example.com/pilot:1.29.1');
    await bench.create('/apis/apps/v1/namespaces/istio-system/deployments', istiod);
    const { kubeconfig } = bench.apiserver;
    const out = space.path('policies');
    const result = await space.run('import', 'istio', '--kubeconfig', kubeconfig, '--context', 'test', '-o', out);
    assert.deepEqual([result.code, result.err], [0, '']);
    assert.match(result.out, /mesh istio: revisions default \(Istio 1\.29\.1\), the default/);
    assert.match(space.read('policies/cluster.yaml'), /name: shop/);
    const wrong = await space.run(
      'import',
      'istio',
      '--kubeconfig',
      kubeconfig,
      '--context',
      'none',
      '-o',
      space.path('b'),
    );
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /has no context "none" .*\[CLUSTER_CONFIG_INVALID\]/);
  });

  it('makes the folder of a Linkerd control plane with its trust anchors, with the rights of a namespace alone', async () => {
    const place = join(checkout, 'policies', 'linkerd-prod');
    const values = readFileSync(join(place, '2-19', 'values.yaml'), 'utf8');
    const anchors = readFileSync(join(place, 'example-trust-anchors.pem'), 'utf8');
    const maps = { 'linkerd-config': { values }, 'linkerd-identity-trust-roots': { 'ca-bundle.crt': anchors } };
    for (const [name, data] of Object.entries(maps)) {
      const { metadata, ...rest } = configMap(name, data) as { metadata: object };
      const body = { ...rest, metadata: { ...metadata, namespace: 'linkerd' } };
      await bench.create('/api/v1/namespaces/linkerd/configmaps', body);
    }
    const labels = { 'linkerd.io/control-plane-component': 'proxy-injector' };
    const injector = deployment(
      'linkerd-proxy-injector',
      labels,
      'proxy-injector',
      'cr.l5d.io/linkerd/controller:edge-25.10.7',
    );
    await bench.create('/apis/apps/v1/namespaces/linkerd/deployments', injector);
    const kubeconfig = await bench.account('linkerd', 'reader');
    const refused = await space.run('import', 'linkerd', '--kubeconfig', kubeconfig, '-o', space.path('refused'));
    assert.equal(refused.code, 3);
    assert.match(
      refused.err,
      /refuses GET \/api\/v1\/namespaces\/linkerd\/configmaps: .*linkerd:reader.* \[CLUSTER_REFUSED\]/,
    );

    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/linkerd';
    const head = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'reader', namespace: 'linkerd' } };
    const rules = [{ apiGroups: ['', 'apps'], resources: ['configmaps', 'deployments'], verbs: ['list'] }];
    await bench.create(`${rbac}/roles`, { ...head, kind: 'Role', rules });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
    const subjects = [{ kind: 'ServiceAccount', name: 'reader', namespace: 'linkerd' }];
    await bench.create(`${rbac}/rolebindings`, { ...head, kind: 'RoleBinding', roleRef, subjects });
    const out = space.path('policies');
    const result = await space.run('import', 'linkerd', '--kubeconfig', kubeconfig, '-o', out);
    assert.match(result.out, /mesh linkerd: revisions edge-25\.10\.7 \(Linkerd /);
    assert.match(result.err, /warning: .*mutatingwebhookconfigurations.*: tags and webhook settings are left out/);
    assert.match(result.err, /warning: .*\/api\/v1\/nodes.*: the nodes' versions are left out/);
    assert.equal(space.read('policies/edge-25.10.7/trust-anchors.pem'), anchors);
  });

  it('says when there is no kubeconfig, and when nobody answers', async () => {
    const before = process.env['KUBECONFIG'];
    const home = process.env['HOME'];
    try {
      delete process.env['KUBECONFIG'];
      process.env['HOME'] = space.path('nobody');
      const none = await space.run('import', 'istio', '--live', '-o', space.path('a'));
      assert.equal(none.code, 2);
      assert.match(none.err, /kubeconfig of the environment can not be read: there is none \[CLUSTER_CONFIG_INVALID\]/);
      process.env['KUBECONFIG'] = bench.kubeconfig('gone', null, {}, { server: 'https://127.0.0.1:1' });
      const gone = await space.run('import', 'istio', '--live', '-o', space.path('a'));
      assert.equal(gone.code, 3);
      assert.match(gone.err, /gets no answer from 127\.0\.0\.1:1: .*\[CLUSTER_UNREACHABLE\]/);
    } finally {
      if (before === undefined) delete process.env['KUBECONFIG'];
      else process.env['KUBECONFIG'] = before;
      if (home !== undefined) process.env['HOME'] = home;
    }
  });
});
