/**
 * An admission service in several processes that listen on one port (node:cluster). Each has a service of its own; this one keeps
 * them alike, adds up what they say, and replaces those that end.
 */
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { AggregatorRegistry } from 'prom-client';
import { collectAllGarbage } from '../../workers/garbage.ts';
import type { OwnerRecord } from '../../workers/protocol.ts';
import type { Address } from '../config/address.ts';
import type { GatewayOptions } from '../config/options.ts';
import { addPoolStats } from '../pool/pool-stats.ts';
import type { Assignment } from '../rollout/assignment.ts';
import { addTallies, type Tally } from '../rollout/revision-tally.ts';
import { applyOwnerChanges, type OwnerChange } from '../routing/owner-changes.ts';
import type { Credentials } from '../server/credentials.ts';
import type { ClusterSnapshot, Snapshot } from '../snapshot.ts';
import type { TapEvent, TapOrder } from '../tap/tapped-review.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AdmissionService, ServiceStats } from './admission-service.ts';
import { ListenerProcess } from './listener-process.ts';

const RESTART_BASE_MS = 100;
const RESTART_MAX_MS = 10_000;
/** How long a process may take to end by itself when it is told to. */
const STOP_LIMIT_MS = 5_000;
/** Length of the keys that node:tls takes for session tickets. */
const TICKET_KEY_BYTES = 48;

export interface ProcessServiceParts {
  readonly options: GatewayOptions;
  readonly logger: Logger;
  /** What each process runs, with this argument. */
  readonly program: URL;
  readonly argument: string;
}

export class ProcessService implements AdmissionService {
  readonly #parts: ProcessServiceParts;
  readonly #ticketKeys = randomBytes(TICKET_KEY_BYTES);
  readonly #processes = new Set<ListenerProcess>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #wanted: Snapshot | null = null;
  #assignments: readonly Assignment[] = [];
  #cluster: ClusterSnapshot | null = null;
  #owners = new Map<string, OwnerRecord>();
  /** What each process has counted when it was last asked, and what those have that ended: so that sums never fall. */
  readonly #counted = new Map<ListenerProcess, readonly Tally[]>();
  #countedByEnded: readonly Tally[] = [];
  #endpoint: { readonly address: Address; credentials: Credentials } | null = null;
  #failures = 0;
  #ending = false;
  #draining = false;
  #tapOrders: readonly TapOrder[] = [];
  #tapListener: ((event: TapEvent) => void) | null = null;
  serving: Snapshot | null = null;

  constructor(parts: ProcessServiceParts) {
    this.#parts = parts;
  }

