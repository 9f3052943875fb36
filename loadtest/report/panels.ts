/**
 * From a gateway's readings to what the report plots. Metrics that a gateway does not have give no curve; counters of reviews that
 * were not done are found by their label or name, so that a new reason needs no change here.
 */
import type { Sample } from './exposition.ts';
import { estimateQuantile, type Histogram, histogramOf, partWithin, since } from './histogram.ts';
import type { AdminFigures, Line, Panel } from './record.ts';
import type { Scrape } from './scrape.ts';

const MEGABYTE = 1024 * 1024;
/** Curves of one plot; further reasons or meshes are left out, the smallest first. */
const LINES_LIMIT = 8;
const REFUSED_WITHIN_SECONDS = 0.05;
const LOST = /shed|missed|quarantin|refus|reject|workers_lost/;

type Point = readonly [seconds: number, value: number];

/** `startedAtMs` is the run's zero; null when there are not two readings to compare. */
export function adminFigures(scrapes: readonly Scrape[], startedAtMs: number): AdminFigures | null {
  const first = scrapes[0];
  const last = scrapes.at(-1);
  if (first === undefined || last === undefined || first === last) return null;
  const reader = new Readings(scrapes, startedAtMs);
  const memory = reader.gauge('process_resident_memory_bytes', MEGABYTE);
  const share = histogramOf(last.samples, 'meshgate_budget_used_ratio');
  const shares = share === null ? null : since(share, histogramOf(first.samples, 'meshgate_budget_used_ratio'));
  return {
    panels: reader.panels(),
    budgetShares:
      shares === null || shares.count === 0
        ? []
        : shares.buckets.slice(0, -1).map(([bound, count]) => [bound, count / shares.count]),
    refusedIn50Ms: refusedInTime(first, last),
    startMemoryMb: memory[0]?.[1] ?? 0,
    peakMemoryMb: Math.max(0, ...memory.map(([, value]) => value)),
  };
}

function refusedInTime(first: Scrape, last: Scrape): number | null {
  const failed = ({ labels }: Sample): boolean => labels.get('outcome') === 'failed';
  const name = 'meshgate_request_duration_seconds';
  const now = histogramOf(last.samples, name, failed);
  return now === null ? null : partWithin(since(now, histogramOf(first.samples, name, failed)), REFUSED_WITHIN_SECONDS);
}

class Readings {
  readonly #scrapes: readonly Scrape[];
  readonly #startedAtMs: number;

  constructor(scrapes: readonly Scrape[], startedAtMs: number) {
    this.#scrapes = scrapes;
    this.#startedAtMs = startedAtMs;
  }

