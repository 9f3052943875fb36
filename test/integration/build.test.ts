/** The plain-JavaScript form, as an image or the registry has it: built, installed beside its dependencies, started, asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Agent, request } from 'undici';
import { distinctReviews } from '../../loadtest/fleet/fleet.ts';
import { startGateway } from '../../loadtest/gateway.ts';
import { checkInjected, readAnswer } from '../../loadtest/k6/answer.ts';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');

before(() => {
  const built = spawnSync(process.execPath, [join(root, 'build', 'build.ts')], { cwd: root, encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr + built.stdout);
});

test('the built form holds no TypeScript and no test, and is a package of its own', () => {
  assert.deepEqual(globSync('{bin,gateway,workers}/**/*.ts', { cwd: dist }), []);
  assert.deepEqual(globSync('**/*.test.*', { cwd: dist, exclude: ['node_modules'] }), []);
  const manifest = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8')) as Record<string, unknown>;
  assert.equal(manifest.devDependencies, undefined);
  assert.deepEqual(manifest.bin, { meshgate: 'bin/meshgate.mjs' });
  assert.ok(existsSync(join(dist, 'policies', 'README.md')));
});

test('the built form starts and injects a pod', async () => {
  const gateway = await startGateway({
    args: ['--source', join(dist, 'policies')],
    program: join(dist, 'bin', 'meshgate.mjs'),
  });
  const dispatcher = new Agent({ connect: { ca: readFileSync(gateway.ca, 'utf8') } });
  try {
    const review = distinctReviews({ seed: 5 }).next().value;
    const response = await request(`${gateway.admission}/inject?timeout=10s`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(review),
    });
    const body = await response.body.text();
    assert.equal(response.statusCode, 200, body);
    const answer = readAnswer(review, body, (text) => Buffer.from(text, 'base64').toString('utf8'));
    checkInjected(review, answer, 'istio-proxy');
  } finally {
    await dispatcher.close();
    await gateway.stop();
  }
});
