import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, rest, warm } from './main.ts';
import type { IstioRevisionSpec, RevisionSource } from './protocol.ts';

function source(digest: string, changes: Partial<IstioRevisionSpec>): RevisionSource {
  const spec: IstioRevisionSpec = {
    provider: 'istio',
    injectConfig: 'templates: {}',
    values: '{}',
    meshConfig: '',
    revision: 'default',
    platform: '',
    compliancePolicy: '',
    env: {},
    nativeSidecars: 'Auto',
    ...changes,
  };
  return { digest, mesh: 'mesh', name: 'default', spec };
}

test('a revision with warnings alone serves', async () => {
  const untold = source('untold', {});
  assert.deepEqual(
    (await check(untold)).map(({ code, severity }) => [code, severity]),
    [['RELEASE_UNKNOWN', 'warning']],
  );
  assert.equal((await warm([source('untold too', {})]))[0]?.ok, true);
});

test('a revision that is told its release has nothing to tell', async () => {
  assert.deepEqual(await check(source('told', { release: '1.24.6' })), []);
});

test('a revision that does not compile tells why, and does not serve', async () => {
  const broken = source('broken', { release: '1.24.6', values: '[]' });
  assert.deepEqual(
    (await check(broken)).map(({ code }) => code),
    ['VALUES_TYPE'],
  );
  assert.equal((await warm([broken]))[0]?.ok, false);
});

test('the event loop turns while a worker rests', async () => {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await rest();
  assert.equal(turned, true);
});
