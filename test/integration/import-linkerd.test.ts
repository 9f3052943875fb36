/** `meshgate import linkerd`: from a cluster's objects, or Helm values, to a folder that serves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { checkout, Workspace } from './command.ts';

let space: Workspace;
beforeEach(() => {
  space = new Workspace();
});
afterEach(() => space.remove());

const policies = join(checkout, 'policies', 'linkerd-prod');
const VALUES = readFileSync(join(policies, '2-19', 'values.yaml'), 'utf8');
const ANCHORS = readFileSync(join(policies, 'example-trust-anchors.pem'), 'utf8');

const configMap = (name: string, data: Record<string, string>, namespace = 'linkerd') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});
const CONFIG = configMap('linkerd-config', { values: VALUES });
const ROOTS = configMap('linkerd-identity-trust-roots', { 'ca-bundle.crt': ANCHORS });
const INJECTOR = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'linkerd-proxy-injector', namespace: 'linkerd' },
  spec: {
    template: {
      spec: { containers: [{ name: 'proxy-injector', image: 'cr.l5d.io:5000/controller:edge-25.10.7@sha256:1' }] },
    },
  },
};
const WEBHOOK = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'linkerd-proxy-injector-webhook-config' },
  webhooks: [
    {
      name: 'linkerd-proxy-injector.linkerd.io',
      failurePolicy: 'Ignore',
      namespaceSelector: {
        matchExpressions: [
          { key: 'config.linkerd.io/admission-webhooks', operator: 'NotIn', values: ['disabled'] },
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] },
        ],
      },
    },
  ],
};
const NAMESPACE = {
  kind: 'Namespace',
  metadata: { name: 'shop', annotations: { 'linkerd.io/inject': 'enabled', 'example.com/owner': 'a' } },
};
const DEPLOYMENT = `kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [{name: app, image: i}]}}}
`;

function list(...items: readonly object[]): object {
  return { apiVersion: 'v1', kind: 'List', items };
}

function spec(file: string): unknown {
  return (parseYaml(space.read(file)) as { spec: unknown }).spec;
}

function run(...args: readonly string[]) {
  return space.run('import', 'linkerd', ...args, '-o', space.path('policies'));
}

describe('meshgate import linkerd', () => {
  it('makes a folder of a control plane, which serves as it is', async () => {
    const dump = space.write('dump.json', list(CONFIG, ROOTS, INJECTOR, WEBHOOK, NAMESPACE));
    const result = await run(dump, '--mesh', 'main', '--cluster', 'east');
    assert.deepEqual([result.code, result.err], [0, '']);
    assert.match(
      result.out,
      /^mesh main: revisions edge-25\.10\.7 \(Linkerd edge-25\.10\.7\), the default\ncluster east: 1 namespaces, 0 nodes\n/,
    );
    assert.deepEqual(spec('policies/mesh.yaml'), {
      provider: 'linkerd',
      paths: ['/'],
      defaultRevision: 'edge-25.10.7',
      onError: 'Ignore',
      ignoredNamespaces: ['kube-system'],
      cluster: 'east',
    });
    assert.deepEqual(spec('policies/edge-25.10.7/revision.yaml'), {
      mesh: 'main',
      linkerd: {
        values: { file: 'values.yaml' },
        trustAnchors: { file: 'trust-anchors.pem' },
        controlPlaneNamespace: 'linkerd',
        release: 'edge-25.10.7',
        version: 'edge-25.10.7',
      },
    });
    assert.equal(space.read('policies/edge-25.10.7/values.yaml'), VALUES);
    assert.equal(space.read('policies/edge-25.10.7/trust-anchors.pem'), ANCHORS);
    assert.deepEqual(spec('policies/cluster.yaml'), {
      namespaces: [{ name: 'shop', annotations: { 'linkerd.io/inject': 'enabled' } }],
    });
    assert.equal((await space.run('validate', space.path('policies'))).code, 0);
    const input = space.write('in.yaml', DEPLOYMENT);
    const injected = await space.run('inject', '-f', input, '--source', space.path('policies'), '--manual');
    assert.equal(injected.err, '\ndeployment "web" injected\n\n');
    assert.match(injected.out, /linkerd\.io\/created-by: linkerd\/cli edge-25\.10\.7/);
    const explained = await space.run('explain', input, '--source', space.path('policies'));
    assert.match(
      explained.out,
      /\ninjected: the pod gets init containers linkerd-init; containers linkerd-proxy; volumes /,
    );
  });

  it("lays a user's own Helm values over the defaults of the release", async () => {
    const first = space.write('a.yaml', 'proxy: {await: false, resources: {cpu: {request: 100m}}}\n');
    const second = space.write('b.yaml', 'proxy: {resources: {cpu: {request: 200m}}}\n');
    const anchors = space.write('anchors.pem', ANCHORS);
    const helm = ['--helm-values', first, second, '--trust-anchors', anchors];
    assert.equal((await run(...helm)).code, 2);
    const { code, out } = await run(...helm, '--release', '2.18', '-r', 'next');
    assert.equal(code, 0);
    assert.match(out, /mesh linkerd: revisions next \(Linkerd 2\.18\), the default/);
    const values = parseYaml(space.read('policies/next/values.yaml')) as {
      proxy: { resources: object; ports: object };
    };
    assert.deepEqual(values.proxy.resources, {
      cpu: { request: '200m', limit: '' },
      memory: { request: '', limit: '' },
      'ephemeral-storage': { request: '', limit: '' },
    });
    assert.deepEqual(values.proxy.ports, { admin: 4191, control: 4190, inbound: 4143, outbound: 4140 });
  });

  it("tells the release from the injector's image, else from the values, else not at all", async () => {
    const image = (tag: string) => JSON.parse(JSON.stringify(INJECTOR).replace('edge-25.10.7', tag)) as object;
    const own = (version: string) =>
      configMap('linkerd-config', { values: VALUES.replace(/^linkerdVersion: .*$/m, `linkerdVersion: ${version}`) });
    for (const [config, injector, release] of [
      [CONFIG, image('edge-26.1.2'), 'edge-26.1.2'],
      [CONFIG, image('of-our-own'), 'edge-25.10.7'],
      [own('of-our-own'), image('latest'), undefined],
    ] as const) {
      const { code, err } = await run(space.write('dump.json', list(config, ROOTS, injector)), '-r', 'r', '--force');
      assert.equal(code, 0, err);
      assert.equal((spec('policies/r/revision.yaml') as { linkerd: { release?: string } }).linkerd.release, release);
      assert.equal(err.includes('[RELEASE_UNKNOWN]'), release === undefined);
    }
  });

  it('takes complete values, and the trust anchors in them, and leaves private keys out', async () => {
    const { code, err } = await run(
      '--values',
      space.write(
        'values.yaml',
        `${VALUES}identityTrustAnchorsPEM: |\n${ANCHORS.replaceAll(/^/gm, '  ').trimEnd()}\nproxyInjector: {keyPEM: secret}\n`,
      ),
    );
    assert.equal(code, 0);
    assert.match(err, /private keys are left out: proxyInjector\.keyPEM/);
    assert.equal(space.read('policies/edge-25.10.7/trust-anchors.pem'), ANCHORS);
    assert.ok(!space.read('policies/edge-25.10.7/values.yaml').includes('secret'));
  });

  it('says what is missing, and where the control plane is', async () => {
    const dump = space.write('dump.json', list(CONFIG));
    const anchorless = await run(dump);
    assert.equal(anchorless.code, 1);
    assert.match(anchorless.err, /nothing to import without the trust anchors: ConfigMap linkerd-identity-trust-roots/);
    const elsewhere = await run(dump, '-L', 'mesh');
    assert.match(elsewhere.err, /namespace mesh has no ConfigMap linkerd-config; namespace linkerd has one/);
    assert.equal((await run()).code, 2);
  });

  it('reports values that do not compile, with their place', async () => {
    const broken = configMap('linkerd-config', { values: VALUES.replace('uid: 2102', 'uid: root') });
    const { code, err } = await run(space.write('dump.json', list(broken, ROOTS)));
    assert.equal(code, 1);
    assert.match(
      err,
      /policies\/edge-25\.10\.7\/values\.yaml: error: .*proxy\.uid is not an integer \[LINKERD_VALUES_TYPE\]/,
    );
  });
});
