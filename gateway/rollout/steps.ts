/** The weights of a rollout's steps. */
import type { RevisionRolloutSpec } from './rollout.ts';

const DEFAULT_STEP_WEIGHT = 10;
const DEFAULT_MAX_WEIGHT = 50;
const FULL_WEIGHT = 100;

export type Steps =
  | { readonly ok: true; readonly steps: readonly number[]; readonly iterations: number }
  /** `field`: of `spec.analysis`. */
  | { readonly ok: false; readonly field: string; readonly message: string };

/** Weights in percent, strictly rising and never empty. */
export function planSteps(analysis: RevisionRolloutSpec['analysis'] = {}): Steps {
  const { stepWeight, stepWeights, maxWeight, iterations } = analysis;
  const given = Object.entries({ stepWeight, stepWeights, iterations }).filter(([, value]) => value !== undefined);
  const [, second] = given;
  if (second !== undefined) {
    const names = given.map(([name]) => name).join(' and ');
    return { ok: false, field: second[0], message: `spec.analysis has ${names}: only one of them says how it goes on` };
  }
  if (iterations !== undefined) return { ok: true, steps: [maxWeight ?? FULL_WEIGHT], iterations };
  if (stepWeights !== undefined) {
    const falls = stepWeights.findIndex((each, index) => index > 0 && each <= (stepWeights[index - 1] ?? 0));
    if (falls > 0) {
      return { ok: false, field: 'stepWeights', message: `spec.analysis.stepWeights does not rise at item ${falls}` };
    }
    const last = stepWeights.at(-1) ?? FULL_WEIGHT;
    return { ok: true, steps: upTo(stepWeights, maxWeight ?? last), iterations: 1 };
  }
  const step = stepWeight ?? DEFAULT_STEP_WEIGHT;
  const max = maxWeight ?? Math.max(step, DEFAULT_MAX_WEIGHT);
  const rising = Array.from({ length: Math.ceil(max / step) }, (_, index) => (index + 1) * step);
  return { ok: true, steps: upTo(rising, max), iterations: 1 };
}

/** The weights below `max`, and `max` as the last one. */
function upTo(weights: readonly number[], max: number): readonly number[] {
  return [...weights.filter((weight) => weight < max), max];
}
