/**
 * What the generator process is asked, and what it answers.
 */

export interface ReviewsSpec {
  readonly kind: 'distinct' | 'storm';
  /** How many different reviews are sent in turn. */
  readonly count: number;
  readonly seed: number;
  /** Annotations of every pod. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Makes a target known under a name and connects to it. */
export interface OpenCommand {
  readonly do: 'open';
  readonly name: string;
  /** Reviews go to these in turn. */
  readonly urls: readonly string[];
  readonly connections: number;
  readonly reviews: ReviewsSpec;
}

/** Closed loop: each connection sends the next review as soon as its answer is there. */
export interface CapacityCommand {
  readonly do: 'capacity';
  readonly name: string;
  readonly ms: number;
}

/** Open loop: reviews are due at a fixed rate, and a latency counts from then, whether or not a connection was free. */
export interface RateCommand {
  readonly do: 'rate';
  readonly name: string;
  readonly ms: number;
  readonly perSecond: number;
}

/** New connections one after the other, `parallel` at once, each closed as soon as it stands. */
export interface HandshakesCommand {
  readonly do: 'handshakes';
  readonly name: string;
  readonly ms: number;
  readonly parallel: number;
  readonly resume: boolean;
}

export type LoadCommand = OpenCommand | CapacityCommand | RateCommand | HandshakesCommand;

export interface LoadWindow {
  readonly requests: number;
  /** Answers that were not 200. */
  readonly errors: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly answerBytes: number;
  /** CPU seconds that the generator itself used. */
  readonly ownCpuSeconds: number;
}

export interface HandshakeWindow {
  readonly handshakes: number;
  readonly resumed: number;
  readonly seconds: number;
  readonly ownCpuSeconds: number;
}
