/**
 * What `/api/v1/status` tells: the whole state of the gateway, read-only, without the texts of revisions.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { PoolStats } from '../pool/pool-stats.ts';
import type { Readiness } from '../server/readiness.ts';
import type { Mesh, Snapshot, SourceReport, SourceStatus } from '../snapshot.ts';

export interface StatusInputs {
  readonly version: string;
  readonly startedAt: Date;
  readonly snapshot: Snapshot | null;
  readonly source: SourceStatus;
  readonly pool: PoolStats;
  readonly readiness: Readiness;
  readonly connections: number;
  /** Null: none is watched. */
  readonly cluster: Pick<Cluster, 'server' | 'namespace' | 'conditions'> | null;
}

/** A plain object for JSON; names are part of the API. */
export function describeStatus(inputs: StatusInputs): object {
  const { snapshot, source } = inputs;
  return {
    version: inputs.version,
    node: process.version,
    startedAt: inputs.startedAt.toISOString(),
    ready: inputs.readiness.ready,
    checks: inputs.readiness.checks,
    snapshot:
      snapshot === null
        ? null
        : {
            revision: snapshot.revision,
            loadedAt: snapshot.loadedAt.toISOString(),
            meshes: [...snapshot.meshes.values()].map(describeMesh),
            clusters: [...snapshot.clusters.values()].map((cluster) => ({
              name: cluster.name,
              namespaces: cluster.namespaces.size,
              owners: cluster.owners.size,
              nodes: cluster.nodes.length,
            })),
          },
    source: {
      serving: source.serving,
      fromState: source.fromState,
      observed: source.observed,
      lastAttemptAt: source.lastAttemptAt?.toISOString() ?? null,
      lastSuccessAt: source.lastSuccessAt?.toISOString() ?? null,
      problems: source.problems,
      warnings: source.warnings ?? [],
      held: source.held ?? null,
    },
    sources: (source.sources ?? []).map(describeSource),
    cluster: inputs.cluster === null ? null : describeCluster(inputs.cluster),
    pool: describePool(inputs.pool),
    connections: inputs.connections,
  };
}

function describeCluster({ server, namespace, conditions }: NonNullable<StatusInputs['cluster']>): object {
  return { server, namespace, conditions };
}

function describePool({ meshes, quarantine, lagMs, ...pool }: PoolStats): object {
  return {
    ...pool,
    lagMs: round(lagMs),
    meshes: meshes.map((each) => ({ ...each, waitMs: round(each.waitMs) })),
    quarantine: quarantine.map(({ atMs, untilMs, ...workload }) => ({
      ...workload,
      at: new Date(atMs).toISOString(),
      until: new Date(untilMs).toISOString(),
    })),
  };
}

/** One source as `/api/v1/sources` tells it. */
export function describeSource(source: SourceReport): object {
  return {
    ...source,
    lastAttemptAt: source.lastAttemptAt?.toISOString() ?? null,
    conditions: source.conditions.map((condition) => ({
      ...condition,
      lastTransitionTime: condition.lastTransitionTime.toISOString(),
    })),
  };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function describeMesh(mesh: Mesh): object {
  return {
    name: mesh.name,
    provider: mesh.provider,
    paths: [`/inject/mesh/${mesh.name}`, ...mesh.paths],
    defaultRevision: mesh.defaultRevision,
    tags: Object.fromEntries(mesh.tags),
    onError: mesh.onError,
    share: mesh.share,
    cluster: mesh.cluster,
    revisions: [...mesh.revisions.values()].map(({ name, digest }) => ({ name, digest })),
  };
}
