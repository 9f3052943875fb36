/** The conformance command on a corpus of two cases, the same for a release: one that is as recorded, one that is not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { INJECT_CONFIG, MESH_CONFIG, VALUES } from '../integration/istio-files.ts';

let corpus = '';

function pod(name: string, hostNetwork: boolean): object {
  const spec = { hostNetwork, containers: [{ name: 'app', image: 'example.com/app' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

function line(id: number, object: object): object {
  const request = { uid: `u${id}`, namespace: 'shop', operation: 'CREATE', object };
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
  return { id, raw: false, path: '/inject', review };
}

function answer(id: number): object {
  return { apiVersion: 'admission.k8s.io/v1', response: { uid: `u${id}`, allowed: true } };
}

before(() => {
  corpus = mkdtempSync(join(tmpdir(), 'meshgate-corpus-'));
  const folder = join(corpus, 'istio', 'generated', 'classic');
  mkdirSync(folder, { recursive: true });
  const lines = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const files = {
    'inject-config.yaml': INJECT_CONFIG,
    'values.json': VALUES,
    'mesh.yaml': MESH_CONFIG,
    'flags.json': JSON.stringify({ flags: ['-revision', 'default', '-native', 'false'] }),
    'requests.ndjson': lines([line(0, pod('host', true)), line(1, pod('web', false))]),
    'responses.ndjson': lines([answer(0), answer(1)]),
    // The second pod is injected, and the recording says that it is not.
    'pods.ndjson': lines([null, pod('web', false)]),
  };
  const release = join(corpus, 'istio', 'releases', '1.30.2', 'classic');
  mkdirSync(release, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    writeFileSync(join(release, name), text);
  }
});
after(() => rmSync(corpus, { recursive: true, force: true }));

function conformance(...args: readonly string[]): { readonly code: number | null; readonly out: string } {
  const main = join(import.meta.dirname, 'main.ts');
  const ran = spawnSync(process.execPath, [main, '--corpus', corpus, ...args], { encoding: 'utf8' });
  return { code: ran.status, out: ran.stdout };
}

describe('npm run conformance', () => {
  it('counts, shows the first difference with both values, and ends with 1', () => {
    const report = join(corpus, 'report.json');
    const { code, out } = conformance('--json', report);
    assert.equal(code, 1);
    const [failure, , count, , total] = out.trimEnd().split('\n');
    assert.match(failure ?? '', /^istio\/classic classic#1: metadata\.labels: expected nothing, got \{"security/);
    assert.equal(count, 'istio/classic: 1 of 2');
    assert.match(total ?? '', /^2 of 4 as recorded, by way of core/);
    const { failures, sets } = JSON.parse(readFileSync(report, 'utf8')) as {
      failures: { id: string; path: string; actual: unknown }[];
      sets: { set: string; passed: number; failed: number }[];
    };
    assert.deepEqual([failures[0]?.id, failures[0]?.path], ['classic#1', 'metadata.labels']);
    assert.deepEqual(
      sets,
      ['istio/classic', 'istio/releases/1.30.2/classic'].map((set) => ({ set, passed: 1, failed: 1, excluded: {} })),
    );
  });

  it('comes to the same through the gateway', () => {
    const { code, out } = conformance('--via', 'https');
    assert.equal(code, 1);
    assert.match(out, /^istio\/classic: 1 of 2$/m);
  });

  it('runs the sets of one release, or of all', () => {
    assert.match(conformance('--release', '1.30.2').out, /^istio\/releases\/1\.30\.2\/classic: 1 of 2\n1 of 2 as rec/m);
    assert.match(conformance('--release', 'all', '--via', 'https').out, /^1 of 2 as recorded, by way of https/m);
    assert.equal(conformance('--release', '1.99').code, 3);
    assert.equal(conformance('--release', 'all', '--via', 'cli').code, 2);
  });

  it('runs what --only names: all equal ends with 0, no cases with 3, wrong use with 2', () => {
    assert.equal(conformance('--only', 'istio/classic classic#0').code, 0);
    assert.equal(conformance('--only', '/istio.classic classic#[02]/').code, 0);
    assert.equal(conformance('--only', 'no such case').code, 3);
    assert.equal(conformance('--provider', 'linkerd').code, 3);
    assert.equal(conformance('--via', 'pigeon').code, 2);
  });
});
