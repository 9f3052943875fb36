/**
 * Prometheus metrics of the requests that one process answers. All names begin with `meshgate_`; labels come from the snapshot and from enumerations, so
 * their number is bounded: what names no known mesh counts under mesh "".
 */
import { Gauge, Registry } from 'prom-client';
import type { PoolStats } from '../pool/pool-stats.ts';
import { collectProcessMetrics } from './process-metrics.ts';
import { CountedSeries, DistributedSeries } from './series.ts';

/** From half a millisecond to the longest timeout, with bounds at the timeouts that webhooks usually have. */
export const LATENCY_BOUNDS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 30,
];
const SHARE_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1];
/** Pairs of mesh and revision that are told apart; revisions that come after them count together as "other". */
const REVISION_LABEL_LIMIT = 500;

export type OutcomeKind = 'patched' | 'skipped' | 'denied' | 'failed';

/** What one request adds to the metrics; times in milliseconds, negative where the request did not get that far. */
export interface RequestSample {
  readonly mesh: string;
  readonly revision: string;
  readonly outcome: OutcomeKind;
  /** Skip reason or error code; '' for a patched pod. */
  readonly reason: string;
  /** All skip reasons, where there are several; otherwise empty. */
  readonly reasons: readonly string[];
  readonly durationMs: number;
  /** Duration divided by budget; negative when there was no budget. */
  readonly budgetShare: number;
  readonly queueMs: number;
  readonly workerMs: number;
  /** Refused at once, because the gateway had no room or no time for it. */
  readonly shed: boolean;
  /** The answer was that of another replica of the workload. */
  readonly reused: boolean;
  /** Admitted under onError Ignore, without what the mesh would have added. */
  readonly missed: boolean;
}

/** Gauges that are read when they are collected. */
export interface GaugeSources {
  readonly pool: () => PoolStats;
  readonly connections: () => number;
}

export class RequestMetrics {
  readonly registry = new Registry();
  readonly #requests: CountedSeries<'mesh' | 'revision' | 'outcome' | 'reason'>;
  readonly #skips: CountedSeries<'mesh' | 'reason'>;
  readonly #shed: CountedSeries<'mesh' | 'reason'>;
  readonly #reused: CountedSeries<'mesh'>;
  readonly #missed: CountedSeries<'mesh' | 'reason'>;
  readonly #duration: DistributedSeries<'mesh' | 'outcome'>;
  readonly #share: DistributedSeries<'mesh'>;
  readonly #queue: DistributedSeries<'mesh'>;
  readonly #worker: DistributedSeries<'mesh'>;
  /** By mesh. */
  readonly #revisions = new Map<string, Set<string>>();
  #revisionCount = 0;

