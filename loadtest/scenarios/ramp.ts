/** A staircase of rates up to the given one: the highest that is kept is what the target can do within the limit. */
import { type PhaseFigures, quantile, type RunFigures } from '../report/record.ts';
import { inTime, LEAD_IN, type Scenario } from './scenario.ts';

const STEPS = 12;
const LEAD_IN_SECONDS = 3;
/** Where the staircase ends, when the capacity had to be found. */
const PAST_CAPACITY = 1.2;
/** Part of the offered reviews that has to be answered in a step that counts as kept. */
const ANSWERED_SHARE = 0.97;

export const ramp: Scenario = {
  about:
    'Twelve steps up to --rate, or past the capacity: finds saturation, the highest rate at which the 99th percentile stays within --p99. Steps beyond it may fail.',
  defaults: { rate: 0, seconds: 60, timeoutSeconds: 10, p99LimitMs: 100, meshes: 0 },
  pods: 'usual',
  manyMeshes: false,
  before: 'capacity',
  patienceSeconds: 0.3,
  sample: 500,
  phases({ rate, seconds }, capacity) {
    const top = rate > 0 ? rate : capacity * PAST_CAPACITY;
    const each = Math.max(1, Math.floor(seconds / STEPS));
    const steps = Array.from({ length: STEPS }, (_, step) => {
      const stepRate = Math.max(1, Math.round((top * (step + 1)) / STEPS));
      return { name: `step ${step + 1}`, rate: stepRate, seconds: each };
    });
    return [{ name: LEAD_IN, rate: steps[0]?.rate ?? 1, seconds: LEAD_IN_SECONDS }, ...steps];
  },
  thresholds: () => ({ answers_failed: ['count==0'], answers_denied: ['count==0'], answers_unpatched: ['count==0'] }),
  judge(run) {
    const kept = keptRate(run);
    const top = run.phases.at(-1)?.offered ?? 0;
    const saturated = kept < top;
    return {
      checks: [
        inTime(run),
        {
          name: 'highest rate kept',
          limit: `at least the first step, ${run.phases[0]?.offered ?? 0}/s`,
          measured: `${kept}/s`,
          ok: kept > 0,
        },
      ],
      findings: [
        kept === 0
          ? 'Not even the first step was kept.'
          : `Saturation: ${saturated ? '' : 'not reached; '}the highest rate with p99 within ${run.settings.p99LimitMs} ms is ${kept} reviews a second${saturated ? '' : ', the last step: try a higher --rate'}.`,
      ],
    };
  },
};

/** The highest rate of a step that was kept, in reviews a second; 0 when none was. */
export function keptRate(run: Pick<RunFigures, 'phases' | 'settings'>): number {
  const kept = run.phases.filter((phase) => phase.name !== LEAD_IN && isKept(phase, run.settings.p99LimitMs));
  return Math.max(0, ...kept.map(({ offered }) => offered));
}

function isKept({ latency, answers, offered, seconds }: PhaseFigures, p99LimitMs: number): boolean {
  const lost = answers.refused + answers.missed + answers.failed + answers.denied;
  return latency.count >= offered * seconds * ANSWERED_SHARE && lost === 0 && quantile(latency, 99) <= p99LimitMs;
}
