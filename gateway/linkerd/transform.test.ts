import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InjectSettings } from '../../workers/inject/linkerd/command-line/inject.ts';
import { compileLinkerd } from '../../workers/inject/linkerd/compile.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { injectFiles, injectFilesAsTheyAre, uninjectFiles } from './transform.ts';

const VALUES = `
linkerdVersion: test-1
identity: {serviceAccountTokenProjection: true}
proxy:
  image: {name: registry.example/proxy, version: proxy-1}
  ports: {admin: 4191, control: 4190, inbound: 4143, outbound: 4140}
  resources: {}
  livenessProbe: {}
  metrics: {hostnameLabels: false}
  readinessProbe: {}
  uid: 2102
proxyInit: {iptablesMode: nft, runAsUser: 65534, xtMountPath: {name: lock, mountPath: /run}}
debugContainer: {image: {name: registry.example/debug, version: debug-1}}
`;

function settings(more: Partial<InjectSettings> = {}): InjectSettings {
  const revision = compileLinkerd({
    provider: 'linkerd',
    values: VALUES,
    trustAnchors: 'PEM',
    controlPlaneNamespace: 'linkerd',
  });
  return {
    revision,
    version: 'v1',
    manual: false,
    enableDebugSidecar: false,
    closeWaitTimeout: '',
    namespaces: true,
    annotations: {},
    ...more,
  };
}

const YAML = { format: 'yaml', verbose: false } as const;

function deployment(name: string, pod = ''): string {
  return `kind: Deployment\nmetadata: {name: ${name}}\nspec: {template: {spec: {${pod}containers: [{name: app, image: i}]}}}\n`;
}

interface Workload {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations: Record<string, string> };
      readonly spec: { readonly containers: { name: string }[]; readonly initContainers?: { name: string }[] };
    };
  };
}

function documents(text: string): Workload[] {
  return text
    .split('---\n')
    .filter((each) => each !== '')
    .map((each) => parseYaml(each) as unknown as Workload);
}

test('without manual only annotations are added, with the flags among them', () => {
  const { ok, text, report } = injectFiles(
    [deployment('a')],
    settings({ annotations: { 'config.linkerd.io/admin-port': '1' } }),
    YAML,
  );
  assert.ok(ok);
  const [workload] = documents(text);
  assert.deepEqual(workload?.spec.template, {
    metadata: { annotations: { 'config.linkerd.io/admin-port': '1', 'linkerd.io/inject': 'enabled' } },
    spec: { containers: [{ image: 'i', name: 'app' }] },
  });
  assert.equal(report, '\ndeployment "a" injected\n\n');
});

test('by hand the first workload alone says that it is an ingress', () => {
  const annotations = { 'linkerd.io/inject': 'ingress' };
  const { text } = injectFiles([deployment('a'), deployment('b')], settings({ manual: true, annotations }), YAML);
  assert.deepEqual(
    documents(text).map(({ spec }) => spec.template.metadata.annotations['linkerd.io/inject']),
    ['ingress', undefined],
  );
});

