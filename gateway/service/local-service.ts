/**
 * An admission service in this process: server, handler, routes and workers.
 */
import { performance } from 'node:perf_hooks';
import { collectAllGarbage } from '../../workers/garbage.ts';
import type { OwnerRecord } from '../../workers/protocol.ts';
import { AdmissionHandler } from '../admission/handler.ts';
import type { Address } from '../config/address.ts';
import type { GatewayOptions } from '../config/options.ts';
import { GatewayError } from '../errors.ts';
import { WorkerPool } from '../pool/pool.ts';
import type { Assignment } from '../rollout/assignment.ts';
import { RevisionTallies, type Tally } from '../rollout/revision-tally.ts';
import { applyOwnerChanges, type OwnerChange, touchesReplicas } from '../routing/owner-changes.ts';
import { Router } from '../routing/router.ts';
import { AdmissionServer } from '../server/admission-server.ts';
import type { Credentials } from '../server/credentials.ts';
import type { ClusterSnapshot, Snapshot } from '../snapshot.ts';
import { ReviewTap } from '../tap/review-tap.ts';
import type { TapEvent, TapOrder } from '../tap/tapped-review.ts';
import { type Logger, RequestLog } from '../telemetry/logger.ts';
import { logWorkerLost } from '../telemetry/pool-log.ts';
import { RequestMetrics } from '../telemetry/request-metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { AdmissionService, ServiceStats } from './admission-service.ts';

export interface LocalServiceParts {
  readonly options: Pick<GatewayOptions, 'workers' | 'workerMemory'>;
  readonly logger: Logger;
  /** The piscina entry file. */
  readonly workerFile: URL;
  /** Null when nothing is traced. */
  readonly tracing: Tracing | null;
  /** Keys for TLS session tickets that several processes share; left out: keys of its own. */
  readonly ticketKeys?: Buffer;
}

export class LocalService implements AdmissionService {
  readonly #parts: LocalServiceParts;
  readonly #metrics = new RequestMetrics();
  readonly #tallies = new RevisionTallies();
  readonly #pool: WorkerPool;
  readonly #tap: ReviewTap;
  readonly #handler: AdmissionHandler;
  #router: Router | null = null;
  #assignments: readonly Assignment[] = [];
  #cluster: ClusterSnapshot | null = null;
  #owners = new Map<string, OwnerRecord>();
  #server: AdmissionServer | null = null;

  constructor(parts: LocalServiceParts) {
    this.#parts = parts;
    const { options, logger, workerFile, tracing } = parts;
    this.#pool = new WorkerPool({
      workers: options.workers,
      workerFile,
      maxHeapMb: options.workerMemory,
      onWorkerLost: (error, culprit, others) => logWorkerLost(logger, error, culprit, others),
    });
    this.#metrics.addGauges({ pool: () => this.#pool.stats(), connections: () => this.#server?.connections ?? 0 });
    this.#tap = new ReviewTap({ busy: () => this.#pool.busy, now: () => performance.now() });
    this.#handler = new AdmissionHandler({
      router: () => this.#router,
      pool: this.#pool,
      metrics: {
        observe: (sample) => {
          this.#metrics.observe(sample);
          this.#tallies.observe(sample);
        },
      },
      log: new RequestLog(logger),
      trace: tracing === null ? null : tracing.record,
      tap: this.#tap,
    });
  }

  get serving(): Snapshot | null {
    return this.#router?.snapshot ?? null;
  }

  get ready(): boolean {
    return this.#pool.ready;
  }

  async adopt(snapshot: Snapshot): Promise<void> {
    const revisions = [...snapshot.meshes.values()].flatMap((mesh) => [...mesh.revisions.values()]);
    const sources = snapshot.policies === null ? revisions : [snapshot.policies, ...revisions];
    const failed = await this.#pool.warm(sources);
    if (failed.length > 0) {
      this.#parts.logger.error({ digests: failed }, 'revisions of the snapshot did not compile in a worker');
    }
    this.#tallies.watch([...(snapshot.rollouts?.values() ?? [])].map(({ mesh }) => mesh));
    this.#router = new Router(snapshot, this.#assignments, this.#cluster);
  }

  async assign(assignments: readonly Assignment[]): Promise<void> {
    this.#assignments = assignments;
    // Another router, so that no answer is reused that was kept under another weight.
    if (this.#router !== null) this.#router = new Router(this.#router.snapshot, assignments, this.#cluster);
  }

  async setCluster(cluster: ClusterSnapshot): Promise<void> {
    // Owners come and go without everything being told anew.
    this.#owners = new Map(cluster.owners);
    this.#cluster = { ...cluster, owners: this.#owners };
    if (this.#router !== null) this.#router = new Router(this.#router.snapshot, this.#assignments, this.#cluster);
  }

  async changeOwners(changes: readonly OwnerChange[]): Promise<void> {
    applyOwnerChanges(this.#owners, changes);
    // Another router has no answers that were kept under other owners.
    if (this.#router !== null && touchesReplicas(changes))
      this.#router = new Router(this.#router.snapshot, this.#assignments, this.#cluster);
  }

  async tallies(): Promise<readonly Tally[]> {
    return this.#tallies.read();
  }

  async listen(address: Address, credentials: Credentials): Promise<number> {
    await this.#pool.open();
    if (!this.#pool.ready) throw new GatewayError('WORKERS_FAILED');
    collectAllGarbage();
    const server = new AdmissionServer(this.#handler, credentials, this.#parts.ticketKeys);
    this.#server = server;
    return server.listen(address);
  }

  setCredentials(credentials: Credentials): void {
    this.#server?.setCredentials(credentials);
  }

  setTap(orders: readonly TapOrder[]): void {
    this.#tap.setOrders(orders);
  }

  onTap(listener: (event: TapEvent) => void): void {
    this.#tap.listener = listener;
  }

  beginDrain(): void {
    if (this.#server !== null) this.#server.draining = true;
  }

  async close(limitMs: number): Promise<number> {
    const server = this.#server;
    this.#server = null;
    return (await server?.close(limitMs)) ?? 0;
  }

  async stop(): Promise<void> {
    this.#tap.close();
    await this.close(0);
    await this.#pool.close();
    await this.#parts.tracing?.shutdown().catch(() => undefined);
  }

  async stats(): Promise<ServiceStats> {
    return { pool: this.#pool.stats(), connections: this.#server?.connections ?? 0 };
  }

  metrics(): Promise<string> {
    return this.#metrics.registry.metrics();
  }

  /** The metrics as data, for whoever adds up those of several processes. */
  metricsAsJson(): Promise<object[]> {
    return this.#metrics.registry.getMetricsAsJSON();
  }
}
