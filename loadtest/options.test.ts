import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions, UsageError, usage } from './options.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';

test('a scenario has its own settings, and flags change them', () => {
  const defaults = SCENARIOS.get('steady')?.defaults;
  assert.deepEqual(parseOptions(['steady']).settings, { ...defaults, seed: 1 });
  const { settings } = parseOptions([
    'steady',
    '--rate',
    '7',
    '--duration',
    '2m',
    '--seed',
    '9',
    '--timeout',
    '3s',
    '--p99',
    '40',
  ]);
  assert.deepEqual(settings, { rate: 7, seconds: 120, seed: 9, timeoutSeconds: 3, p99LimitMs: 40, meshes: 0 });
});

test('meshes are generated for the gateway that is started, and for no other injector', () => {
  assert.equal(parseOptions(['many-meshes', '--meshes', '5']).settings.meshes, 5);
  assert.equal(parseOptions(['many-meshes', '--target', 'https://127.0.0.1:1/inject']).settings.meshes, 0);
});

test('wrong use is told', () => {
  for (const args of [
    [],
    ['no-such-scenario'],
    ['smoke', 'steady'],
    ['smoke', '--no-such-flag'],
    ['smoke', '--rate', '0'],
    ['smoke', '--rate', '50001'],
    ['smoke', '--rate', '1e3'],
    ['smoke', '--rate', '5m'],
    ['smoke', '--duration', '61m'],
    ['smoke', '--timeout', '31'],
    ['smoke', '--target', 'istiod'],
    ['smoke', '--target', 'file:///inject'],
    ['smoke', '--target', 'https://user:password@localhost/inject'],
    ['smoke', '--admin', 'http://localhost:1'],
    ['smoke', '--provider', 'consul'],
  ]) {
    assert.throws(() => parseOptions(args), UsageError, args.join(' '));
  }
});

test('the usage names every scenario', () => {
  for (const name of SCENARIOS.keys()) assert.match(usage(), new RegExp(`^  ${name} `, 'm'));
});
