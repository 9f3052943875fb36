/** A revision whose release nothing tells, and one of a release that is not known, serve with a warning in the log and in the status. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { GatewayProcess } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'meshgate-releases-'));

function revision(name: string, release: string): string {
  const texts =
    'injectConfig: {inline: "templates: {sidecar: \\"\\"}"}, values: {inline: "{}"}, meshConfig: {inline: ""}';
  return `---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: ${name}}
spec: {mesh: istio, istio: {${texts}${release}}}
`;
}

let gateway: GatewayProcess;
let admin: string;
before(async () => {
  const mesh = 'apiVersion: meshgate.dev/v1alpha1\nkind: Mesh\nmetadata: {name: istio}\n';
  const spec = 'spec: {provider: istio, defaultRevision: untold}\n';
  const revisions = [
    revision('untold', ''),
    revision('known', ', release: "1.26"'),
    revision('newer', ', release: "1.99.1"'),
  ];
  writeFileSync(join(folder, 'all.yaml'), mesh + spec + revisions.join(''));
  const addresses = [
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
    '--state',
    join(tmpdir(), `meshgate-releases-state-${process.pid}`),
  ];
  gateway = new GatewayProcess(['serve', '--source', folder, '--workers', '1', ...addresses]);
  ({ admin } = await gateway.ready());
});
after(async () => {
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  rmSync(folder, { recursive: true, force: true });
});

const EXPECTED = [
  /revision untold .* no image tag of the values names a release/,
  /revision newer .* Istio 1\.99\.1 is newer than/,
];

test('the status tells them, and is ready', async () => {
  const { body } = await request(`${admin}/api/v1/status`);
  const { ready, source } = (await body.json()) as {
    ready: boolean;
    source: { problems: object[]; warnings: { code: string; message: string; file: string; line?: number }[] };
  };
  assert.deepEqual([ready, source.problems], [true, []]);
  assert.deepEqual(
    source.warnings.map(({ code, file }) => [code, file]),
    EXPECTED.map(() => ['RELEASE_UNKNOWN', 'all.yaml']),
  );
  for (const pattern of EXPECTED)
    assert.ok(
      source.warnings.some(({ message }) => pattern.test(message)),
      String(pattern),
    );
});

test('the log warns of each', () => {
  const lines = gateway.stderr.split('\n').filter((line) => line !== '');
  const warnings = lines
    .map((line) => JSON.parse(line))
    .filter(({ level, code }) => level === 'warn' && code === 'RELEASE_UNKNOWN');
  assert.equal(warnings.length, EXPECTED.length);
  for (const pattern of EXPECTED)
    assert.ok(
      warnings.some(({ msg }) => pattern.test(msg)),
      String(pattern),
    );
});
