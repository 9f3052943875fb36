/**
 * Reviews of the fleet model as complete HTTP requests, made once and sent in turn. Those of distinct pods become those of another
 * workload each time they are sent: a gateway that remembers answers must not find one.
 */
import { distinctReviews, type FleetOptions, type Review, stormReviews } from '../../fleet/fleet.ts';
import type { ReviewsSpec } from './protocol.ts';

/** An endless sequence of a specification's reviews. */
export function reviewsOf(
  { kind, seed, annotations }: ReviewsSpec,
  more: Partial<FleetOptions> = {},
): Generator<Review, never> {
  return (kind === 'storm' ? stormReviews : distinctReviews)({ seed, annotations, ...more });
}

/** Letters of a workload's name that tell it from others: what the fleet model ends its names with. */
const SUFFIX_LENGTH = 4;
const SUFFIXES = 36 ** SUFFIX_LENGTH;

export class PreparedRequest {
  readonly bytes: Buffer;
  /** Where the end of the workload's name stands; empty for reviews that are sent as they are. */
  readonly #places: readonly number[];

  constructor(head: string, body: string, workload: string | null) {
    this.bytes = Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    this.#places = workload === null ? [] : placesOf(this.bytes, workload);
  }

  /** Makes it a review of workload number `count`. */
  renew(count: number): Buffer {
    const suffix = (count % SUFFIXES).toString(36).padStart(SUFFIX_LENGTH, '0');
    for (const place of this.#places) this.bytes.write(suffix, place, 'latin1');
    return this.bytes;
  }
}

function placesOf(bytes: Buffer, workload: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(workload); at >= 0; at = bytes.indexOf(workload, at + workload.length)) {
    places.push(at + workload.length - SUFFIX_LENGTH);
  }
  return places;
}

/** The requests of a specification; review i goes to url i modulo their number. */
export function makeRequests(urls: readonly string[], spec: ReviewsSpec): PreparedRequest[] {
  const reviews = reviewsOf(spec);
  const heads = urls.map((text) => {
    const url = new URL(text);
    return `POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\n`;
  });
  return Array.from({ length: spec.count }, (_, i) => {
    const review = reviews.next().value;
    const workload = spec.kind === 'storm' ? null : workloadOf(review);
    return new PreparedRequest(heads[i % heads.length] ?? '', JSON.stringify(review), workload);
  });
}

/** The fleet model calls a pod's first container like its workload. */
function workloadOf(review: Review): string {
  const { containers } = review.request.object.spec as { readonly containers: readonly { readonly name: string }[] };
  return containers[0]?.name ?? '';
}
