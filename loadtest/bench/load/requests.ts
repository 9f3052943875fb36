/** Reviews of the fleet model as complete HTTP requests, made once and sent in turn. */
import { distinctReviews, type FleetOptions, type Review, stormReviews } from '../../fleet/fleet.ts';
import type { ReviewsSpec } from './protocol.ts';

/** An endless sequence of a specification's reviews. */
export function reviewsOf(
  { kind, seed, annotations }: ReviewsSpec,
  more: Partial<FleetOptions> = {},
): Generator<Review, never> {
  return (kind === 'storm' ? stormReviews : distinctReviews)({ seed, annotations, ...more });
}

/** The requests of a specification; review i goes to url i modulo their number. */
export function makeRequests(urls: readonly string[], spec: ReviewsSpec): Buffer[] {
  const reviews = reviewsOf(spec);
  const heads = urls.map((text) => {
    const url = new URL(text);
    return `POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\n`;
  });
  return Array.from({ length: spec.count }, (_, i) => {
    const body = JSON.stringify(reviews.next().value);
    const head = heads[i % heads.length] ?? '';
    return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}
