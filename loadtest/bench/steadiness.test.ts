import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWarm, type WarmWindow } from './steadiness.ts';

const RULE = { requests: 1_000, seconds: 6, limitSeconds: 20 };

function windows(...costs: number[]): WarmWindow[] {
  return costs.map((cost) => ({ requests: 500, seconds: 1, cost }));
}

test('a server is warm when its last windows bring nothing any more', () => {
  assert.ok(!isWarm(windows(9, 7, 6, 5, 4, 3.5, 3.2), RULE));
  assert.ok(isWarm(windows(9, 5, 3, 3.01, 2.99, 3, 3.02, 3.01), RULE));
});

test('a slow window between fast ones neither ends the warming nor prolongs it', () => {
  assert.ok(!isWarm(windows(9, 8, 7, 9, 9, 6, 9, 9), RULE));
  assert.ok(isWarm(windows(9, 3, 3, 8, 8, 3, 8, 8), RULE));
});

test('a server serves its requests and seconds before it counts as warm', () => {
  assert.ok(!isWarm(windows(3, 3, 3, 3, 3), RULE));
  const few = windows(3, 3, 3, 3, 3, 3, 3, 3).map((window) => ({ ...window, requests: 10 }));
  assert.ok(!isWarm(few, RULE));
});

test('warming ends at its limit', () => {
  assert.ok(isWarm(windows(...Array.from({ length: 20 }, (_, i) => 100 - i * 4)), RULE));
});