test('namespaces and Services are annotated, other kinds stay as they came', () => {
  const input = [
    'kind: Namespace\nmetadata: {name: shop}\n',
    'kind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 1}]}\n',
    'kind: ConfigMap # kept\nmetadata: {name: c}\n',
  ];
  const annotations = { 'config.linkerd.io/opaque-ports': '1' };
  const { text, report } = injectFiles([input.join('---\n')], settings({ annotations }), YAML);
  assert.match(text, /config.linkerd.io\/opaque-ports: "1"\n {4}linkerd.io\/inject: enabled\n {2}name: shop/);
  assert.match(text, /config.linkerd.io\/opaque-ports: "1"\n {2}name: db/);
  assert.match(text, /kind: ConfigMap # kept\n/);
  assert.equal(report, '\nnamespace "shop" annotated\nservice "db" annotated\nconfigmap "c" skipped\n\n');
  const untouched = injectFilesAsTheyAre([input.join('---\n')], settings({ namespaces: false }), YAML);
  assert.equal(untouched.text, `${input.join('---\n')}---\n`);
});

test('all that is wrong with a file is told, and nothing of it is written', () => {
  const input = [deployment('a', 'hostNetwork: true, '), deployment('b'), 'kind: Pod\nspec: {containers: 1}\n'].join(
    '---\n',
  );
  const { ok, text, report } = injectFilesAsTheyAre([deployment('z'), input], settings(), YAML);
  assert.equal(ok, false);
  assert.equal(documents(text).length, 1);
  assert.equal(
    report,
    [
      '\ndeployment "z" injected\n\nError transforming resources:',
      'failed to inject deployment/a: hostNetwork is enabled',
      'error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type []v1.Container',
    ].join('\n'),
  );
});

test('a part of the control plane is injected by hand only', () => {
  const pod =
    'kind: Pod\nmetadata: {labels: {linkerd.io/control-plane-component: x}}\nspec: {containers: [{name: c}]}\n';
  assert.match(injectFiles([pod], settings(), YAML).report, /--manual must be set/);
  assert.ok(injectFiles([pod], settings({ manual: true }), YAML).ok);
});

test('a ReplicationController without a template is an error', () => {
  const { ok, report } = injectFiles(['kind: ReplicationController\nspec: {}\n'], settings(), YAML);
  assert.equal(ok, false);
  assert.match(report, /no template/);
});

test('what cannot be patched is told with its place', () => {
  const { report } = injectFiles(['kind: Deployment\nspec: {}\n'], settings({ manual: true }), YAML);
  assert.match(report, /doc is missing path: "\/spec\/template\/metadata"/);
});

test('a pod that has everything an injection adds is injected like one that has nothing', () => {
  const manual = settings({ manual: true, enableDebugSidecar: true, closeWaitTimeout: '' });
  const once = injectFiles([deployment('a')], manual, YAML).text;
  assert.deepEqual(
    documents(once)[0]?.spec.template.spec.containers.map(({ name }) => name),
    ['app', 'linkerd-debug', 'linkerd-proxy'],
  );
  assert.equal(injectFiles([once], manual, YAML).text, once);
});

test('uninject leaves the debug container as Linkerd does, and takes it on demand', () => {
  const injected = injectFiles([deployment('a')], settings({ manual: true, enableDebugSidecar: true }), YAML).text;
  const names = (text: string) => documents(text)[0]?.spec.template.spec.containers.map(({ name }) => name);
  const taken = uninjectFiles([injected], 'linkerd', 'yaml');
  assert.equal(taken.report, '\ndeployment "a" uninjected\n\n');
  assert.deepEqual(names(taken.text), ['app', 'linkerd-debug']);
  assert.deepEqual(names(uninjectFiles([injected], 'all', 'yaml').text), ['app']);
});

test('JSON comes out a document a line, in the order of the keys', () => {
  const { text } = uninjectFiles(['kind: Pod\nmetadata: {name: "<a>"}\n---\nb: 1\na: 2\n'], 'linkerd', 'json');
  assert.equal(text, '{"kind":"Pod","metadata":{"name":"\\u003ca\\u003e"}}\n{"a":2,"b":1}\n');
});

test('the items of a List are reported, and written in it', () => {
  const list = `kind: List\napiVersion: v1\nitems:\n- {kind: Pod, metadata: {generateName: g-}, spec: {containers: [{name: c}]}}\n- {kind: Secret}\n`;
  const { text, report } = injectFiles([list], settings(), YAML);
  assert.equal(report, '\npod "g-" injected\nsecret "" skipped\n\n');
  assert.deepEqual(parseYaml(text.replace('---\n', '')), {
    apiVersion: 'v1',
    kind: 'List',
    metadata: {},
    items: [
      {
        kind: 'Pod',
        metadata: { annotations: { 'linkerd.io/inject': 'enabled' }, generateName: 'g-' },
        spec: { containers: [{ name: 'c' }] },
      },
      { kind: 'Secret' },
    ],
  });
});
