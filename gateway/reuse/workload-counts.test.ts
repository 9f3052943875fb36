import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLACES, WorkloadCounts } from './workload-counts.ts';

test('a workload is counted from its second review on, apart from others', () => {
  const counts = new WorkloadCounts();
  for (const hash of [0, 1, 0xffff_ffff]) {
    assert.deepEqual([counts.next(hash), counts.next(hash), counts.next(hash)], [-1, 0, 1], `${hash}`);
  }
  counts.set(1, 0);
  assert.deepEqual([counts.next(0), counts.next(1)], [2, 0]);
});

test('a workload that comes to the place of another one begins anew, and so does the other', () => {
  const counts = new WorkloadCounts();
  counts.next(5);
  assert.deepEqual([counts.next(5 + PLACES), counts.next(5), counts.next(5)], [-1, -1, 0]);
});

test('a count ends somewhere', () => {
  const counts = new WorkloadCounts();
  const seen = Array.from({ length: 1_000 }, () => counts.next(9));
  assert.equal(seen.at(-1), seen.at(-2));
  assert.equal(seen.indexOf(-1, 1), -1);
});