  get ready(): boolean {
    return [...this.#processes].some(({ listening }) => listening);
  }

  async adopt(snapshot: Snapshot): Promise<void> {
    this.#wanted = snapshot;
    // One after the other, so that the others serve while one compiles. One that ends meanwhile adopts it when it is replaced.
    for (const each of this.#processes) await each.call('adopt', snapshot).catch(() => undefined);
    this.serving = snapshot;
  }

  async assign(assignments: readonly Assignment[]): Promise<void> {
    this.#assignments = assignments;
    await Promise.all([...this.#processes].map((each) => each.call('assign', assignments).catch(() => undefined)));
  }

  async setCluster(cluster: ClusterSnapshot): Promise<void> {
    this.#owners = new Map(cluster.owners);
    this.#cluster = { ...cluster, owners: this.#owners };
    await Promise.all([...this.#processes].map((each) => each.call('setCluster', cluster).catch(() => undefined)));
  }

  async changeOwners(changes: readonly OwnerChange[]): Promise<void> {
    // A process that starts later gets them all.
    applyOwnerChanges(this.#owners, changes);
    await Promise.all([...this.#processes].map((each) => each.call('changeOwners', changes).catch(() => undefined)));
  }

  async tallies(): Promise<readonly Tally[]> {
    await this.#fromEach(async (each) => {
      const counted = await each.call('tallies', null);
      if (this.#processes.has(each)) this.#counted.set(each, counted);
    });
    return addTallies([this.#countedByEnded, ...this.#counted.values()]);
  }

  async listen(address: Address, credentials: Credentials): Promise<number> {
    cluster.setupPrimary({
      exec: fileURLToPath(this.#parts.program),
      args: [this.#parts.argument],
      serialization: 'advanced',
    });
    this.#endpoint = { address, credentials };
    // The first one finds the port; the others share it.
    const port = await this.#startProcess();
    const others = Array.from({ length: this.#parts.options.processes - 1 }, () => this.#startProcess());
    await Promise.all(others);
    collectAllGarbage();
    return port;
  }

  setCredentials(credentials: Credentials): void {
    if (this.#endpoint !== null) this.#endpoint.credentials = credentials;
    for (const each of this.#processes) each.call('setCredentials', credentials).catch(() => undefined);
  }

  setTap(orders: readonly TapOrder[]): void {
    this.#tapOrders = orders;
    for (const each of this.#processes) each.call('setTap', orders).catch(() => undefined);
  }

  onTap(listener: (event: TapEvent) => void): void {
    this.#tapListener = listener;
  }

  beginDrain(): void {
    this.#draining = true;
    for (const each of this.#processes) each.call('beginDrain', null).catch(() => undefined);
  }

  async close(limitMs: number): Promise<number> {
    this.#ending = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const cut = await Promise.all([...this.#processes].map((each) => each.call('close', limitMs).catch(() => 0)));
    return cut.reduce((sum, n) => sum + n, 0);
  }

  async stop(): Promise<void> {
    this.#ending = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const limit = setTimeout(() => {
      for (const each of this.#processes) each.kill();
    }, STOP_LIMIT_MS);
    const ends = [...this.#processes].map((each) => {
      each.call('stop', null).catch(() => undefined);
      return each.ended;
    });
    await Promise.all(ends);
    clearTimeout(limit);
  }

  async stats(): Promise<ServiceStats> {
    const all = await this.#fromEach((each) => each.call('stats', null));
    return {
      pool: addPoolStats(all.map(({ pool }) => pool)),
      connections: all.reduce((total, { connections }) => total + connections, 0),
    };
  }

  async metrics(): Promise<string> {
    const all = await this.#fromEach((each) => each.call('metrics', null));
    return AggregatorRegistry.aggregate(all).metrics();
  }

  /** Starts a process and brings it where the others are; resolves with its port. */
  async #startProcess(): Promise<number> {
    const { options, logger } = this.#parts;
    const each = new ListenerProcess((ended, reason) => {
      this.#processes.delete(ended);
      this.#countedByEnded = addTallies([this.#countedByEnded, this.#counted.get(ended) ?? []]);
      this.#counted.delete(ended);
      if (this.#ending) return;
      logger.error({ code: 'PROCESS_ENDED', reason }, 'a listening process ended and is replaced');
      this.#restartLater();
    });
    this.#processes.add(each);
    each.onTap = (event) => this.#tapListener?.(event);
    await each.call('start', { options: forProcess(options), ticketKeys: this.#ticketKeys });
    await each.call('setTap', this.#tapOrders);
    // Calls are taken in their order, so an assignment that comes meanwhile is the one that stays.
    await each.call('assign', this.#assignments);
    if (this.#cluster !== null) await each.call('setCluster', this.#cluster);
    let adopted: Snapshot | null = null;
    // A snapshot that comes while this one compiles is adopted as well before it listens.
    while (this.#wanted !== null && adopted !== this.#wanted) {
      adopted = this.#wanted;
      await each.call('adopt', adopted);
    }
    const endpoint = this.#endpoint;
    if (endpoint === null) return 0;
    const port = await each.call('listen', endpoint);
    if (this.#draining) await each.call('beginDrain', null);
    each.listening = true;
    this.#failures = 0;
    return port;
  }

  #restartLater(): void {
    // Before the first one has ever listened it is for `listen` to fail.
    if (this.#failures === 0 && this.serving === null) return;
    const delay = Math.min(RESTART_BASE_MS * 2 ** Math.min(this.#failures, 16), RESTART_MAX_MS);
    this.#failures += 1;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#startProcess().catch((error: unknown) => {
        this.#parts.logger.error({ err: error }, 'a listening process could not be started');
      });
    }, delay);
    this.#timers.add(timer);
  }

  /** One that ends while it is asked is left out. */
  async #fromEach<T>(ask: (each: ListenerProcess) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled([...this.#processes].filter(({ listening }) => listening).map(ask));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }
}

/** The workers are shared out: as many in all as the option says, and at least one a process. */
function forProcess({ workers, workerMemory, logLevel, otlpEndpoint, processes }: GatewayOptions) {
  return { workers: Math.max(1, Math.floor(workers / processes)), workerMemory, logLevel, otlpEndpoint };
}
