/** A live review as others than its caller may have it, once it is answered. Plain data: it crosses processes and threads. */
import type { ClusterContext, Outcome } from '../../workers/protocol.ts';

/** Which reviews somebody wants copies of. */
export interface TapOrder {
  readonly id: string;
  /** Null: all meshes. */
  readonly mesh: string | null;
  /** Part of the reviews, above 0 and up to 1. */
  readonly sample: number;
  /** No more than this, however many there are. */
  readonly perSecond: number;
}

export interface TappedReview {
  /** The orders that it is for. */
  readonly orders: readonly string[];
  readonly mesh: string;
  readonly revision: string;
  /** Whether the URL named the revision. */
  readonly explicit: boolean;
  /** The one pod policy that was asked; null: all there are. */
  readonly policyName: string | null;
  /** KEY/VALUE pairs of the URL. */
  readonly params: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly cluster: ClusterContext;
  /** As received, UTF-8. */
  readonly review: Uint8Array;
  readonly outcome: Outcome;
  /** The body that was sent. */
  readonly answer: string;
  /** When it was answered, in milliseconds since 1970. */
  readonly answeredAt: number;
  readonly durationMs: number;
}

/** Why a review that was sampled was not copied: reviews wait for a worker, there are too many, or it is too large. */
export type TapDropReason = 'busy' | 'rate' | 'size';

export interface TapDrop {
  readonly order: string;
  readonly reason: TapDropReason;
  readonly count: number;
}

export type TapEvent =
  | { readonly kind: 'review'; readonly tapped: TappedReview }
  | { readonly kind: 'dropped'; readonly drops: readonly TapDrop[] };
