/**
 * A whole cluster's reviews: which mesh and revision each pod belongs to, and how large it is. A few destinations and most small
 * pods make most of the load, as in real fleets.
 */
import { distinctReviews, type Review, stormReviews } from './fleet.ts';
import { createRandom, type Random } from './random.ts';
import type { FleetOptions } from './workload.ts';

/** Where a pod's review goes, and what marks such a pod. */
export interface Destination {
  readonly url: string;
  /** The container to expect in the injected pod. */
  readonly sidecar: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** What an Istio-style pod has to say of the revision that injected it; undefined where that is not known. */
  readonly revision?: string;
}

/** Environment variables beside the usual handful, and how often a pod has that many; weights need not add up to one. */
export interface Size {
  readonly extraEnv: number;
  readonly weight: number;
}

export const USUAL_SIZES: readonly Size[] = [
  { extraEnv: 0, weight: 0.9 },
  { extraEnv: 40, weight: 0.08 },
  { extraEnv: 200, weight: 0.018 },
  { extraEnv: 1_500, weight: 0.002 },
];
/** 92 KB and more. */
export const BIG_SIZES: readonly Size[] = [
  { extraEnv: 1_500, weight: 0.8 },
  { extraEnv: 3_000, weight: 0.15 },
  { extraEnv: 6_000, weight: 0.05 },
];

export interface Mix {
  readonly seed: number;
  /** At least one. */
  readonly destinations: readonly Destination[];
  readonly sizes: readonly Size[];
  /** All pods are replicas of one workload, whose size is the first one. */
  readonly storm: boolean;
}

export interface DestinedReview {
  /** Index of its destination. */
  readonly destination: number;
  readonly review: Review;
}

/** An endless sequence of a cluster's reviews; the same mix gives the same. */
export function* mixedReviews(mix: Mix): Generator<DestinedReview, never> {
  const random = createRandom(mix.seed);
  const shares = mix.destinations.map((_, index) => 1 / (index + 1));
  const streams = new Map<string, Generator<Review, never>>();
  while (true) {
    const destination = mix.storm ? 0 : pickWeighted(random, shares);
    const size = mix.storm
      ? 0
      : pickWeighted(
          random,
          mix.sizes.map(({ weight }) => weight),
        );
    const key = `${destination}/${size}`;
    let stream = streams.get(key);
    if (stream === undefined) {
      const { labels = {}, annotations = {} } = mix.destinations[destination] ?? {};
      const extraEnv = mix.sizes[size]?.extraEnv ?? 0;
      const options: FleetOptions = {
        seed: mix.seed + 1 + streamSeed(destination, size),
        labels,
        annotations,
        extraEnv,
      };
      stream = mix.storm ? stormReviews(options) : distinctReviews(options);
      streams.set(key, stream);
    }
    yield { destination, review: stream.next().value };
  }
}

/** Streams of one mix must not repeat each other. */
function streamSeed(destination: number, size: number): number {
  return destination * 7_919 + size * 104_729;
}

/** The index of a weight, as often as the weight says. */
function pickWeighted(random: Random, weights: readonly number[]): number {
  let rest = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return index;
  }
  return weights.length - 1;
}
