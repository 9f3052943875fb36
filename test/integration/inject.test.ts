/** `meshgate inject` and `uninject`, as commands. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { podTemplateOf } from '../../workers/inject/workload.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { checkout, Workspace } from './command.ts';
import { DEPLOYMENT, INJECT_CONFIG, MESH_CONFIG, revisionConfigMaps, VALUES } from './istio-files.ts';

let space: Workspace;
let files: readonly string[] = [];

beforeEach(() => {
  space = new Workspace();
  files = [
    ...['--injectConfigFile', space.write('config.yaml', INJECT_CONFIG)],
    ...['--valuesFile', space.write('values.json', VALUES)],
    ...['--meshConfigFile', space.write('mesh.yaml', MESH_CONFIG)],
  ];
});
afterEach(() => space.remove());

interface Pod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>>; readonly labels: object };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly args?: readonly string[] }[] };
}

function podOf(text: string): Pod {
  const template = podTemplateOf(parseYaml(text) as JsonObject);
  return { metadata: template?.metadata, spec: template?.spec } as unknown as Pod;
}

const policies = join(checkout, 'policies');

describe('meshgate inject', () => {
  it('injects workloads as istioctl kube-inject does, and leaves other documents their bytes', async () => {
    const service = 'kind: Service   # spaces and comments stay\n';
    const input = space.write('in.yaml', `${service}---\n${DEPLOYMENT}`);
    const { code, out, err } = await space.run('inject', '-f', input, ...files);
    assert.deepEqual([code, err], [0, '']);
    const [first = '', second = ''] = out.split('---\n');
    assert.equal(first, service);
    const pod = podOf(second);
    assert.equal(pod.metadata.annotations['example.com/workload'], 'web');
    assert.deepEqual(pod.spec.containers[1]?.args, ['proxy', 'Deployment', '1337']);
  });

  it('takes ConfigMaps as kubectl prints them, and the revision that is asked for', async () => {
    const items = [...revisionConfigMaps(''), ...revisionConfigMaps('1-30')];
    const dump = space.write('dump.json', { kind: 'List', items });
    const input = space.write('in.yaml', DEPLOYMENT);
    const { out } = await space.run('inject', '-f', input, '--injectConfigFile', dump, '-r', '1-30');
    assert.equal(podOf(out).metadata.annotations['istio.io/rev'], '1-30');
  });

  it('takes the text of the sidecar template alone', async () => {
    const template = space.write('template.tpl', 'metadata:\n  annotations: {only: "{{ .DeploymentMeta.Name }}"}\n');
    const input = space.write('in.yaml', DEPLOYMENT);
    const { out } = await space.run('inject', '-f', input, ...files.slice(2), '--injectConfigFile', template);
    assert.equal(podOf(out).metadata.annotations['only'], 'web');
  });

  it('writes JSON for JSON, or where it is asked to, and files where they are named', async () => {
    const json = space.write('in.json', JSON.stringify(parseYaml(DEPLOYMENT)));
    const yaml = space.write('in.yaml', DEPLOYMENT);
    const fromJson = JSON.parse((await space.run('inject', '-f', json, ...files)).out) as JsonObject;
    const asJson = JSON.parse((await space.run('inject', '-f', yaml, '-o', 'json', ...files)).out) as JsonObject;
    assert.deepEqual(fromJson, asJson);
    assert.equal(fromJson['kind'], 'Deployment');
    const { out } = await space.run('inject', '-f', yaml, '-o', space.path('out.yaml'), ...files);
    assert.equal(out, '');
    assert.equal(podOf(space.read('out.yaml')).spec.containers.length, 2);
  });

  it('tells what it skips, in the words of istioctl', async () => {
    const host = DEPLOYMENT.replace('    spec:\n', '    spec:\n      hostNetwork: true\n');
    const off = DEPLOYMENT.replace('{app: web}\n    spec', '{app: web, sidecar.istio.io/inject: "false"}\n    spec');
    const input = space.write('in.yaml', `${host}---\n${off}`);
    const { code, out, err } = await space.run('inject', '-f', input, ...files);
    assert.equal(code, 0);
    assert.equal(out, `${host}---\n${off}---\n`);
    assert.deepEqual(err.trimEnd().split('\n'), [
      '===> Skipping injection because Deployment "shop/web" has host networking enabled',
      '===> Skipping injection because Deployment "shop/web" has sidecar injection disabled',
    ]);
  });

  it('changes nothing the second time', async () => {
    const input = space.write('in.yaml', DEPLOYMENT);
    await space.run('inject', '-f', input, '-o', space.path('once.yaml'), ...files);
    const { out, err } = await space.run('inject', '-f', space.path('once.yaml'), ...files);
    assert.equal(out, space.read('once.yaml'));
    assert.match(err, /is left alone: the pod already is/);
  });

  it('injects as a policy source says, with what its cluster knows', async () => {
    const input = space.write('in.yaml', DEPLOYMENT);
    const { code, out, err } = await space.run(
      'inject',
      '-f',
      input,
      '--source',
      policies,
      '--mesh',
      'istio-prod',
      '-r',
      'canary',
    );
    assert.deepEqual([code, err], [0, '']);
    const pod = podOf(out);
    assert.equal(pod.metadata.annotations['istio.io/rev'], '1-30');
    assert.ok(
      !('namespace' in pod.metadata) && !('ownerReferences' in pod.metadata) && !('generateName' in pod.metadata),
    );
    const uid = space.write('cluster.yaml', {
      kind: 'Namespace',
      metadata: { name: 'shop', annotations: { 'openshift.io/sa.scc.uid-range': '5000/10' } },
    });
    const open = await space.run('inject', '-f', input, ...files, '--platform', 'openshift', '--cluster-snapshot', uid);
    assert.deepEqual(podOf(open.out).spec.containers[1]?.args, ['proxy', 'Deployment', '5009']);
  });

  it('refuses with 1, and writes nothing, where a pod would be denied', async () => {
    const bad = DEPLOYMENT.replace(
      '      labels:',
      '      annotations: {status.sidecar.istio.io/port: x}\n      labels:',
    );
    const input = space.write('in.yaml', bad);
    for (const way of [files, ['--source', policies, '--mesh', 'istio-prod']]) {
      const { code, out, err } = await space.run('inject', '-f', input, ...way);
      assert.deepEqual([code, out], [1, '']);
      assert.match(
        err,
        /^meshgate: Deployment "shop\/web" is denied: .*status\.sidecar\.istio\.io\/port.* \[ANNOTATION_INVALID\]\n$/,
      );
    }
  });

  it('ends with 2 for wrong use, 1 for wrong files, 3 where a file can not be read', async () => {
    const input = space.write('in.yaml', DEPLOYMENT);
    const broken = space.write('broken.yaml', 'a: [\n');
    const cases: readonly (readonly [code: number, said: RegExp, ...args: readonly string[]])[] = [
      [2, /FLAGS_INVALID/, '-f', input],
      [2, /exclude each other/, '-f', input, ...files, '--source', policies],
      [2, /several meshes: name one with --mesh \(istio-prod, /, '-f', input, '--source', policies],
      [2, /required option/],
      [2, /choices/i, '-f', input, ...files, '--native-sidecars', 'maybe'],
      [1, /SOURCE_INVALID/, '-f', input, '--source', policies, '--mesh', 'istio-prod', '-r', '1-31'],
      [1, /broken.yaml: line \d: .*MANIFEST_INVALID/, '-f', broken, ...files],
      [
        1,
        /injectConfig: templates\.sidecar: .*\(TEMPLATE_SYNTAX\)/,
        '-f',
        input,
        ...files.slice(2),
        '--injectConfigFile',
        space.write('t', 'templates: {sidecar: "{{ if }}"}'),
      ],
      [3, /FILE_UNREADABLE/, '-f', space.path('nowhere.yaml'), ...files],
    ];
    for (const [code, said, ...args] of cases) {
      const result = await space.run('inject', ...args);
      assert.deepEqual([result.code, result.out], [code, ''], args.join(' '));
      assert.match(result.err, said, args.join(' '));
    }
  });
});

describe('meshgate uninject', () => {
  it('gives back what was injected; with the configuration, to the last annotation', async () => {
    const input = space.write('in.yaml', DEPLOYMENT);
    await space.run('inject', '-f', input, '-o', space.path('injected.yaml'), ...files);
    const alone = await space.run('uninject', '-f', space.path('injected.yaml'));
    assert.deepEqual([alone.code, alone.err], [0, '']);
    assert.deepEqual(podOf(alone.out).metadata, {
      annotations: { 'example.com/workload': 'web' },
      labels: { app: 'web' },
    });
    const told = await space.run('uninject', '-f', space.path('injected.yaml'), ...files);
    assert.deepEqual(podOf(told.out), podOf(DEPLOYMENT));
  });

  it('takes back what a policy source injected', async () => {
    const source = ['--source', policies, '--mesh', 'istio-prod'];
    const input = space.write('in.yaml', DEPLOYMENT);
    await space.run('inject', '-f', input, '-o', space.path('injected.yaml'), ...source);
    const { out } = await space.run('uninject', '-f', space.path('injected.yaml'), ...source);
    assert.deepEqual(podOf(out), podOf(DEPLOYMENT));
  });

  it('leaves alone what was not injected', async () => {
    const input = space.write('in.yaml', DEPLOYMENT);
    assert.equal((await space.run('uninject', '-f', input)).out, `${DEPLOYMENT}---\n`);
  });
});
