import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGoDuration, seconds, wholeMilliseconds, wholeSeconds } from './go-duration.ts';

/** Texts with what Go 1.26's time.ParseDuration makes of them, in nanoseconds. */
const PARSED: readonly [string, bigint | undefined][] = [
  ['0', 0n],
  ['-0', 0n],
  ['1h', 3_600_000_000_000n],
  ['1m30s', 90_000_000_000n],
  ['1.5s', 1_500_000_000n],
  ['.5s', 500_000_000n],
  ['1.s', 1_000_000_000n],
  ['-1500ms', -1_500_000_000n],
  ['+5us', 5_000n],
  ['5µs', 5_000n],
  ['0.3333333333333333333h', 1_200_000_000_000n],
  ['9223372036854775807ns', 9_223_372_036_854_775_807n],
  ['-9223372036854775808ns', -9_223_372_036_854_775_808n],
  ['9223372036854775808ns', undefined],
  ['3000000h', undefined],
  ['', undefined],
  ['1', undefined],
  ['.s', undefined],
  ['1d', undefined],
  ['1 s', undefined],
  ['s', undefined],
];

test('durations are read as Go reads them', () => {
  for (const [text, expected] of PARSED) assert.equal(parseGoDuration(text), expected, text);
});

test('milliseconds and seconds are cut, not rounded', () => {
  assert.equal(wholeSeconds(1_999_999_999n), '1s');
  assert.equal(wholeMilliseconds(500_000n), '0ms');
  assert.equal(wholeMilliseconds(-1_500_000_000n), '-1500ms');
  assert.equal(seconds(1_500_000_000n), 1.5);
});
