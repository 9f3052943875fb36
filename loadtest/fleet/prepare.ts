/**
 * Writes a run's reviews to a file for k6, which can send several times as many as it could make.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { bodyInRound, type PreparedReview } from '../k6/plan.ts';
import type { Review } from './fleet.ts';
import { type Mix, mixedReviews } from './mix.ts';

/** k6 holds all of them in memory; what is sent beyond them are further rounds with other names. */
const REVIEW_LIMIT = 5_000;
const BYTES_LIMIT = 48 * 1024 * 1024;

export interface PreparedFleet {
  readonly reviews: readonly PreparedReview[];
  readonly bytes: number;
}

/** The first reviews of a mix, as many as are wanted or as the limits allow; at least one. */
export function prepareReviews(mix: Mix, wanted: number): PreparedFleet {
  const reviews: PreparedReview[] = [];
  let bytes = 0;
  const count = Math.min(Math.max(1, wanted), REVIEW_LIMIT);
  for (const { destination, review } of mixedReviews(mix)) {
    const body = JSON.stringify(review);
    reviews.push([destination, mix.storm ? tokenName(review) : workloadName(review), body]);
    bytes += body.length;
    if (reviews.length >= count || bytes >= BYTES_LIMIT) return { reviews, bytes };
  }
  return { reviews, bytes };
}

export function writeReviews(file: string, { reviews }: PreparedFleet): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const review of reviews) writeSync(descriptor, `${JSON.stringify(review)}\n`);
  } finally {
    closeSync(descriptor);
  }
}

/** The review that k6 sent: the same text that it made. */
export function sentReview(fleet: PreparedFleet, index: number, round: number): { review: Review; url: number } {
  const prepared = fleet.reviews[index];
  if (prepared === undefined) throw new Error(`there is no review ${index}`);
  const [url, name, body] = prepared;
  return { review: JSON.parse(bodyInRound(body, name, round)) as Review, url };
}

/** The workload's own name, `web-api-x7k2`, which also stands in its pods' labels, images and volumes. */
function workloadName(review: Review): string {
  const { ownerReferences } = review.request.object.metadata as { ownerReferences: { name: string }[] };
  return /^[a-z]+-[a-z]+-[a-z0-9]{4}/.exec(ownerReferences[0]?.name ?? '')?.[0] ?? '';
}

/** What replicas of one workload differ in beside their uid. */
function tokenName(review: Review): string {
  const { volumes } = review.request.object.spec as { volumes: { name: string }[] };
  return volumes.find(({ name }) => name.startsWith('kube-api-access-'))?.name ?? '';
}
