/** A rollout as its file says it (RevisionRolloutSpec), and with everything filled in (Rollout). */

import { digestOf } from '../gitsync/canonical-json.ts';
import type { AllowedDifference } from '../shadow/allowed-differences.ts';
import type { RolloutShadow } from '../shadow/rollout-shadows.ts';

export type WebhookType =
  | 'confirm-rollout'
  | 'pre-rollout'
  | 'rollout'
  | 'confirm-promotion'
  | 'rollback'
  | 'post-rollout'
  | 'open-change';

/** Both bounds belong to the range. */
export interface ThresholdRange {
  readonly min?: number;
  readonly max?: number;
}

/** As Kubernetes' LabelSelector. */
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/**
 * What a metric without data is. Fail: a failed check, as for Flagger. Wait: the same, but where there were only too few requests so far
 * the check neither passes nor fails. Ignore: the other metrics decide, except where there were too few requests.
 */
export type OnMissing = 'Fail' | 'Wait' | 'Ignore';
/** What nobody has seen work is not let through unless the file says so. */
export const DEFAULT_ON_MISSING: OnMissing = 'Fail';

export interface MetricSpec {
  readonly name: string;
  readonly thresholdRange: ThresholdRange;
  readonly interval?: string;
  readonly minSamples?: number;
  readonly onMissing?: OnMissing;
  readonly query?: string;
  readonly prometheus?: { readonly address: string };
}

export interface WebhookSpec {
  readonly name: string;
  readonly type?: WebhookType;
  readonly url: string;
  readonly timeout?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface RevisionRolloutSpec {
  readonly mesh: string;
  readonly from: string;
  readonly to: string;
  readonly namespaceSelector?: Selector;
  readonly objectSelector?: Selector;
  readonly skipAnalysis?: boolean;
  readonly suspend?: boolean;
  readonly analysis?: {
    readonly interval?: string;
    readonly threshold?: number;
    readonly stepWeight?: number;
    readonly stepWeights?: readonly number[];
    readonly maxWeight?: number;
    readonly iterations?: number;
    readonly metrics?: readonly MetricSpec[];
    readonly webhooks?: readonly WebhookSpec[];
  };
  readonly shadow?: ShadowPart;
}

/** How reviews are shadowed for the metric difference-rate. */
export interface ShadowPart {
  readonly sample?: number;
  readonly perSecond?: number;
  readonly allowedDifferences?: readonly AllowedDifference[];
  readonly upstream?: { readonly url: string; readonly caFile?: string; readonly timeout?: string };
}

export const BUILT_IN_METRICS = [
  'error-rate',
  'denied-rate',
  'budget-share-p99',
  'difference-rate',
  'readiness',
] as const;
export type BuiltInMetric = (typeof BUILT_IN_METRICS)[number];

export interface Metric {
  readonly name: string;
  readonly thresholdRange: ThresholdRange;
  readonly intervalMs: number;
  readonly minSamples: number;
  readonly onMissing: OnMissing;
  /** Null for a built-in metric. */
  readonly prometheus: { readonly address: string; readonly query: string } | null;
}

export interface Webhook {
  readonly name: string;
  readonly type: WebhookType;
  readonly url: string;
  readonly timeoutMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Rollout {
  readonly name: string;
  readonly mesh: string;
  readonly from: string;
  readonly to: string;
  readonly namespaceSelector: Selector | null;
  readonly objectSelector: Selector | null;
  readonly intervalMs: number;
  readonly threshold: number;
  /** Weights of the steps in percent, rising; the last one is that from which it is promoted. */
  readonly steps: readonly number[];
  /** Checks that have to pass at the last step before it is promoted. */
  readonly iterations: number;
  readonly metrics: readonly Metric[];
  readonly webhooks: readonly Webhook[];
  readonly skipAnalysis: boolean;
  readonly suspend: boolean;
  /** Left out: the defaults. */
  readonly shadow?: RolloutShadow;
  /** Of everything above but `suspend`, and of both revisions: another digest is another rollout, which begins anew. */
  readonly digest: string;
}

/** A rollout with its digest; `revisions` are the digests of both revisions. */
export function sealRollout(content: Omit<Rollout, 'digest'>, revisions: readonly string[]): Rollout {
  const { suspend: _, ...decisive } = content;
  return { ...content, digest: digestOf({ ...decisive, revisions }) };
}
