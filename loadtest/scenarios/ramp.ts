/** A staircase of rates up to the given one: the highest that is kept is what the target can do within the limit. */
import { type PhaseFigures, quantile, type RunFigures } from '../report/record.ts';
import { inTime, type Scenario } from './scenario.ts';

const STEPS = 12;
/** Part of the offered reviews that has to be answered in a step that counts as kept. */
const ANSWERED_SHARE = 0.97;

export const ramp: Scenario = {
  about:
    'Twelve steps up to --rate: finds saturation, the highest rate at which the 99th percentile stays within --p99. Steps beyond it may fail.',
  defaults: { rate: 3_600, seconds: 60, timeoutSeconds: 10, p99LimitMs: 100, meshes: 0 },
  pods: 'usual',
  manyMeshes: false,
  probesCapacity: false,
  sample: 500,
  phases({ rate, seconds }) {
    const each = Math.max(1, Math.floor(seconds / STEPS));
    return Array.from({ length: STEPS }, (_, step) => {
      const stepRate = Math.max(1, Math.round((rate * (step + 1)) / STEPS));
      return { name: `step ${step + 1}`, rate: stepRate, seconds: each };
    });
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

/** The last step before the first one that was not kept, in reviews a second; 0 when none was. */
export function keptRate(run: Pick<RunFigures, 'phases' | 'settings'>): number {
  let kept = 0;
  for (const phase of run.phases) {
    if (!isKept(phase, run.settings.p99LimitMs)) break;
    kept = phase.offered;
  }
  return kept;
}

function isKept({ latency, answers, offered, seconds }: PhaseFigures, p99LimitMs: number): boolean {
  const lost = answers.refused + answers.missed + answers.failed + answers.denied;
  return latency.count >= offered * seconds * ANSWERED_SHARE && lost === 0 && quantile(latency, 99) <= p99LimitMs;
}
