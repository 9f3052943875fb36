import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_TIMEOUT_MS, parseUrl } from '../routing/target.ts';
import { budgetMs } from './deadline.ts';

const RESERVE_MS = 50;

test('the budget of a URL is its timeout less the rounding second, where that leaves something, and the reserve', () => {
  const budgets: [string, number][] = [
    // What the apiserver sends: whole seconds, as Go writes them.
    ['/inject?timeout=1s', 950],
    ['/inject?timeout=2s', 950],
    ['/inject?timeout=3s', 1_950],
    ['/inject?timeout=10s', 8_950],
    ['/inject?timeout=30s', 28_950],
    ['/inject?timeout=1m0s', 28_950],
    // Nobody's budget is less than something.
    ['/inject?timeout=1.5s', 450],
    ['/inject?timeout=100ms', 50],
    ['/inject?timeout=50ms', 25],
    ['/inject?timeout=1ns', 0.0000005],
    // What is no timeout, or none at all.
    ['/inject', 8_950],
    ['/inject?timeout=0s', 8_950],
    ['/inject?timeout=0', 8_950],
    ['/inject?timeout=-1s', 8_950],
    ['/inject?timeout=10', 8_950],
    ['/inject?timeout=NaNs', 8_950],
    ['/inject?timeout=1e3s', 8_950],
    [`/inject?timeout=${'9'.repeat(40)}h`, 28_950],
    [`/inject?timeout=${'9'.repeat(5_000)}h`, 8_950],
    // Of several the first counts.
    ['/inject?timeout=5s&timeout=1s', 3_950],
  ];
  for (const [url, expected] of budgets) assert.equal(budgetMs(parseUrl(url).timeoutMs, RESERVE_MS), expected, url);
});

test('some of the timeout is always left to work with, and never more than it', () => {
  assert.equal(budgetMs(1_100, 100), 50);
  assert.equal(budgetMs(1, 30_000), 0.5);
  const timeouts = fc.double({ min: 0.001, max: MAX_TIMEOUT_MS, noNaN: true });
  fc.assert(
    fc.property(timeouts, fc.double({ min: 0, max: 10_000, noNaN: true }), (timeoutMs, reserveMs) => {
      const budget = budgetMs(timeoutMs, reserveMs);
      assert.ok(budget > 0 && budget <= timeoutMs);
      // The call may have a second less than it says.
      if (timeoutMs > 1_000) assert.ok(budget <= timeoutMs - 1_000);
    }),
  );
});
