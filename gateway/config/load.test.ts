import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addressUrl, parseAddress } from './address.ts';
import { loadOptions, type OptionInputs } from './load.ts';
import { environmentName, flagName, OPTIONS } from './options.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshgate-options-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function load(inputs: Partial<OptionInputs>): ReturnType<typeof loadOptions> {
  return loadOptions({ flags: {}, environment: {}, configFile: null, ...inputs });
}

function configFile(text: string): string {
  const path = join(folder, 'options.yaml');
  writeFileSync(path, text);
  return path;
}

test('a flag wins over a variable, that over the file, that over a stand-in, that over the default', async () => {
  const configured = configFile(
    'source: file\ninterval: 2m\nworkers: 3\nserviceNames: [a.svc, b.svc]\nadmin: "[::1]:1"\n',
  );
  const options = await load({
    flags: { source: 'flag' },
    environment: { MESHGATE_SOURCE: 'variable', MESHGATE_INTERVAL: '3m', MESHGATE_REF: '' },
    configFile: configured,
    defaults: { workers: '9', state: 'stand-in' },
  });
  assert.equal(options.source, 'flag');
  assert.equal(options.interval, 180_000);
  assert.equal(options.workers, 3);
  assert.deepEqual(options.serviceNames, ['a.svc', 'b.svc']);
  assert.deepEqual(options.admin, { host: '::1', port: 1 });
  assert.equal(options.state, 'stand-in');
  assert.equal(options.ref, null, 'an empty variable is none');
  assert.deepEqual(options.listen, { host: '0.0.0.0', port: 8443 });
});

test('options are frozen, lists and addresses included', async () => {
  const options = await load({ flags: { source: '.', serviceNames: 'a', listen: ':1' } });
  assert.ok(Object.isFrozen(options) && Object.isFrozen(options.serviceNames) && Object.isFrozen(options.listen));
});

test('what can not be meant is refused with a code', async () => {
  const refused = (inputs: Partial<OptionInputs>, code: string): Promise<void> => {
    return assert.rejects(load({ flags: { source: '.', ...inputs.flags }, configFile: inputs.configFile ?? null }), {
      code,
    });
  };
  for (const listen of ['8443', 'a', ':65536', '::1:80', '[::1]', 'a:b'])
    await refused({ flags: { listen } }, 'OPTION_INVALID');
  for (const workers of ['0', '-1', '1.5', 'many', '257', '']) await refused({ flags: { workers } }, 'OPTION_INVALID');
  for (const interval of ['0', '500ms', '60', '1000h']) await refused({ flags: { interval } }, 'OPTION_INVALID');
  for (const serviceNames of ['', 'a b', 'a,,b', '-a']) await refused({ flags: { serviceNames } }, 'OPTION_INVALID');
  for (const otlpEndpoint of ['localhost:4318', 'grpc://x', 'http://'])
    await refused({ flags: { otlpEndpoint } }, 'OPTION_INVALID');
  await refused({ flags: { logLevel: 'loud' } }, 'OPTION_INVALID');
  await refused({ flags: { tlsKey: 'a' } }, 'OPTION_INVALID');
  await refused({ flags: { clusterNamespace: 'a' } }, 'OPTION_INVALID');
  await refused({ configFile: join(folder, 'missing') }, 'CONFIG_FILE_INVALID');
  await refused({ configFile: configFile('- a\n') }, 'CONFIG_FILE_INVALID');
  await refused({ configFile: configFile('a: [\n') }, 'CONFIG_FILE_INVALID');
  await refused({ configFile: configFile('__proto__: {a: 1}\n') }, 'OPTION_UNKNOWN');
  await refused({ configFile: configFile('workers: {a: 1}\n') }, 'OPTION_INVALID');
});

test('every option has a flag and a variable of its own', () => {
  const keys = Object.keys(OPTIONS);
  assert.equal(flagName('tlsCert'), 'tls-cert');
  assert.equal(environmentName('tlsCert'), 'MESHGATE_TLS_CERT');
  assert.equal(new Set(keys.map(environmentName)).size, keys.length);
});

test('addresses are read and written', () => {
  assert.deepEqual(parseAddress('localhost:0'), { host: 'localhost', port: 0 });
  assert.deepEqual(parseAddress(':80'), { host: '::', port: 80 });
  assert.equal(addressUrl('https', '0.0.0.0', 1), 'https://127.0.0.1:1');
  assert.equal(addressUrl('https', '::1', 1), 'https://[::1]:1');
});

test('GatewaySources stand beside the options, overlays after their bases', async () => {
  const source = (name: string, spec: string) =>
    `apiVersion: meshgate.dev/v1alpha1\nkind: GatewaySource\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
  const file = [
    'workers: 3\ninterval: 2m\n',
    source('team', 'url: /team, interval: 30s, timeout: 10s, allow: {meshes: [edge]}'),
    source('base', 'url: /base, ref: {semver: 1.x}'),
  ].join('---\n');
  const { workers, sources } = await load({ configFile: configFile(file) });
  assert.equal(workers, 3);
  assert.deepEqual(
    sources.map(({ name, intervalMs, timeoutMs }) => [name, intervalMs, timeoutMs]),
    [
      ['base', 120_000, undefined],
      ['team', 30_000, 10_000],
    ],
  );
  await assert.rejects(load({ flags: { source: '.' }, configFile: configFile(file) }), { code: 'OPTION_INVALID' });
  await assert.rejects(load({}), { code: 'OPTION_INVALID' });
  for (const [text, place] of [
    [source('a', 'url: /a, intervall: 1m'), /:4:17: error: unknown field "intervall"/],
    [`${source('a', 'url: /a')}---\n${source('a', 'url: /b')}`, /two sources are called a/],
    ['apiVersion: meshgate.dev/v1alpha1\nkind: Mesh\n', /KIND_MISPLACED/],
    [source('a', 'url: /a, verify: {keys: {}}'), /verify/],
  ] as const) {
    await assert.rejects(load({ configFile: configFile(text) }), (error: Error) => place.test(error.message));
  }
});
