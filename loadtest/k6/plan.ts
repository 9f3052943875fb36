/**
 * What the runner tells k6: plan.json, and the file of prepared reviews beside it. Plain data, for k6 has its own JavaScript engine.
 */

/** A stretch of a run with one constant rate of arrivals. */
export interface Phase {
  readonly name: string;
  /** Reviews a second. */
  readonly rate: number;
  readonly seconds: number;
}

export type Load =
  /** Reviews arrive at their rate whether or not earlier ones have been answered, as an apiserver's do. */
  | { readonly kind: 'arrivals'; readonly phases: readonly Phase[] }
  /** Each client sends its next review when the last one is answered: what the target can do at most. */
  | { readonly kind: 'closed'; readonly clients: number; readonly seconds: number };

export interface Plan {
  /** URLs, with `?timeout=`, that reviews name by their index. */
  readonly urls: readonly string[];
  /** Path of the file of prepared reviews. */
  readonly reviews: string;
  readonly load: Load;
  /** Reviews that may be under way at once; each has a connection of its own, as beyond an apiserver's 25 idle ones. */
  readonly clientsAtStart: number;
  readonly clientsAtMost: number;
  /** Every how many reviews the answer is written out to be checked. */
  readonly sampleEvery: number;
  /** Width of one point of the curves over time. */
  readonly intervalSeconds: number;
  /** k6's own: expressions by metric, e.g. {'latency': ['p(99)<100']}. */
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
}

/** One line of the file of prepared reviews, as [index of its URL, name to vary, body]. */
export type PreparedReview = readonly [url: number, name: string, body: string];

/** Timeouts in seconds that webhooks usually have. */
export const TIMEOUTS_SECONDS = [1, 2, 3, 5, 10, 15, 30] as const;

/** What k6 writes of an answer that is to be checked. `round` and `index` name the review that was sent. */
export interface SampledAnswer {
  readonly index: number;
  readonly round: number;
  readonly status: number;
  readonly body: string;
}

export function secondsOf(load: Load): number {
  return load.kind === 'closed' ? load.seconds : load.phases.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Reviews that arrive in all, when none is held back. */
export function arrivalsOf(load: Load): number {
  return load.kind === 'closed' ? 0 : load.phases.reduce((sum, { rate, seconds }) => sum + rate * seconds, 0);
}

/** Of Kubernetes' generated names, whose last letters are varied. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const VARIED_LETTERS = 4;
/** From round to round; prime to the number of suffixes, so that all of them come before one comes again. */
const STRIDE = 7_919;

/**
 * A prepared body in its n-th round: in round 0 as it is, later with another name of the same length for its workload, so that no
 * pod is sent twice however long a run is. An empty name is not varied.
 */
export function bodyInRound(body: string, name: string, round: number): string {
  if (round === 0 || name === '') return body;
  const letters = [...name.slice(-VARIED_LETTERS)];
  const number = letters.reduce((sum, letter) => sum * ALPHABET.length + Math.max(0, ALPHABET.indexOf(letter)), 0);
  let rest = number + round * STRIDE;
  let suffix = '';
  for (let letter = 0; letter < VARIED_LETTERS; letter++) {
    suffix = (ALPHABET[rest % ALPHABET.length] ?? '') + suffix;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return body.replaceAll(name, name.slice(0, -VARIED_LETTERS) + suffix);
}
