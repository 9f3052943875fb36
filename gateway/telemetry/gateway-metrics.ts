/**
 * Prometheus metrics of what a gateway has one of: its source, its certificate, its readiness.
 */
import { Counter, Gauge, Registry } from 'prom-client';

/** A rollout as it is now. */
export interface RolloutGauge {
  readonly name: string;
  readonly mesh: string;
  readonly phase: string;
  /** In percent. */
  readonly canaryWeight: number;
  readonly failedChecks: number;
}

export interface GatewayGaugeSources {
  readonly snapshot: () => { readonly revision: string; readonly loadedAt: Date } | null;
  readonly certificateExpiry: () => Date | null;
  readonly ready: () => boolean;
  readonly rollouts: () => readonly RolloutGauge[];
}

export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #syncs: Counter<'result'>;

  constructor(sources: GatewayGaugeSources) {
    const registers = [this.registry];
    this.#syncs = new Counter({
      name: 'meshgate_syncs_total',
      help: 'Looks at the policy source, by result.',
      labelNames: ['result'],
      registers,
    });
    for (const result of ['ok', 'failed']) this.#syncs.inc({ result }, 0);
    new Gauge({
      name: 'meshgate_snapshot_info',
      help: 'The policy snapshot that serves.',
      labelNames: ['revision'],
      registers,
      collect() {
        this.reset();
        const snapshot = sources.snapshot();
        if (snapshot !== null) this.set({ revision: snapshot.revision }, 1);
      },
    });
    addRolloutGauges(registers, sources.rollouts);
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
    gauge('meshgate_snapshot_loaded_timestamp_seconds', 'When the snapshot that serves was loaded.', () => {
      return (sources.snapshot()?.loadedAt.getTime() ?? 0) / 1_000;
    });
    gauge('meshgate_certificate_expiry_timestamp_seconds', 'When the serving certificate expires.', () => {
      return (sources.certificateExpiry()?.getTime() ?? 0) / 1_000;
    });
    gauge('meshgate_ready', 'Whether the gateway is ready (1) or not (0).', () => (sources.ready() ? 1 : 0));
  }

  countSync(result: 'ok' | 'failed'): void {
    this.#syncs.inc({ result });
  }
}

function addRolloutGauges(registers: Registry[], rollouts: () => readonly RolloutGauge[]): void {
  const labelNames = ['rollout', 'mesh'] as const;
  const gauge = (name: string, help: string, read: (rollout: RolloutGauge) => number): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const each of rollouts()) this.set({ rollout: each.name, mesh: each.mesh }, read(each));
      },
    });
  };
  gauge(
    'meshgate_rollout_weight_percent',
    "Share of the mesh's workloads that a rollout gives its new revision.",
    (each) => {
      return each.canaryWeight;
    },
  );
  gauge('meshgate_rollout_failed_checks', 'Checks of a rollout that have failed so far.', (each) => each.failedChecks);
  new Gauge({
    name: 'meshgate_rollout_phase',
    help: 'The phase of each rollout (1).',
    labelNames: [...labelNames, 'phase'],
    registers,
    collect() {
      this.reset();
      for (const { name, mesh, phase } of rollouts()) this.set({ rollout: name, mesh, phase }, 1);
    },
  });
}
