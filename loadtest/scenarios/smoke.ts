import { flawless, inTime, type Scenario } from './scenario.ts';

export const smoke: Scenario = {
  about:
    'Distinct pods at a constant rate, every patch applied and checked: whether it works at all. --rate: reviews a second.',
  defaults: { rate: 50, seconds: 20, timeoutSeconds: 10, p99LimitMs: 1_000, meshes: 0 },
  pods: 'usual',
  manyMeshes: false,
  before: 'nothing',
  patienceSeconds: 1,
  sample: 100_000,
  phases: ({ rate, seconds }) => [{ name: 'constant', rate, seconds }],
  thresholds: (settings) => flawless(settings, 'constant'),
  judge: (run) => ({ checks: [inTime(run)], findings: [] }),
};
