/**
 * Injections in one thread without HTTP: from the review's text to the answer's text, with Istio's or Linkerd's own default
 * configuration where there is a corpus. A run that made no patch is no measurement and throws.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileRevision } from '../../workers/inject/compile.ts';
import { injectReview } from '../../workers/inject/inject.ts';
import type { ClusterContext, RevisionSource } from '../../workers/protocol.ts';
import { distinctReviews, stormReviews } from '../fleet/fleet.ts';
import type { BenchProvider } from './policy.ts';

export interface InProcessMeasurement {
  readonly perSecond: number;
  readonly microseconds: number;
}

export interface InProcessOptions {
  readonly provider: BenchProvider;
  /** Annotations of every pod. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Folder with the texts of the revision, as `benchPolicy` writes it. */
  readonly folder: string;
  readonly seconds: number;
  readonly distinct: number;
  readonly storm: boolean;
  readonly extraEnv?: number;
}

const WARM_UP_SHARE = 0.3;
const NO_CLUSTER: ClusterContext = { namespace: null, owners: {}, nodes: [], nodesKnown: false };

function readRevision(folder: string, provider: BenchProvider): RevisionSource['spec'] {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  if (provider === 'linkerd') {
    const [values, trustAnchors] = [read('values.yaml'), read('trust-anchors.pem')];
    return { provider, values, trustAnchors, controlPlaneNamespace: 'linkerd' };
  }
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
  const { folder, provider, annotations } = options;
  if (!existsSync(folder)) return null;
  const revision = compileRevision({
    digest: 'bench',
    mesh: provider,
    name: 'default',
    spec: readRevision(folder, provider),
  });
  const fleet = { seed: 1, annotations, ...(options.extraEnv === undefined ? {} : { extraEnv: options.extraEnv }) };
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
