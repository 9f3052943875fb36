/** The load test command as a user runs it: against the gateway of this checkout, and against an injector that answers wrongly. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseRecord } from '../../loadtest/report/record.ts';

const root = join(import.meta.dirname, '..', '..');

function loadtest(...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['loadtest/run.ts', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('npm run loadtest', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'meshgate-loadtest-test-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const files = (name: string): string[] => [
    '--json',
    join(folder, `${name}.json`),
    '--report',
    join(folder, `${name}.html`),
  ];

  test('a run of five seconds over several meshes passes, and writes its figures and a report beside an earlier run', async () => {
    const flags = ['--meshes', '3', '--rate', '20', '--duration', '5', '--p99', '8000'];
    const first = await loadtest('many-meshes', ...flags, ...files('first'));
    assert.equal(first.code, 0, first.output);
    const record = parseRecord(readFileSync(join(folder, 'first.json'), 'utf8'));
    assert.equal(record.passed, true);
    assert.equal(record.answers.patched, record.latency.count);
    assert.ok(record.latency.count >= 125 && record.latency.count <= 135, String(record.latency.count));
    assert.equal(record.sample.checked, record.latency.count);
    assert.equal(
      record.intervals.reduce((sum, { latency }) => sum + latency.count, 0),
      record.latency.count,
    );
    const outcomes = record.admin?.panels.find(({ id }) => id === 'outcomes');
    assert.ok(outcomes?.lines.some(({ name }) => name === 'patched'));

    const second = await loadtest(
      'smoke',
      '--duration',
      '2',
      '--rate',
      '5',
      '--compare',
      join(folder, 'first.json'),
      ...files('second'),
    );
    assert.equal(second.code, 0, second.output);
    const html = readFileSync(join(folder, 'second.html'), 'utf8');
    assert.match(html, /✓ Passed/);
    assert.match(html, /Beside the earlier run/);
  });

  test('an injector whose patches do not inject fails the run, with a report', async () => {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } };
        const { uid } = review.request;
        const patch = Buffer.from('[]').toString('base64');
        const answer = { uid, allowed: true, patchType: 'JSONPatch', patch };
        response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const target = `http://127.0.0.1:${port}/inject`;
      const run = await loadtest('smoke', '--duration', '2', '--rate', '10', '--target', target, ...files('wrong'));
      assert.equal(run.code, 1, run.output);
      const record = parseRecord(readFileSync(join(folder, 'wrong.json'), 'utf8'));
      assert.equal(record.sample.wrong, record.sample.checked);
      assert.ok(record.sample.wrong > 0);
      assert.equal(record.admin, null);
      assert.match(readFileSync(join(folder, 'wrong.html'), 'utf8'), /istio-proxy is not there once/);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('wrong use is told with the usage, exit code 2', async () => {
    for (const args of [['no-such'], ['smoke', '--compare', join(root, 'package.json')], ['smoke', '--rate', '-1']]) {
      const { code, output } = await loadtest(...args);
      assert.equal(code, 2, output);
      assert.match(output, /usage: npm run loadtest/);
    }
  });

  test('an admin address that does not answer keeps the run from starting, exit code 3', async () => {
    const nowhere = ['--target', 'https://127.0.0.1:9/inject', '--admin', 'http://127.0.0.1:9'];
    const { code, output } = await loadtest('smoke', '--duration', '1', ...nowhere, ...files('none'));
    assert.equal(code, 3, output);
  });
});
