import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuSeconds, parseCpuSeconds, parseMachineCpuSeconds, parseResident, residentBytes } from './cpu-time.ts';

test('reads the times of a process whose name has spaces and parentheses', () => {
  const line = '4242 (node (a) b) S 17 4242 4242 0 -1 4194304 1 2 3 4 1500 250 9 9 20 0 11 0 1 2 3';
  assert.equal(parseCpuSeconds(line), 17.5);
});

test('reads what all of the machine did, without its idling', () => {
  assert.equal(parseMachineCpuSeconds('cpu  100 20 30 5000 400 1 2 40 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n'), 1.93);
});

test('a process that does not exist has no times', () => {
  assert.equal(cpuSeconds(2 ** 30), null);
  assert.equal(residentBytes(2 ** 30), null);
});

test('what a process has for itself is told from what it shares', () => {
  const status = 'Name:\tnode\nVmRSS:\t  100 kB\nRssAnon:\t   60 kB\nRssFile:\t   38 kB\nRssShmem:\t    2 kB\n';
  assert.deepEqual(parseResident(status), { own: 62 * 1024, files: 38 * 1024 });
  assert.equal(parseResident('Name:\tkthreadd\n'), null);
});
