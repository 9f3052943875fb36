/** The plots of what the generator saw, which every run has. */
import { TIMEOUTS_SECONDS } from '../k6/plan.ts';
import { type Band, type Chart, type Mark, secondsAxis } from './chart.ts';
import type { IntervalFigures, Line, RunRecord } from './record.ts';
import { quantile } from './record.ts';
import { percentileScale } from './scale.ts';

const LEAST_MS = 1;
const HIGHEST_PERCENTILE = 99.99;
/** Percentiles that a plot of few answers can not tell are left out. */
const ANSWERS_FOR_A_TAIL = 1;

/** All runs in one plot: percentile against latency, with the timeouts as lines. */
export function distributionChart(
  runs: readonly { readonly name: string; readonly run: RunRecord }[],
  timeoutSeconds: number,
): Chart {
  return {
    id: 'distribution',
    title: 'Latency distribution against the timeouts',
    unit: 'ms',
    lines: runs.map(({ name, run: { latency } }) => ({
      name,
      points: latency.quantiles.filter(([percent]) => (1 - percent / 100) * latency.count >= ANSWERS_FOR_A_TAIL),
    })),
    x: {
      label: 'percentile',
      format: (value) => (value === 0 ? '0' : `p${value}`),
      scale: (extent) => percentileScale(HIGHEST_PERCENTILE, extent),
    },
    logFrom: LEAST_MS,
    tall: true,
    yTo: 30_000,
    marks: timeoutMarks(timeoutSeconds),
  };
}

export function timeoutMarks(timeoutSeconds: number): readonly Mark[] {
  const all = [...new Set<number>([...TIMEOUTS_SECONDS, timeoutSeconds])].sort((a, b) => a - b);
  return all.map((seconds) => ({
    value: seconds * 1_000,
    label: `${seconds} s`,
    strong: seconds === timeoutSeconds,
  }));
}

/** Plots over time; `id` tells those of several runs apart. */
export function overTimeCharts(run: RunRecord): readonly Chart[] {
  const at = ({ fromSeconds }: IntervalFigures): number => fromSeconds + run.intervalSeconds / 2;
  const line = (name: string, read: (interval: IntervalFigures) => number): Line => ({
    name,
    points: run.intervals.filter(({ latency }) => latency.count > 0).map((each) => [at(each), read(each)] as const),
  });
  const rate = (count: number): number => count / run.intervalSeconds;
  const common = { x: secondsAxis(runSeconds(run)), bands: bandsOf(run) };
  const { timeoutSeconds } = run.settings;
  const lost = (['refused', 'missed', 'denied', 'failed'] as const)
    .filter((kind) => run.answers[kind] > 0)
    .map((kind) => line(kind, ({ answers }) => rate(answers[kind])));
  return [
    {
      ...common,
      id: 'latency',
      title: 'Latency by time of arrival',
      unit: 'ms',
      lines: [
        line('p50', ({ latency }) => quantile(latency, 50)),
        line('p99', ({ latency }) => quantile(latency, 99)),
        line('slowest', ({ latency }) => latency.max),
      ],
      logFrom: LEAST_MS,
      yTo: 30_000,
      tall: true,
      marks: timeoutMarks(timeoutSeconds),
    },
    {
      ...common,
      id: 'throughput',
      title: 'Throughput: what was to arrive, and what was answered',
      unit: '/s',
      lines: [
        {
          name: 'offered',
          points: run.phases.flatMap(({ fromSeconds, seconds, offered }) => [
            [fromSeconds, offered] as const,
            [fromSeconds + seconds, offered] as const,
          ]),
        },
        line('answered, by time of arrival', ({ latency }) => rate(latency.count)),
      ],
      yTo: 1,
    },
    {
      ...common,
      id: 'timeout-share',
      title: 'Share of the timeout used, as the client saw it',
      unit: '%',
      lines: [
        line('p50', ({ latency }) => quantile(latency, 50) / (timeoutSeconds * 10)),
        line('p99', ({ latency }) => quantile(latency, 99) / (timeoutSeconds * 10)),
        line('slowest', ({ latency }) => latency.max / (timeoutSeconds * 10)),
      ],
      yTo: 1,
    },
    {
      ...common,
      id: 'not-done',
      title: 'Reviews that were not done, as the client saw it',
      unit: '/s',
      lines: lost,
      yTo: 1,
    },
  ];
}

/** Plots of the gateway's own figures. */
export function adminCharts(run: RunRecord): readonly Chart[] {
  const common = { x: secondsAxis(runSeconds(run)), bands: bandsOf(run), yTo: 1 };
  return (run.admin?.panels ?? []).map(({ id, title, unit, lines }) => ({
    ...common,
    id: `admin-${id}`,
    title,
    unit,
    lines,
  }));
}

function runSeconds({ phases }: RunRecord): number {
  return phases.reduce((end, { fromSeconds, seconds }) => Math.max(end, fromSeconds + seconds), 1);
}

function bandsOf({ phases }: RunRecord): readonly Band[] {
  if (phases.length < 2) return [];
  return phases.map(({ name, fromSeconds, seconds }) => ({ name, from: fromSeconds, to: fromSeconds + seconds }));
}
