/**
 * Injections in one thread without HTTP, in turn with a loop that only parses and writes the same reviews as JSON: the ratio to it
 * moves far less than microseconds do.
 */
import { CoreProcess } from '../core/core-process.ts';
import type { CoreWindow } from '../core/protocol.ts';
import { errorsOf, type Figure, figure, type Section } from '../figures.ts';
import { type Measured, measureRounds } from '../rounds.ts';
import { type BenchRun, DISTINCT_REVIEWS, policyOf } from '../run.ts';
import { ratios } from '../statistics.ts';
import { OURS, THEIRS } from './servers.ts';

export interface InProcessPlan {
  readonly mode: string;
  readonly count: number;
  readonly extraEnv: number;
  /** How the time of an injection is told. */
  readonly unit: 'µs' | 'ms';
}

const SCALE = { µs: 1e6, ms: 1e3 } as const;

export function measureInProcess(run: BenchRun): Promise<Section> {
  return measureCore(run, { mode: 'in-process', count: DISTINCT_REVIEWS, extraEnv: 0, unit: 'µs' });
}

export async function measureCore(run: BenchRun, plan: InProcessPlan): Promise<Section> {
  const { options, root, warm } = run;
  const { provider, rounds, windowMs } = options;
  const policy = policyOf(run);
  const { texts, annotations } = policy;
  if (texts === null) {
    const notes = ['not measured: there is no recorded configuration here'];
    return { mode: plan.mode, title: plan.mode, figures: [], notes, errors: 0 };
  }
  const roots = new Map([[OURS, root]]);
  if (options.against !== null) roots.set(THEIRS, options.against);
  const processes: CoreProcess[] = [];
  try {
    const names = [...roots.keys()];
    const subjects = [];
    let bytes = 0;
    for (const [name, folder] of roots) {
      const core = new CoreProcess();
      processes.push(core);
      const { count, extraEnv } = plan;
      const prepared = await core.prepare({
        root: folder,
        texts,
        provider,
        storm: false,
        count,
        annotations,
        extraEnv,
      });
      bytes = prepared.reviewBytes;
      subjects.push(core.subject(name, 'inject'), core.subject('calibration', 'calibrate'));
    }
    const measured = await measureRounds(subjects, { rounds, windowMs: Math.ceil(windowMs / 2), warm });
    const of = (i: number) => measured[i] ?? [];
    const figures: Figure[] = names.flatMap((name, i) => coreFigures(name, plan.unit, of(2 * i), of(2 * i + 1)));
    if (names.length > 1) figures.push(figure(`${OURS} to ${THEIRS}, speed`, '', ratios(times(of(2)), times(of(0)))));
    const title = `${plan.mode}: in one thread from a review's text to its answer's, ${policy.description}, reviews of ${bytes} bytes`;
    return { mode: plan.mode, title, figures, notes: [], errors: errorsOf(measured) };
  } finally {
    for (const core of processes) core.stop();
  }
}

function times(rounds: readonly Measured<CoreWindow>[]): number[] {
  return rounds.map(({ perSecond }) => 1 / perSecond);
}

function coreFigures(
  name: string,
  unit: InProcessPlan['unit'],
  injected: readonly Measured<CoreWindow>[],
  calibrated: readonly Measured<CoreWindow>[],
): Figure[] {
  const scaled = (values: readonly number[]): number[] => values.map((seconds) => seconds * SCALE[unit]);
  return [
    figure(`${name}: an injection`, unit, scaled(times(injected))),
    figure(`${name}: JSON.parse and JSON.stringify of the review`, unit, scaled(times(calibrated))),
    figure(`${name}: an injection in units of that`, '', ratios(times(injected), times(calibrated))),
  ];
}
