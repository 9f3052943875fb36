import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuSeconds, parseCpuSeconds, residentBytes } from './cpu-time.ts';

test('reads the times of a process whose name has spaces and parentheses', () => {
  const line = '4242 (node (a) b) S 17 4242 4242 0 -1 4194304 1 2 3 4 1500 250 9 9 20 0 11 0 1 2 3';
  assert.equal(parseCpuSeconds(line), 17.5);
});

test('a process that does not exist has no times', () => {
  assert.equal(cpuSeconds(2 ** 30), null);
  assert.equal(residentBytes(2 ** 30), null);
});
