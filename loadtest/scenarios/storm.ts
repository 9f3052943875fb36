import { flawless, inTime, type Scenario } from './scenario.ts';

export const storm: Scenario = {
  about:
    'One Deployment scaled to 5,000: pods that differ only in uid and token volume, as fast as --rate says until rate × duration have come.',
  defaults: { rate: 500, seconds: 10, timeoutSeconds: 10, p99LimitMs: 500, meshes: 0 },
  pods: 'one-workload',
  manyMeshes: false,
  before: 'warm-up',
  // It comes without a warning, so its first second opens connections, and k6 compiles meanwhile: with 0.3 s one run of four could not send a few.
  patienceSeconds: 1,
  sample: 500,
  phases: ({ rate, seconds }) => [{ name: 'storm', rate, seconds }],
  thresholds: (settings) => flawless(settings, 'storm'),
  judge: (run) => ({
    checks: [inTime(run)],
    findings: [`${run.latency.count.toLocaleString('en')} replicas of one Deployment were answered.`],
  }),
};
