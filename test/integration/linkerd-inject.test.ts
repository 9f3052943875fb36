/** `meshgate inject`, `uninject` and `explain` for Linkerd meshes, as commands. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { checkout, Workspace } from './command.ts';

let space: Workspace;
beforeEach(() => {
  space = new Workspace();
});
afterEach(() => space.remove());

const source = ['--source', join(checkout, 'policies'), '--mesh', 'linkerd-prod'];
const files = [
  ...['--values', join(checkout, 'policies', 'linkerd-prod', '2-19', 'values.yaml')],
  ...['--trust-anchors', join(checkout, 'policies', 'linkerd-prod', 'example-trust-anchors.pem')],
];

function deployment(name: string): string {
  return `kind: Deployment\nmetadata: {name: ${name}, namespace: batch}\nspec: {template: {spec: {containers: [{name: app, image: i}]}}}\n`;
}

interface Workload {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations: Record<string, string>; readonly labels?: Record<string, string> };
      readonly spec: { readonly containers: { name: string; env?: { name: string; value: string }[] }[] };
    };
  };
}

describe('meshgate inject for Linkerd', () => {
  it('tells the provider from the mesh of the source', async () => {
    const input = space.write('in.yaml', deployment('web'));
    const { code, out, err } = await space.run('inject', '-f', input, ...source, '-r', 'edge');
    assert.deepEqual([code, err], [0, '\ndeployment "web" injected\n\n']);
    const { metadata, spec } = (parseYaml(out.replace('---\n', '')) as unknown as Workload).spec.template;
    assert.deepEqual(metadata, { annotations: { 'linkerd.io/inject': 'enabled' } });
    assert.equal(spec.containers.length, 1);
  });

  it('puts the proxy in by hand, with what flags say in it and in annotations', async () => {
    const input = space.write('in.yaml', deployment('web'));
    const flags = ['--manual', '--admin-port', '9999', '--ingress', '--native-sidecar', '--close-wait-timeout', '90s'];
    const denied = await space.run('inject', '-f', input, ...files, ...flags);
    assert.equal(denied.code, 1);
    assert.match(denied.err, /^Error transforming resources:\n.*runAsRoot must be set/);
    const { code, out } = await space.run('inject', '-f', input, ...files, ...flags.slice(0, -2), '-L', 'mesh');
    assert.equal(code, 0);
    const { metadata } = (parseYaml(out.replace('---\n', '')) as unknown as Workload).spec.template;
    assert.equal(metadata.annotations['config.linkerd.io/admin-port'], '9999');
    assert.equal(metadata.annotations['config.linkerd.io/proxy-enable-native-sidecar'], 'true');
    assert.equal(metadata.annotations['linkerd.io/inject'], 'ingress');
    assert.equal(metadata.labels?.['linkerd.io/control-plane-ns'], 'mesh');
    assert.match(out, /name: LINKERD2_PROXY_ADMIN_LISTEN_ADDR\n\s+value: 0\.0\.0\.0:9999/);
  });

  it('takes folders, file by file in the order of their names, and writes files', async () => {
    space.write('in/b.yaml', deployment('b'));
    space.write('in/a/z.yaml', deployment('az'));
    space.write('in/a.yaml', deployment('a'));
    const output = space.path('out.yaml');
    const { code, out, err } = await space.run('inject', '-f', space.path('in'), ...files, '-o', output);
    assert.deepEqual([code, out], [0, '']);
    assert.equal(err, '\ndeployment "az" injected\ndeployment "a" injected\ndeployment "b" injected\n\n');
    assert.equal(space.read('out.yaml').split('---\n').length, 4);
    const taken = await space.run('uninject', '-f', output, '--provider', 'linkerd', '-o', 'json');
    assert.equal(taken.err, '\ndeployment "az" uninjected\ndeployment "a" uninjected\ndeployment "b" uninjected\n\n');
    assert.equal(taken.out.trim().split('\n').length, 3);
  });

  it('needs no trust anchors for annotations alone', async () => {
    const input = space.write('in.yaml', deployment('web'));
    assert.equal((await space.run('inject', '-f', input, ...files.slice(0, 2))).code, 0);
    const manual = await space.run('inject', '-f', input, ...files.slice(0, 2), '--manual');
    assert.equal(manual.code, 1);
    assert.match(manual.err, /hold no trust anchors/);
  });

  it('ends with 2 for flags that contradict each other or can not be', async () => {
    const input = space.write('in.yaml', deployment('web'));
    for (const flags of [
      [...files, ...source],
      ['--provider', 'linkerd'],
      ['--provider', 'istio', ...files],
      ['--provider', 'linkerd', '--source', join(checkout, 'policies'), '--mesh', 'istio-prod'],
      [...files, '--admin-port', 'x'],
      [...files, '--close-wait-timeout', 'soon'],
      [...files, '--disable-identity'],
      [...files, '--mesh', 'm'],
      [...source, '--weight', '10'],
    ]) {
      const { code, err } = await space.run('inject', '-f', input, ...flags);
      assert.equal(code, 2, `${flags.join(' ')}: ${err}`);
    }
  });
});

describe('meshgate explain for Linkerd', () => {
  it('tells every rule, as text and as JSON', async () => {
    const input = space.write('in.yaml', deployment('web'));
    const { code, out } = await space.run('explain', input, ...source);
    assert.equal(code, 0);
    assert.match(
      out,
      /injectAnnotation +annotation linkerd\.io\/inject: not set at namespace batch, not set at the pod/,
    );
    assert.match(
      out,
      /\nnot injected: neither the namespace nor the pod has annotation linkerd\.io\/inject=enabled\n$/,
    );
    const annotated = ['--namespace-annotations', 'linkerd.io/inject=enabled', '--json'];
    const [told] = JSON.parse((await space.run('explain', input, ...files, ...annotated)).out);
    assert.equal(told.verdict.kind, 'injected');
    assert.ok(told.steps.some(({ rule }: { rule: string }) => rule === 'namespaceSettings'));
  });

  it("stops at what Linkerd's webhook leaves out", async () => {
    const input = space.write('in.yaml', deployment('web').replace('batch', 'cert-manager'));
    const { out } = await space.run('explain', input, ...files);
    assert.match(
      out,
      /the namespace has label kubernetes\.io\/metadata\.name=cert-manager .* → skip \[WEBHOOK_NOT_SELECTED\]/,
    );
    const recorded = await space.run('explain', input, ...files, '--webhook', 'none');
    assert.match(recorded.out, /injection_enable_annotation_absent/);
  });
});
