import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BIG_SIZES, type Destination, type DestinedReview, type Mix, mixedReviews, USUAL_SIZES } from './mix.ts';
import { prepareReviews, sentReview } from './prepare.ts';

const destination = (url: string): Destination => ({
  url,
  sidecar: 'istio-proxy',
  labels: { mesh: url },
  annotations: {},
});
const mix: Mix = { seed: 5, destinations: ['a', 'b', 'c', 'd'].map(destination), sizes: USUAL_SIZES, storm: false };

function take(options: Mix, count: number): DestinedReview[] {
  const reviews = mixedReviews(options);
  return Array.from({ length: count }, () => reviews.next().value);
}

const bodyOf = ({ review }: DestinedReview): string => JSON.stringify(review);

describe('a mix', () => {
  test('is the same for the same seed, and another one for another', () => {
    const first = take(mix, 200).map(bodyOf);
    assert.deepEqual(take(mix, 200).map(bodyOf), first);
    assert.notDeepEqual(take({ ...mix, seed: 6 }, 200).map(bodyOf), first);
  });

  test('repeats no pod, also not between destinations and sizes', () => {
    const objects = take(mix, 2_000).map(({ review }) =>
      JSON.stringify(review.request.object).replaceAll(/"mesh":"."/g, ''),
    );
    assert.equal(new Set(objects).size, 2_000);
  });

  test('gives each destination its labels, and the first ones most of the load', () => {
    const counts = [0, 0, 0, 0];
    for (const { destination: index, review } of take(mix, 2_000)) {
      const { labels } = review.request.object.metadata as { labels: Record<string, string> };
      assert.equal(labels.mesh, mix.destinations[index]?.url);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    // Shares of 1, 1/2, 1/3 and 1/4: 48, 24, 16 and 12 percent.
    const expected = [960, 480, 320, 240];
    for (const [index, count] of counts.entries())
      assert.ok(Math.abs(count - (expected[index] ?? 0)) < 100, `${counts}`);
  });

  test('has about nine small pods in ten, and a few of tens of kilobytes', () => {
    const bodies = take(mix, 2_000).map(bodyOf);
    const small = bodies.filter((body) => !body.includes('"SETTING_0"')).length / bodies.length;
    assert.ok(small > 0.85 && small < 0.95, `${small} are small`);
    assert.ok(bodies.some((body) => body.length > 80_000));
  });

  test('of big pods has none below 1,500 environment variables', () => {
    for (const each of take({ ...mix, sizes: BIG_SIZES }, 50)) {
      const { containers } = each.review.request.object.spec as { containers: { env: unknown[] }[] };
      assert.ok((containers[0]?.env.length ?? 0) >= 1_500);
    }
  });
});

describe('prepared reviews', () => {
  test('are as many as wanted, and at least one', () => {
    assert.equal(prepareReviews(mix, 37).reviews.length, 37);
    assert.equal(prepareReviews(mix, 0).reviews.length, 1);
  });

  test('come again in later rounds as other workloads of the same size', () => {
    const fleet = prepareReviews(mix, 100);
    const seen = new Set<string>();
    for (let index = 0; index < 100; index++) {
      for (const round of [0, 1, 2, 30, 1_000]) {
        const { review, url } = sentReview(fleet, index, round);
        assert.equal(url, fleet.reviews[index]?.[0]);
        assert.equal(JSON.stringify(review).length, fleet.reviews[index]?.[2].length);
        seen.add(JSON.stringify(review.request.object));
      }
    }
    assert.equal(seen.size, 500);
  });

  test('of one workload differ in uid and token volume alone, in each round', () => {
    const fleet = prepareReviews({ ...mix, storm: true }, 50);
    const workloads = new Set<string>();
    const pods = new Set<string>();
    for (let index = 0; index < 50; index++) {
      for (const round of [0, 1]) {
        const object = JSON.stringify(sentReview(fleet, index, round).review.request.object);
        pods.add(object);
        workloads.add(object.replaceAll(/kube-api-access-[a-z0-9]{5}/g, ''));
      }
    }
    assert.equal(workloads.size, 1);
    assert.equal(pods.size, 100);
  });
});
