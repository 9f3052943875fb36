/** What a shadow compares: the types that rollouts, the admin port and commands share. */
import type { AllowedDifference } from './allowed-differences.ts';

/** A live injector, such as an istiod, asked the same as this gateway. */
export interface ShadowUpstream {
  /** `https://HOST[:PORT]/inject`; KEY/VALUE pairs of the live URL are appended. */
  readonly url: string;
  /** File of the CA that its certificate is of (PEM), read when the shadow starts; null: the system's. */
  readonly caFile: string | null;
  readonly timeoutMs: number;
}

export interface ShadowSpec {
  /** Unique among the shadows of a gateway. */
  readonly name: string;
  readonly mesh: string;
  /** Only answers of this revision are compared; null: of any but `to`. */
  readonly from: string | null;
  /** Revision or tag that is tried beside. Null: what was answered is compared with the upstream. */
  readonly to: string | null;
  /** Null: no upstream. With `to`, what `to` would answer is compared with it. */
  readonly upstream: ShadowUpstream | null;
  /** Part of the reviews, above 0 and up to 1. */
  readonly sample: number;
  readonly perSecond: number;
  readonly allowedDifferences: readonly AllowedDifference[];
  /** After so long it takes no more reviews; null: until it is stopped. */
  readonly lifetimeMs: number | null;
}

/** What a gate can demand: so many compared, none of them different in a way that is not allowed. */
export interface ShadowGate {
  readonly compared: number;
  /** Of these: different in anything. */
  readonly different: number;
  /** Of these: different in something that is not allowed. */
  readonly notAllowed: number;
  /** Could not be compared: the upstream did not answer, or answered something that is none. */
  readonly failed: number;
}

export const SHADOW_LIMITS = {
  shadows: 16,
  perSecond: 200,
  lifetimeMs: 7 * 24 * 3_600_000,
  upstreamTimeoutMs: 30_000,
} as const;

/** Why a review could not be compared. */
export type ShadowFailure =
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'upstream_status'
  | 'upstream_malformed'
  | 'answer_malformed'
  | 'not_compiled'
  | 'thread';
