import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetMs } from './deadline.ts';

test('the rounding second and the reserve are kept back where they leave something', () => {
  assert.equal(budgetMs(10_000, 100), 8_900);
  assert.equal(budgetMs(2_000, 100), 900);
  assert.equal(budgetMs(1_000, 100), 900);
  assert.equal(budgetMs(500, 100), 400);
});

test('some of the timeout is always left to work with', () => {
  assert.equal(budgetMs(100, 100), 50);
  assert.equal(budgetMs(1_100, 100), 50);
  assert.equal(budgetMs(1, 30_000), 0.5);
});
