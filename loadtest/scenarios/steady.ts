import { constantRate, flawless, inTime, type Scenario } from './scenario.ts';

export const steady: Scenario = {
  about:
    'Distinct pods at a constant rate for longer: latency, memory and event loop in an ordinary hour. --rate: reviews a second.',
  defaults: { rate: 200, seconds: 60, timeoutSeconds: 10, p99LimitMs: 100, meshes: 0 },
  pods: 'usual',
  manyMeshes: false,
  before: 'warm-up',
  patienceSeconds: 0.5,
  sample: 500,
  phases: constantRate,
  thresholds: (settings) => flawless(settings, 'constant'),
  judge: (run) => ({ checks: [inTime(run)], findings: [] }),
};
