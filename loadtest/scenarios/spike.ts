/** A calm quarter, a half with the whole rate, a calm quarter: what a burst does, and whether it leaves anything behind. */
import { quantile } from '../report/record.ts';
import { inTime, type Scenario } from './scenario.ts';

/** The calm rate, as a part of the spike's. */
const CALM = 0.1;

export const spike: Scenario = {
  about:
    'A tenth of the load, then ten times as much at once, then a tenth again. --rate: reviews a second at the top.',
  defaults: { rate: 500, seconds: 40, timeoutSeconds: 10, p99LimitMs: 250, meshes: 0 },
  pods: 'usual',
  manyMeshes: false,
  before: 'warm-up',
  patienceSeconds: 1,
  sample: 500,
  phases({ rate, seconds }) {
    const quarter = Math.max(1, Math.floor(seconds / 4));
    const calm = Math.max(1, Math.round(rate * CALM));
    return [
      { name: 'before', rate: calm, seconds: quarter },
      { name: 'spike', rate, seconds: Math.max(1, seconds - 2 * quarter) },
      { name: 'after', rate: calm, seconds: quarter },
    ];
  },
  thresholds: ({ p99LimitMs }) => ({
    answers_failed: ['count==0'],
    answers_denied: ['count==0'],
    answers_refused: ['count==0'],
    answers_missed: ['count==0'],
    answers_unpatched: ['count==0'],
    'latency{phase:before}': [`p(99)<${p99LimitMs}`],
    'latency{phase:after}': [`p(99)<${p99LimitMs}`],
    dropped_iterations: ['count==0'],
  }),
  judge(run) {
    const top = run.phases.find(({ name }) => name === 'spike');
    const findings = top === undefined ? [] : [`In the spike p99 was ${quantile(top.latency, 99).toFixed(1)} ms.`];
    return { checks: [inTime(run)], findings };
  },
};