  /** From the run's beginning on: the generator takes its time to start. */
  panels(): readonly Panel[] {
    const queue = (part: number): Point[] => this.#quantile('meshgate_queue_seconds', part, 1_000);
    const worker = (part: number): Point[] => this.#quantile('meshgate_worker_seconds', part, 1_000);
    const lag = (name: string): Point[] => this.gauge(`nodejs_eventloop_lag_${name}_seconds`, 1 / 1_000);
    const panels: Panel[] = [
      panel('budget', 'Share of the budget used', '%', [
        ['p50', this.#quantile('meshgate_budget_used_ratio', 0.5, 100)],
        ['p99', this.#quantile('meshgate_budget_used_ratio', 0.99, 100)],
      ]),
      panel('times', 'Queue and worker time', 'ms', [
        ['queue p50', queue(0.5)],
        ['queue p99', queue(0.99)],
        ['worker p50', worker(0.5)],
        ['worker p99', worker(0.99)],
        ['estimated wait', this.#highest('meshgate_estimated_wait_seconds', 1 / 1_000)],
      ]),
      panel('queue', 'Reviews that wait, and that workers have', 'count', [
        ['waiting', this.gauge('meshgate_pool_queue_length')],
        ['in workers', this.gauge('meshgate_pool_in_flight')],
        ['connections', this.gauge('meshgate_connections')],
        ['workloads in quarantine', this.gauge('meshgate_quarantined_workloads')],
        ...this.#byLabel('meshgate_queue_length', 'mesh', (name, keep) => this.gauge(name, 1, keep)),
      ]),
      panel(
        'outcomes',
        'Answers by outcome',
        '/s',
        this.#byLabel('meshgate_requests_total', 'outcome', (name, keep) => this.#rate(name, keep)),
      ),
      panel('lost', 'Shed and missed', '/s', this.#lost()),
      panel('event-loop', 'Delay of the main event loop', 'ms', [
        ['mean', lag('mean')],
        ['p99', lag('p99')],
        ['max', lag('max')],
      ]),
      panel('memory', 'Memory', 'MB', [
        ['resident', this.gauge('process_resident_memory_bytes', MEGABYTE)],
        ['heap used', this.gauge('nodejs_heap_size_used_bytes', MEGABYTE)],
        ['outside the heap', this.gauge('nodejs_external_memory_bytes', MEGABYTE)],
      ]),
      panel('cpu', 'CPU of the gateway', '%', [
        ['cores × 100', this.#rate('process_cpu_seconds_total', undefined, 100)],
      ]),
    ];
    return panels.filter(({ lines }) => lines.length > 0);
  }

  /** A gauge's readings, summed over its series; none when there is no such metric. */
  gauge(name: string, unit = 1, keep: (sample: Sample) => boolean = () => true): Point[] {
    return this.#scrapes.flatMap(({ atMs, samples }) => {
      const found = samples.filter((sample) => sample.name === name && keep(sample));
      return found.length === 0 ? [] : [[this.#seconds(atMs), total(found) / unit] as const];
    });
  }

  /** A gauge's highest series at each reading. */
  #highest(name: string, unit: number): Point[] {
    return this.#scrapes.flatMap(({ atMs, samples }) => {
      const found = samples.filter((sample) => sample.name === name);
      return found.length === 0
        ? []
        : [[this.#seconds(atMs), Math.max(...found.map(({ value }) => value)) / unit] as const];
    });
  }

  /** What a counter grew by in a second, between two readings. */
  #rate(name: string, keep: (sample: Sample) => boolean = () => true, unit = 1): Point[] {
    return this.#pairs().flatMap(([before, now]) => {
      const wanted = (sample: Sample): boolean => sample.name === name && keep(sample);
      const found = now.samples.filter(wanted);
      if (found.length === 0) return [];
      const grown = Math.max(0, total(found) - total(before.samples.filter(wanted)));
      return [[this.#seconds(now.atMs), (grown * unit * 1_000) / Math.max(1, now.atMs - before.atMs)] as const];
    });
  }

  #quantile(name: string, part: number, unit: number): Point[] {
    return this.#pairs().flatMap(([before, now]) => {
      const histogram: Histogram | null = histogramOf(now.samples, name);
      if (histogram === null) return [];
      const value = estimateQuantile(since(histogram, histogramOf(before.samples, name)), part);
      return value === null ? [] : [[this.#seconds(now.atMs), value * unit] as const];
    });
  }

  /** One curve for each value of a label, the largest first. */
  #byLabel(
    name: string,
    label: string,
    read: (name: string, keep: (sample: Sample) => boolean) => Point[],
    wanted: (sample: Sample) => boolean = () => true,
  ): [string, Point[]][] {
    const values = new Set<string>();
    for (const { samples } of this.#scrapes) {
      for (const sample of samples)
        if (sample.name === name && wanted(sample)) values.add(sample.labels.get(label) ?? '');
    }
    return [...values]
      .map((value): [string, Point[]] => [
        value === '' ? 'none' : value,
        read(name, (sample) => (sample.labels.get(label) ?? '') === value && wanted(sample)),
      ])
      .sort(([, a], [, b]) => peak(b) - peak(a))
      .slice(0, LINES_LIMIT);
  }

  /** Reviews that failed by code, and every counter or gauge whose name speaks of what was not done. */
  #lost(): [string, Point[]][] {
    const failed = ({ labels }: Sample): boolean => labels.get('outcome') === 'failed';
    const byReason = this.#byLabel('meshgate_requests_total', 'reason', (name, keep) => this.#rate(name, keep), failed);
    const names = new Set(this.#scrapes.flatMap(({ samples }) => samples.map(({ name }) => name)));
    const others = [...names]
      .filter((name) => name.startsWith('meshgate_') && name.endsWith('_total') && LOST.test(name))
      .map((name): [string, Point[]] => [name.replace(/^meshgate_|_total$/g, ''), this.#rate(name)]);
    return [...byReason, ...others].slice(0, LINES_LIMIT);
  }

  #pairs(): (readonly [Scrape, Scrape])[] {
    return this.#scrapes.flatMap((now, index) => {
      const before = this.#scrapes[index - 1];
      return before === undefined ? [] : [[before, now] as const];
    });
  }

  #seconds(atMs: number): number {
    return (atMs - this.#startedAtMs) / 1_000;
  }
}

function panel(
  id: string,
  title: string,
  unit: Panel['unit'],
  lines: readonly (readonly [string, readonly Point[]])[],
): Panel {
  const kept = lines
    .map(([name, points]): Line => ({ name, points: points.filter(([seconds]) => seconds >= 0) }))
    .filter(({ points }) => points.length > 0);
  return { id, title, unit, lines: kept };
}

function total(samples: readonly Sample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}

function peak(points: readonly Point[]): number {
  return Math.max(0, ...points.map(([, value]) => value));
}
