/**
 * Injections in one thread without HTTP: from the review's text to the answer's text, with Istio's own default configuration where
 * there is a corpus. A run that made no patch is no measurement and throws.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileRevision } from '../../workers/inject/compile.ts';
import { injectReview } from '../../workers/inject/inject.ts';
import type { ClusterContext, IstioRevisionSpec } from '../../workers/protocol.ts';
import { distinctReviews, stormReviews } from '../fleet/fleet.ts';

export interface InProcessMeasurement {
  readonly perSecond: number;
  readonly microseconds: number;
}

export interface InProcessOptions {
  /** Folder with the three texts of the revision, as `benchPolicy` writes it. */
  readonly folder: string;
  readonly seconds: number;
  readonly distinct: number;
  readonly storm: boolean;
  readonly extraEnv?: number;
}

const WARM_UP_SHARE = 0.3;
const NO_CLUSTER: ClusterContext = { namespace: null, owners: {}, nodes: [], nodesKnown: false };

function readRevision(folder: string): IstioRevisionSpec {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return {
    provider: 'istio',
    injectConfig: read('inject-config.yaml'),
    values: read('values.json'),
    meshConfig: read('mesh.configmap.yaml'),
    revision: 'default',
    platform: '',
    compliancePolicy: '',
    env: {},
    nativeSidecars: 'Auto',
  };
}

/** Null where the folder holds no revision (no corpus on this machine). */
export function measureInProcess(options: InProcessOptions): InProcessMeasurement | null {
  if (!existsSync(join(options.folder, 'inject-config.yaml'))) return null;
  const revision = compileRevision({
    digest: 'bench',
    mesh: 'istio',
    name: 'default',
    spec: readRevision(options.folder),
  });
  const fleet = options.extraEnv === undefined ? { seed: 1 } : { seed: 1, extraEnv: options.extraEnv };
  const source = (options.storm ? stormReviews : distinctReviews)(fleet);
  const reviews = Array.from({ length: options.distinct }, () => JSON.stringify(source.next().value));
  const inject = (review: string): void => {
    const task = { revision: 'bench', review, params: {}, cluster: NO_CLUSTER };
    const { outcome } = injectReview(task, () => revision);
    if (outcome.kind !== 'patched') throw new Error(`not patched: ${JSON.stringify(outcome)}`);
  };
  const run = (ms: number): number => {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < ms) {
      for (let i = 0; i < 20; i++) inject(reviews[count++ % reviews.length] ?? '');
    }
    return count / ((performance.now() - start) / 1_000);
  };
  run(options.seconds * 1_000 * WARM_UP_SHARE);
  const perSecond = run(options.seconds * 1_000);
  return { perSecond, microseconds: 1_000_000 / perSecond };
}
