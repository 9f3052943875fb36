/** `meshgate import istio`: from a cluster's objects to a folder that serves. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { Workspace } from './command.ts';
import { configMap, DEPLOYMENT, INJECT_CONFIG, MESH_CONFIG, revisionConfigMaps, VALUES } from './istio-files.ts';

let space: Workspace;
beforeEach(() => {
  space = new Workspace();
});
afterEach(() => space.remove());

const tag = (name: string, revision: string) => ({
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: `istio-revision-tag-${name}`, labels: { 'istio.io/tag': name, 'istio.io/rev': revision } },
});
const istiod = (suffix: string, image: string, env: readonly object[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: `istiod${suffix}`, namespace: 'istio-system' },
  spec: { template: { spec: { containers: [{ name: 'discovery', image, env }] } } },
});
const NAMESPACE = {
  kind: 'Namespace',
  metadata: {
    name: 'shop',
    labels: { 'istio.io/rev': 'prod' },
    annotations: { 'openshift.io/sa.scc.uid-range': '1/2', 'example.com/owner': 'a' },
  },
};
const NODE = { kind: 'Node', metadata: { name: 'n1' }, status: { nodeInfo: { kubeletVersion: 'v1.33.1' } } };

function list(...items: readonly object[]): object {
  return { apiVersion: 'v1', kind: 'List', items };
}

/** A document of the folder, without its comment. */
function spec(file: string): unknown {
  return (parseYaml(space.read(file)) as { spec: unknown }).spec;
}

describe('meshgate import istio', () => {
  it('makes a folder of all revisions and tags, which serves as it is', async () => {
    const config = space.write('config.json', list(...revisionConfigMaps(''), ...revisionConfigMaps('1-30')));
    const rest = space.write(
      'rest.json',
      list(
        tag('prod', '1-30'),
        NAMESPACE,
        NODE,
        istiod('-1-30', 'example.com:5000/pilot:1.30.1-distroless', [{ name: 'PLATFORM', value: 'openshift' }]),
        configMap('istio-ca-root-cert', { 'root-cert.pem': 'x' }),
      ),
    );
    const out = space.path('policies');
    const result = await space.run('import', 'istio', config, rest, '-o', out, '--mesh', 'main', '--cluster', 'east');
    assert.deepEqual([result.code, result.err], [0, '']);
    assert.match(
      result.out,
      /mesh main: revisions 1-30 \(Istio 1\.30\.1\); default \(Istio 1\.30\.2\), the default; tags prod → 1-30/,
    );
    assert.match(result.out, /cluster east: 1 namespaces, 1 nodes/);
    assert.deepEqual(spec('policies/mesh.yaml'), {
      provider: 'istio',
      paths: ['/inject'],
      defaultRevision: 'default',
      tags: { prod: '1-30' },
      cluster: 'east',
    });
    assert.equal(space.read('policies/1-30/inject-config.yaml'), INJECT_CONFIG);
    assert.equal(space.read('policies/1-30/values.json'), VALUES);
    assert.equal((spec('policies/1-30/revision.yaml') as { istio: { platform: string } }).istio.platform, 'openshift');
    assert.deepEqual(spec('policies/cluster.yaml'), {
      namespaces: [
        { name: 'shop', labels: { 'istio.io/rev': 'prod' }, annotations: { 'openshift.io/sa.scc.uid-range': '1/2' } },
      ],
      nodes: [{ name: 'n1', kubeletVersion: 'v1.33.1' }],
    });
    const input = space.write('in.yaml', DEPLOYMENT);
    const injected = await space.run('inject', '-f', input, '--source', out, '-r', 'prod');
    assert.match(injected.out, /istio\.io\/rev: 1-30/);
    assert.equal((await space.run('validate', out)).code, 0);
  });

  it('takes tag default for the default revision', async () => {
    const dump = space.write(
      'dump.json',
      list(...revisionConfigMaps('1-29'), ...revisionConfigMaps('1-30'), tag('default', '1-30')),
    );
    await space.run('import', 'istio', dump, '-o', space.path('policies'));
    assert.equal((spec('policies/mesh.yaml') as { defaultRevision: string }).defaultRevision, '1-30');
  });

  it('takes bare texts', async () => {
    const texts = [
      ...['--injectConfigFile', space.write('a', INJECT_CONFIG)],
      ...['--valuesFile', space.write('b', VALUES)],
      ...['--meshConfigFile', space.write('c', MESH_CONFIG)],
    ];
    const { code } = await space.run('import', 'istio', ...texts, '-r', '1-24', '-o', space.path('policies'));
    assert.equal(code, 0);
    assert.equal(space.read('policies/1-24/mesh.yaml'), MESH_CONFIG);
  });

  it('says what it leaves out, and ends with 1', async () => {
    const [injector] = revisionConfigMaps('1-29');
    const dump = space.write('dump.json', list(...revisionConfigMaps(''), injector ?? {}, tag('old', '1-28')));
    const { code, err } = await space.run('import', 'istio', dump, '-o', space.path('policies'));
    assert.equal(code, 1);
    assert.match(err, /warning: revision 1-29 is left out, for there is no ConfigMap istio \(key mesh\) of it/);
    assert.match(err, /warning: tag old is left out: its revision 1-28 was not found/);
  });

  it('tells where the control plane is, when it is not in the namespace', async () => {
    const dump = space.write('dump.json', list(...revisionConfigMaps('')));
    const { code, err } = await space.run('import', 'istio', dump, '-o', space.path('policies'), '-i', 'mesh-system');
    assert.equal(code, 1);
    assert.match(err, /namespace mesh-system has no ConfigMap .*; namespace istio-system has/);
  });

  it('reports configuration that does not compile, with its place', async () => {
    const broken = configMap('istio-sidecar-injector', {
      config: 'templates:\n  sidecar: |\n    {{ if }}\n',
      values: VALUES,
    });
    const dump = space.write('dump.json', list(broken, configMap('istio', { mesh: MESH_CONFIG })));
    const { code, err } = await space.run('import', 'istio', dump, '-o', space.path('policies'));
    assert.equal(code, 1);
    assert.match(err, /policies\/default\/inject-config\.yaml:3:\d+: error: .*\[TEMPLATE_SYNTAX\]/);
  });

  it('overwrites nothing unless it is told to', async () => {
    const dump = space.write('dump.json', list(...revisionConfigMaps('')));
    const out = space.path('policies');
    const run = (...more: string[]) => space.run('import', 'istio', dump, '-o', out, ...more);
    assert.equal((await run()).code, 0);
    const again = await run();
    assert.equal(again.code, 2);
    assert.match(again.err, /is there already: --force overwrites it/);
    assert.equal((await run('--force')).code, 0);
  });

  it('ends with 2 when it is told of nothing to read', async () => {
    assert.equal((await space.run('import', 'istio', '-o', space.path('policies'))).code, 2);
  });
});
