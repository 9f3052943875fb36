import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinctReviews, type Review, stormReviews } from './fleet.ts';

function take(reviews: Generator<Review, never>, count: number): Review[] {
  return Array.from({ length: count }, () => reviews.next().value);
}

/** What is left of a review when the parts that differ between replicas are gone. */
function workloadOf(review: Review): string {
  return JSON.stringify(review.request.object).replaceAll(/kube-api-access-[a-z0-9]{5}/g, '');
}

test('the same seed gives the same fleet, another seed another one', () => {
  const first = JSON.stringify(take(distinctReviews({ seed: 1 }), 50));
  assert.equal(JSON.stringify(take(distinctReviews({ seed: 1 }), 50)), first);
  assert.notEqual(JSON.stringify(take(distinctReviews({ seed: 2 }), 50)), first);
});

test('no two of 2,000 distinct reviews are alike, even without the parts that differ between replicas', () => {
  const seen = new Set(take(distinctReviews({ seed: 7 }), 2_000).map(workloadOf));
  assert.equal(seen.size, 2_000);
});

test('a storm is one workload: all replicas alike but for uid and token volume', () => {
  const reviews = take(stormReviews({ seed: 7 }), 200);
  assert.equal(new Set(reviews.map(workloadOf)).size, 1);
  assert.equal(new Set(reviews.map((review) => review.request.uid)).size, 200);
});

test('1,500 extra environment variables make a pod of about 92 KB', () => {
  const [review] = take(distinctReviews({ seed: 3, extraEnv: 1_500 }), 1);
  const bytes = JSON.stringify(review).length;
  assert.ok(bytes > 80_000 && bytes < 110_000, `${bytes} bytes`);
});
