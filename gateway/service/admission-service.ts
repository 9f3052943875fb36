/**
 * What answers reviews: the part of a gateway that there can be several of, in this process or in processes of their own. The
 * gateway around it has what there is one of: the source, the certificates, the admin port.
 */
import type { Address } from '../config/address.ts';
import type { PoolStats } from '../pool/pool-stats.ts';
import type { Assignment } from '../rollout/assignment.ts';
import type { Tally } from '../rollout/revision-tally.ts';
import type { OwnerChange } from '../routing/owner-changes.ts';
import type { Credentials } from '../server/credentials.ts';
import type { ClusterSnapshot, Snapshot } from '../snapshot.ts';
import type { TapEvent, TapOrder } from '../tap/tapped-review.ts';

export interface ServiceStats {
  readonly pool: PoolStats;
  /** Open connections to the admission port. */
  readonly connections: number;
}

export interface AdmissionService {
  /** The snapshot that every new request takes; null before there is one. */
  readonly serving: Snapshot | null;
  /** Whether a worker can take reviews. */
  readonly ready: boolean;
  /** Has the snapshot's revisions compiled everywhere, then lets requests take it. Calls have to follow one another. */
  adopt(snapshot: Snapshot): Promise<void>;
  /** How far rollouts are, for every request from now on, also under snapshots to come. Calls may follow one another at any time. */
  assign(assignments: readonly Assignment[]): Promise<void>;
  /** What is known of the cluster that is watched, for every request from now on, also under snapshots to come. */
  setCluster(cluster: ClusterSnapshot): Promise<void>;
  /** What has changed of the cluster's owners since. */
  changeOwners(changes: readonly OwnerChange[]): Promise<void>;
  /** Counts by revision of the meshes that rollouts move; they do not fall when a process ends. */
  tallies(): Promise<readonly Tally[]>;
  /** Starts the workers and listens; resolves with the port. Rejects with WORKERS_FAILED or LISTEN_FAILED. */
  listen(address: Address, credentials: Credentials): Promise<number>;
  setCredentials(credentials: Credentials): void;
  /** Has these reviews copied from now on, and no others. */
  setTap(orders: readonly TapOrder[]): void;
  /** Who gets the copies. */
  onTap(listener: (event: TapEvent) => void): void;
  /** From now on connections end after their next answer. */
  beginDrain(): void;
  /** Accepts nothing more, lets requests in flight finish for up to `limitMs`; resolves with how many were cut off. */
  close(limitMs: number): Promise<number>;
  /** Ends workers and whatever is still there. */
  stop(): Promise<void>;
  stats(): Promise<ServiceStats>;
  /** Its metrics in Prometheus' text format. */
  metrics(): Promise<string>;
}
