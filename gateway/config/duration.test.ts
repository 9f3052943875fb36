import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './duration.ts';

test('reads durations as Go writes them', () => {
  const cases: [string, number][] = [
    ['5s', 5_000],
    ['1m', 60_000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['0', 0],
    ['+0', 0],
    ['-2s', -2_000],
    ['250µs', 0.25],
    ['100000ns', 0.1],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test('refuses what is not a duration', () => {
  for (const text of [
    '',
    '-',
    '5',
    's',
    '5 s',
    '1e3s',
    '5sec',
    '0x1s',
    '1s,',
    '.s',
    'Infinity',
    '5S',
    ' 5s',
    `${'1'.repeat(99)}s`,
  ]) {
    assert.equal(parseDuration(text), null, text);
  }
});
