import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, quantile, ratios, summarize } from './statistics.ts';

test('a quantile lies between neighbours in proportion, whatever the order of the figures', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([0, 10], 0.99), 9.9);
  assert.equal(quantile([7], 0.25), 7);
  assert.ok(Number.isNaN(median([])));
});

test('a summary is the median and the quartiles', () => {
  assert.deepEqual(summarize([5, 1, 4, 2, 3]), { median: 3, lower: 2, upper: 4, count: 5 });
});

test('ratios are taken round by round', () => {
  assert.deepEqual(ratios([1, 9, 4], [2, 3, 4]), [0.5, 3, 1]);
  assert.throws(() => ratios([1], [1, 2]), /1 and 2 rounds/);
});
