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

/** Open loop on connections of its own: a calm rate, a flood, and the calm rate again. */
export interface FloodCommand {
  readonly do: 'flood';
  readonly name: string;
  readonly connections: number;
  readonly calmPerSecond: number;
  /** Each of the two calm phases. */
  readonly calmMs: number;
  readonly floodPerSecond: number;
  readonly floodMs: number;
  /** The `?timeout=` of its reviews. */
  readonly timeoutSeconds: number;
  /** What a refusal may take. */
  readonly refusedWithinMs: number;
}

export type LoadCommand = OpenCommand | CapacityCommand | RateCommand | HandshakesCommand | FloodCommand;

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

/** Answers of one kind to what was due in one phase. */
export interface FloodPart {
  /** PHASE KIND: before, flood or after; patched, refused, expired (refused after waiting in vain), … (loadtest/k6/classify.ts). */
  readonly name: string;
  readonly count: number;
  /** The first of them: its HTTP status and the beginning of its body. */
  readonly example: string;
  /** Parts of them that came within refusedWithinMs of when the review was due, and of when it was sent. */
  readonly promptSinceDue: number;
  readonly promptSinceSent: number;
  /** Part of them that came within the timeout of when the review was due. */
  readonly inTime: number;
  /** Since it was sent; the longest since it was due. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface FloodWindow {
  /** Reviews that were due in the flood. */
  readonly offered: number;
  /** Reviews done a second while the flood lasted. */
  readonly acceptedPerSecond: number;
  readonly parts: readonly FloodPart[];
  readonly unanswered: number;
  /** 99 % of the reviews were sent at most so long after they were due. */
  readonly sentLateMs: number;
  /** From the end of the flood until everything was done at once again. */
  readonly recoverySeconds: number;
  /** Share of its core that the generator used in the flood. */
  readonly ownBusy: number;
}
