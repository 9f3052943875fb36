/** Prometheus metrics of shadows. Labels are meshes and enumerations. */
import { Counter, type Registry } from 'prom-client';

export class ShadowMetrics {
  readonly #compared: Counter<'mesh'>;
  readonly #different: Counter<'mesh'>;
  readonly #notAllowed: Counter<'mesh'>;
  readonly #failed: Counter<'mesh' | 'reason'>;
  readonly #dropped: Counter<'mesh' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const perMesh = { labelNames: ['mesh'], registers } as const;
    const perReason = { labelNames: ['mesh', 'reason'], registers } as const;
    this.#compared = new Counter({
      ...perMesh,
      name: 'meshgate_shadow_compared_total',
      help: 'Reviews whose answer was compared with that of another revision or injector.',
    });
    this.#different = new Counter({
      ...perMesh,
      name: 'meshgate_shadow_different_total',
      help: 'Compared reviews whose answers differ, in whatever way.',
    });
    this.#notAllowed = new Counter({
      ...perMesh,
      name: 'meshgate_shadow_not_allowed_total',
      help: 'Compared reviews whose answers differ in a way that is not allowed.',
    });
    this.#failed = new Counter({
      ...perReason,
      name: 'meshgate_shadow_failed_total',
      help: 'Reviews that could not be compared.',
    });
    this.#dropped = new Counter({
      ...perReason,
      name: 'meshgate_shadow_dropped_total',
      help: 'Reviews of the sample that were not compared, because that would have cost live reviews or a limit.',
    });
  }

  compared(mesh: string, different: boolean, notAllowed: boolean): void {
    this.#compared.inc({ mesh });
    this.#different.inc({ mesh }, different ? 1 : 0);
    this.#notAllowed.inc({ mesh }, notAllowed ? 1 : 0);
  }

  failed(mesh: string, reason: string): void {
    this.#failed.inc({ mesh, reason });
  }

  dropped(mesh: string, reason: string, count: number): void {
    this.#dropped.inc({ mesh, reason }, count);
  }
}