  constructor() {
    const { registry } = this;
    this.#requests = new CountedSeries({
      name: 'meshgate_requests_total',
      help: 'Admission requests, each counted once.',
      labelNames: ['mesh', 'revision', 'outcome', 'reason'],
      registry,
    });
    this.#skips = new CountedSeries({
      name: 'meshgate_skip_reasons_total',
      help: 'Reasons of pods that were not injected; a pod counts under each of its reasons.',
      labelNames: ['mesh', 'reason'],
      registry,
    });
    this.#reused = new CountedSeries({
      name: 'meshgate_answers_reused_total',
      help: 'Requests that were answered as another replica of their workload had been, without an injection.',
      labelNames: ['mesh'],
      registry,
    });
    this.#shed = new CountedSeries({
      name: 'meshgate_shed_total',
      help: 'Requests that were refused at once, for lack of time or room or because their workload is in quarantine.',
      labelNames: ['mesh', 'reason'],
      registry,
    });
    this.#missed = new CountedSeries({
      name: 'meshgate_missed_total',
      help: 'Pods that were admitted without injection because the gateway failed (onError: Ignore).',
      labelNames: ['mesh', 'reason'],
      registry,
    });
    this.#duration = new DistributedSeries(
      {
        name: 'meshgate_request_duration_seconds',
        help: 'From the arrival of the headers until the answer was handed to the connection.',
        labelNames: ['mesh', 'outcome'],
        registry,
      },
      LATENCY_BOUNDS_SECONDS,
    );
    this.#share = new DistributedSeries(
      {
        name: 'meshgate_budget_used_ratio',
        help: "Share of the request's time budget (its timeout less rounding and reserve) that was used.",
        labelNames: ['mesh'],
        registry,
      },
      SHARE_BOUNDS,
    );
    this.#queue = new DistributedSeries(
      {
        name: 'meshgate_queue_seconds',
        help: 'Time that reviews waited for a worker.',
        labelNames: ['mesh'],
        registry,
      },
      LATENCY_BOUNDS_SECONDS,
    );
    this.#worker = new DistributedSeries(
      {
        name: 'meshgate_worker_seconds',
        help: 'Time that a worker spent on a review, compiling its revision apart.',
        labelNames: ['mesh'],
        registry,
      },
      LATENCY_BOUNDS_SECONDS,
    );
    collectProcessMetrics(this.registry);
  }

  /** Counts one finished request. */
  observe(sample: RequestSample): void {
    const { mesh } = sample;
    const revision = this.#boundedRevision(mesh, sample.revision);
    this.#requests.add(mesh, revision, sample.outcome, sample.reason);
    if (sample.outcome === 'skipped') this.#countSkip(mesh, sample);
    if (sample.reused) this.#reused.add(mesh);
    if (sample.shed) this.#shed.add(mesh, sample.reason);
    if (sample.missed) this.#missed.add(mesh, sample.reason);
    this.#duration.add(sample.durationMs / 1_000, mesh, sample.outcome);
    if (sample.budgetShare >= 0) this.#share.add(sample.budgetShare, mesh);
    if (sample.queueMs >= 0) this.#queue.add(sample.queueMs / 1_000, mesh);
    if (sample.workerMs >= 0) this.#worker.add(sample.workerMs / 1_000, mesh);
  }

  #countSkip(mesh: string, { reason, reasons }: RequestSample): void {
    if (reasons.length === 0) this.#skips.add(mesh, reason);
    for (const each of reasons) this.#skips.add(mesh, each);
  }

  /** Adds the gauges; called once, when the parts they look at exist. */
  addGauges(sources: GaugeSources): void {
    const registers = [this.registry];
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    new Gauge({
      name: 'meshgate_pool_workers',
      help: 'Worker threads by state.',
      labelNames: ['state'],
      registers,
      collect() {
        this.reset();
        for (const state of ['starting', 'serving', 'restarting']) this.set({ state }, 0);
        for (const state of sources.pool().workers) this.inc({ state });
      },
    });
    new Gauge({
      name: 'meshgate_queue_length',
      help: 'Reviews that wait for a worker, by mesh.',
      labelNames: ['mesh'],
      registers,
      collect() {
        this.reset();
        for (const { mesh, queued } of sources.pool().meshes) this.set({ mesh }, queued);
      },
    });
    new Gauge({
      name: 'meshgate_estimated_wait_seconds',
      help: 'How long a review that comes now is thought to wait for a worker, by mesh.',
      labelNames: ['mesh'],
      registers,
      aggregator: 'max',
      collect() {
        this.reset();
        for (const { mesh, waitMs } of sources.pool().meshes) this.set({ mesh }, waitMs / 1_000);
      },
    });
    gauge('meshgate_quarantined_workloads', 'Workloads in quarantine because they ended workers.', () => {
      return sources.pool().quarantine.length;
    });
    gauge('meshgate_pool_queue_length', 'Reviews that wait for a worker.', () => sources.pool().queued);
    gauge('meshgate_pool_in_flight', 'Reviews that a worker has.', () => sources.pool().inFlight);
    gauge('meshgate_pool_workers_lost', 'Workers that ended unexpectedly since the start.', () => {
      return sources.pool().workersLost;
    });
    gauge('meshgate_connections', 'Open connections to the admission port.', () => sources.connections());
  }

  #boundedRevision(mesh: string, revision: string): string {
    const known = this.#revisions.get(mesh);
    if (known?.has(revision)) return revision;
    if (this.#revisionCount >= REVISION_LABEL_LIMIT) return 'other';
    this.#revisionCount += 1;
    if (known === undefined) this.#revisions.set(mesh, new Set([revision]));
    else known.add(revision);
    return revision;
  }
}
