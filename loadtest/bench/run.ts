/** What every mode is given. */
import { join } from 'node:path';
import type { ReviewsSpec } from './load/protocol.ts';
import type { BenchOptions } from './options.ts';
import { type BenchPolicy, benchPolicy } from './policy.ts';
import { WARM_RULE, type WarmRule } from './steadiness.ts';

/** Reviews that are sent in turn: enough that nothing is gained from having seen one before. */
export const DISTINCT_REVIEWS = 2_000;
export const STORM_REVIEWS = 1_000;
const SEED = 1;

export interface BenchRun {
  readonly options: BenchOptions;
  /** Folder for what a run needs; removed at its end. */
  readonly folder: string;
  /** This checkout. */
  readonly root: string;
  readonly warm: WarmRule;
}

export function createRun(options: BenchOptions, folder: string, warm: WarmRule = WARM_RULE): BenchRun {
  return { options, folder, root: join(import.meta.dirname, '..', '..'), warm };
}

/** The provider's own default configuration, as `revisions` revisions of one mesh. */
export function policyOf({ options, folder }: BenchRun, revisions = 1): BenchPolicy {
  return benchPolicy(join(folder, `policy-${revisions}`), options.provider, revisions);
}

export function reviewsSpec(kind: ReviewsSpec['kind'], policy: BenchPolicy): ReviewsSpec {
  const count = kind === 'storm' ? STORM_REVIEWS : DISTINCT_REVIEWS;
  return { kind, count, seed: SEED, annotations: policy.annotations };
}
