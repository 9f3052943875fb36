/**
 * The cluster that a gateway runs in or watches: who controls the rollouts (a Lease), how far they are (a ConfigMap), how their pods do, and
 * what injection needs to know of namespaces and nodes. Without it the gateway serves on with what it knows; why is in the log and the
 * status.
 */
import type { OwnerChange } from '../routing/owner-changes.ts';
import type { ClusterSnapshot, Snapshot } from '../snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';
import { openAccess } from './access.ts';
import { ClusterClient } from './cluster-client.ts';
import { ClusterContext } from './cluster-context.ts';
import { ClusterError, messageOf } from './cluster-error.ts';
import { ConfigMapStore } from './config-map-store.ts';
import { LeaseLock } from './lease-lock.ts';
import { PodReadiness } from './pod-readiness.ts';
import type { ReflectorState } from './reflector.ts';

/** Of the Lease and of the ConfigMap. */
export const ROLLOUTS_NAME = 'meshgate-rollouts';

export interface ClusterOptions {
  /** A file, or `in-cluster`. */
  readonly kubeconfig: string;
  /** Of the Lease and the ConfigMap; null: the kubeconfig's, or the pod's own. */
  readonly namespace: string | null;
}

/** For people and programs, as a Kubernetes condition. */
export interface ClusterCondition {
  /** `Lease mesh/meshgate-rollouts` */
  readonly what: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** A code of the error registry; empty when all is well. */
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export class Cluster {
  readonly lock: LeaseLock;
  readonly store: ConfigMapStore;
  readonly server: string;
  readonly namespace: string;
  readonly #client: ClusterClient;
  readonly #logger: Pick<Logger, 'info' | 'warn'>;
  #readiness: PodReadiness | null = null;
  #context: ClusterContext | null = null;
  #watched: ClusterSnapshot | null = null;
  readonly #conditions = new Map<string, ClusterCondition>();

  constructor(client: ClusterClient, namespace: string, logger: Pick<Logger, 'info' | 'warn'>) {
    this.#client = client;
    this.#logger = logger;
    this.server = client.access.server;
    this.namespace = namespace;
    const place = { client, namespace, name: ROLLOUTS_NAME };
    const lease = `Lease ${namespace}/${ROLLOUTS_NAME}`;
    this.lock = new LeaseLock({ ...place, onFailure: (error) => this.#note(lease, error) });
    this.store = new ConfigMapStore({ ...place, onState: (state) => this.#noteState(state) });
  }

  get conditions(): readonly ClusterCondition[] {
    return [...this.#conditions.values()];
  }

  /**
   * Watches namespaces, nodes and owners from now on, and tells what is known of them. Resolves when all is known, at the latest after some seconds.
   */
  async watchContext(
    onChange: (cluster: ClusterSnapshot) => void,
    onOwners: (changes: readonly OwnerChange[]) => void,
  ): Promise<void> {
    this.#context ??= new ClusterContext({
      client: this.#client,
      onState: (state) => this.#noteState(state),
      onChange: (cluster) => {
        this.#watched = cluster;
        onChange(cluster);
      },
      onOwners,
    });
    await this.#context.start();
  }

  /** Watches pods when it is asked; ends with the cluster. */
  readinessOf(snapshot: () => Snapshot | null): PodReadiness {
    this.#readiness ??= new PodReadiness({
      ...{ client: this.#client, snapshot, watched: () => this.#watched },
      onState: (state) => this.#noteState(state),
      onEnd: (what) => this.#conditions.delete(what),
    });
    return this.#readiness;
  }

  async close(): Promise<void> {
    await this.#context?.stop();
    await this.#readiness?.close();
    await this.store.stop();
    await this.#client.close();
  }

  #noteState({ what, error }: ReflectorState): void {
    this.#note(what, error);
  }

  /** Told once when it begins, and once when it is over. */
  #note(what: string, error: unknown): void {
    const lastTransitionTime = new Date().toISOString();
    const before = this.#conditions.get(what);
    if (error === null) {
      this.#conditions.set(what, { what, status: 'True', reason: '', message: 'up to date', lastTransitionTime });
      if (before?.status === 'False') this.#logger.info({ what }, 'the cluster answers again');
      return;
    }
    const reason = error instanceof ClusterError ? error.code : 'CLUSTER_FAILED';
    const message = messageOf(error);
    this.#conditions.set(what, { what, status: 'False', reason, message, lastTransitionTime });
    this.#logger.warn({ what, code: reason }, `${message}; what is known stays in force`);
  }
}

/** Rejects with CLUSTER_CONFIG_INVALID. Whether the cluster answers is seen later. */
export async function openCluster(
  { kubeconfig, namespace }: ClusterOptions,
  logger: Pick<Logger, 'info' | 'warn'>,
): Promise<Cluster> {
  const access = await openAccess({ kubeconfig });
  return new Cluster(new ClusterClient(access), namespace ?? access.namespace, logger);
}
