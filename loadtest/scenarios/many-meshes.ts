import { constantRate, flawless, inTime, type Scenario } from './scenario.ts';

export const manyMeshes: Scenario = {
  about:
    'Many Istio- and Linkerd-style meshes with several revisions each, a few of them with most of the load. --rate: reviews a second; --meshes: how many.',
  defaults: { rate: 200, seconds: 40, timeoutSeconds: 10, p99LimitMs: 250, meshes: 20 },
  pods: 'usual',
  manyMeshes: true,
  before: 'warm-up',
  patienceSeconds: 0.5,
  sample: 2_000,
  phases: constantRate,
  thresholds: (settings) => flawless(settings, 'constant'),
  judge: (run) => ({ checks: [inTime(run)], findings: [] }),
};
