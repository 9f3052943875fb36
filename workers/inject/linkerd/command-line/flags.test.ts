import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLinkerd } from '../compile.ts';
import { applyFlags, deprecations, FlagError, PROXY_FLAGS } from './flags.ts';
import { overrideAnnotations } from './overrides.ts';

const { values } = compileLinkerd({
  provider: 'linkerd',
  values: `
linkerdVersion: edge-26.8.1
imagePullPolicy: IfNotPresent
identity: {serviceAccountTokenProjection: true}
proxy:
  image: {name: cr.example/linkerd/proxy, version: proxy-1}
  ports: {admin: 4191, control: 4190, inbound: 4143, outbound: 4140}
  resources: {}
  metrics: {}
  livenessProbe: {}
  readinessProbe: {}
  nativeSidecar: true
  uid: 2102
  gid: -1
proxyInit: {iptablesMode: nft, xtMountPath: {name: lock, mountPath: /run}}
debugContainer: {image: {name: cr.example/linkerd/debug, version: debug-1}}
`,
  trustAnchors: 'PEM',
  controlPlaneNamespace: 'linkerd',
});

function annotationsFor(...flags: (readonly [string, string])[]) {
  return overrideAnnotations(applyFlags(values, new Map(flags)).proxy, values.proxy);
}

test('no flags, no annotations', () => {
  assert.deepEqual(annotationsFor(), {});
});

// What `linkerd inject --ignore-cluster` writes for each flag.
const ANNOTATIONS: readonly (readonly [flag: string, text: string, annotation: string, value: string])[] = [
  ['proxy-image', 'my/proxy', 'config.linkerd.io/proxy-image', 'my/proxy'],
  ['image-pull-policy', 'Always', 'config.linkerd.io/image-pull-policy', 'Always'],
  ['inbound-port', '1', 'config.linkerd.io/inbound-port', '1'],
  ['outbound-port', '2', 'config.linkerd.io/outbound-port', '2'],
  ['skip-inbound-ports', '22,8100-8102', 'config.linkerd.io/skip-inbound-ports', '22,8100-8102'],
  ['skip-outbound-ports', '5432', 'config.linkerd.io/skip-outbound-ports', '5432'],
  ['proxy-uid', '999', 'config.linkerd.io/proxy-uid', '999'],
  ['proxy-gid', '0', 'config.linkerd.io/proxy-gid', '0'],
  ['proxy-log-level', 'debug', 'config.linkerd.io/proxy-log-level', 'debug'],
  ['control-port', '3', 'config.linkerd.io/control-port', '3'],
  ['admin-port', '4', 'config.linkerd.io/admin-port', '4'],
  ['proxy-cpu-request', '10m', 'config.linkerd.io/proxy-cpu-request', '10m'],
  ['proxy-cpu-limit', '1', 'config.linkerd.io/proxy-cpu-limit', '1'],
  ['proxy-memory-request', '1Mi', 'config.linkerd.io/proxy-memory-request', '1Mi'],
  ['proxy-memory-limit', '2Mi', 'config.linkerd.io/proxy-memory-limit', '2Mi'],
  ['enable-external-profiles', 'true', 'config.linkerd.io/enable-external-profiles', 'true'],
  ['default-inbound-policy', 'deny', 'config.linkerd.io/default-inbound-policy', 'deny'],
  ['proxy-memory', '3Mi', 'config.linkerd.io/proxy-memory-request', '3Mi'],
  ['proxy-cpu', '4m', 'config.linkerd.io/proxy-cpu-request', '4m'],
  ['proxy-version', 'x', 'config.linkerd.io/proxy-version', 'x'],
  ['native-sidecar', 'false', 'config.linkerd.io/proxy-enable-native-sidecar', 'false'],
  ['wait-before-exit-seconds', '5', 'config.alpha.linkerd.io/proxy-wait-before-exit-seconds', '5'],
  ['require-identity-on-inbound-ports', '80', 'config.linkerd.io/proxy-require-identity-inbound-ports', '80'],
  ['ingress', 'true', 'linkerd.io/inject', 'ingress'],
  ['opaque-ports', '3306', 'config.linkerd.io/opaque-ports', '3306'],
];

for (const [flag, text, annotation, value] of ANNOTATIONS) {
  test(`--${flag} becomes ${annotation}`, () => {
    assert.deepEqual(annotationsFor([flag, text]), { [annotation]: value });
  });
}

test('every flag is tried here', () => {
  const tried = new Set([...ANNOTATIONS.map(([flag]) => flag), 'registry']);
  assert.deepEqual(
    PROXY_FLAGS.map(({ name }) => name).filter((name) => !tried.has(name)),
    [],
  );
});

test('a registry takes the place of what stands before the last part of an image', () => {
  for (const [registry, image] of [
    ['my.registry', 'my.registry/proxy'],
    ['my.registry/', 'my.registry/proxy'],
    ['my.registry/a', 'my.registry/a/proxy'],
    ['', 'proxy'],
  ] as const) {
    assert.equal(applyFlags(values, new Map([['registry', registry]])).proxy.imageName, image);
  }
});

test('an amount of CPU sets threads, by its present flags only', () => {
  const { proxy } = applyFlags(
    values,
    new Map([
      ['proxy-cpu-request', '1500m'],
      ['proxy-cpu-limit', '3'],
    ]),
  );
  assert.deepEqual([proxy.workersMinimum, proxy.workersMaximum], [2n, 3n]);
  assert.equal(applyFlags(values, new Map([['proxy-cpu', '1500m']])).proxy.workersMinimum, 0n);
});

test('values that a flag can not have are errors', () => {
  for (const [flag, text] of [
    ['admin-port', '-1'],
    ['admin-port', '65536'],
    ['admin-port', 'x'],
    ['proxy-uid', '9223372036854775808'],
    ['proxy-cpu-limit', 'much'],
    ['ingress', 'yes'],
    ['wait-before-exit-seconds', '-1'],
  ] as const) {
    assert.throws(() => applyFlags(values, new Map([[flag, text]])), FlagError, `--${flag} ${text}`);
  }
});

test('deprecated flags are told as Linkerd tells them', () => {
  const given = new Map([
    ['proxy-memory', '1Mi'],
    ['proxy-cpu-request', '1'],
    ['proxy-version', 'v5'],
  ]);
  assert.equal(
    deprecations(given),
    'Flag --proxy-memory has been deprecated, use --proxy-memory-request instead\n' +
      'Flag --proxy-version has been deprecated, use --set proxy.image.version=<version>\n',
  );
  assert.equal(deprecations(new Map([['ingress', 'true']])), '');
});
