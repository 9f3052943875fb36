import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationOfNanos, encodeDuration, parseGoDuration } from './duration.ts';

test("reads Go's notation", () => {
  const cases: readonly (readonly [string, bigint])[] = [
    ['0', 0n],
    ['+0', 0n],
    ['45s', 45_000_000_000n],
    ['1.5s', 1_500_000_000n],
    ['.5s', 500_000_000n],
    ['5.s', 5_000_000_000n],
    ['-1h1m1s', -3_661_000_000_000n],
    ['1\u00b5s', 1_000n],
    ['1\u03bcs', 1_000n],
    ['0.3333333333333333333h', 1_200_000_000_000n],
    ['1ns1ns', 2n],
    ['2562047h47m16.854775807s', 2n ** 63n - 1n],
    ['-2562047h47m16.854775808s', -(2n ** 63n)],
  ];
  for (const [text, nanos] of cases) assert.equal(parseGoDuration(text), nanos, text);
});

test('refuses what Go refuses', () => {
  const bad = ['', '-', '5', '.s', 's', '1 s', '1d', '1S', '3000000h', '2562047h47m16.854775808s', '1s-1s', '1.2.3s'];
  for (const text of bad) assert.equal(parseGoDuration(text), null, text);
});

test("writes protobuf's notation with 0, 3, 6 or 9 digits", () => {
  const written = (nanos: bigint): string => encodeDuration(durationOfNanos(nanos));
  assert.equal(written(0n), '0s');
  assert.equal(written(45_000_000_000n), '45s');
  assert.equal(written(1_500_000_000n), '1.500s');
  assert.equal(written(1_000n), '0.000001s');
  assert.equal(written(-1n), '-0.000000001s');
  assert.equal(written(-1_500_000_000n), '-1.500s');
});
