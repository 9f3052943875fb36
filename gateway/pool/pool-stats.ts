/**
 * What the pool tells of itself, for metrics and status; plain data, because it also crosses between processes.
 */
import type { QuarantineEntry } from './quarantine.ts';
import type { SlotState } from './worker-slot.ts';

export interface PoolStats {
  readonly workers: readonly SlotState[];
  readonly queued: number;
  readonly inFlight: number;
  readonly workersLost: number;
  /** How far the event loop is behind. */
  readonly lagMs: number;
  /** Meshes that have had reviews. */
  readonly meshes: readonly MeshQueue[];
  readonly quarantine: readonly QuarantineEntry[];
}

export interface MeshQueue {
  readonly mesh: string;
  readonly queued: number;
  /** What a review that comes now is thought to wait. */
  readonly waitMs: number;
}

/** The stats of several pools as of one: sums, and the worst of the waits. */
export function addPoolStats(all: readonly PoolStats[]): PoolStats {
  const sum = (read: (stats: PoolStats) => number): number => all.reduce((total, stats) => total + read(stats), 0);
  const meshes = new Map<string, MeshQueue>();
  for (const { mesh, queued, waitMs } of all.flatMap((stats) => stats.meshes)) {
    const before = meshes.get(mesh);
    meshes.set(mesh, {
      mesh,
      queued: queued + (before?.queued ?? 0),
      waitMs: Math.max(waitMs, before?.waitMs ?? 0),
    });
  }
  return {
    workers: all.flatMap(({ workers }) => workers),
    queued: sum(({ queued }) => queued),
    inFlight: sum(({ inFlight }) => inFlight),
    workersLost: sum(({ workersLost }) => workersLost),
    lagMs: Math.max(0, ...all.map(({ lagMs }) => lagMs)),
    meshes: [...meshes.values()],
    quarantine: all.flatMap(({ quarantine }) => quarantine),
  };
}
