import { constantRate, flawless, inTime, type Scenario } from './scenario.ts';

export const bigPods: Scenario = {
  about:
    'Pods with 1,500 to 6,000 environment variables (92 to 370 KB): whether the time stays in proportion. --rate: reviews a second.',
  defaults: { rate: 30, seconds: 40, timeoutSeconds: 10, p99LimitMs: 500, meshes: 0 },
  pods: 'big',
  manyMeshes: false,
  before: 'warm-up',
  patienceSeconds: 1,
  sample: 200,
  phases: constantRate,
  thresholds: (settings) => flawless(settings, 'constant'),
  judge: (run) => ({ checks: [inTime(run)], findings: [] }),
};
