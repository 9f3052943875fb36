import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { MODES, parseBenchOptions, UsageError } from './options.ts';

test('without arguments injections are measured in process and over HTTPS', () => {
  const options = parseBenchOptions([]);
  assert.deepEqual(options.modes, ['in-process', 'distinct']);
  assert.equal(options.provider, 'istio');
  assert.equal(options.against, null);
});

test('what is named is measured once, in the order of the table', () => {
  assert.deepEqual(parseBenchOptions(['storm', 'distinct', 'storm']).modes, ['distinct', 'storm']);
  assert.deepEqual(parseBenchOptions(['all']).modes, MODES);
});

test('reads options, and folders relative to the current one', () => {
  const options = parseBenchOptions(['--against', 'x', '--rounds', '3', '--window', '200', '--json', '-']);
  assert.equal(options.against, resolve('x'));
  assert.equal(options.rounds, 3);
  assert.equal(options.windowMs, 200);
  assert.equal(options.json, '-');
});

test('says what is wrong', () => {
  assert.throws(() => parseBenchOptions(['nothing']), UsageError);
  assert.throws(() => parseBenchOptions(['--provider', 'consul']), /istio or linkerd, not consul/);
  assert.throws(() => parseBenchOptions(['--rounds', '0']), /--rounds is a number from 1 to 1000, not 0/);
  assert.throws(() => parseBenchOptions(['--window', '1e3']), UsageError);
  assert.throws(() => parseBenchOptions(['--nothing']), UsageError);
});
