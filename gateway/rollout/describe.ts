/** What the admin port tells of rollouts; names are part of the API. */
import type { Mesh, Snapshot } from '../snapshot.ts';
import { type Assignment, courseOf } from './assignment.ts';
import type { ChangeToCommit } from './change.ts';
import type { Position } from './reduce.ts';
import type { Rollout } from './rollout.ts';
import {
  type ChangeCondition,
  type Condition,
  type FailedCheck,
  isPromoted,
  type Phase,
  type RolloutEvent,
  type RolloutState,
} from './state.ts';

export interface RolloutDescription {
  readonly name: string;
  readonly mesh: string;
  readonly from: string;
  readonly to: string;
  /** Of the files that it follows. */
  readonly digest: string;
  readonly phase: Phase;
  /** In percent of the mesh's workloads. */
  readonly canaryWeight: number;
  readonly steps: readonly number[];
  readonly iterations: number;
  readonly failedChecks: number;
  readonly threshold: number;
  readonly intervalMs: number;
  readonly paused: boolean;
  /** By the files. */
  readonly suspended: boolean;
  /** Whether the files' default is `from`, so that the rollout can act. */
  readonly active: boolean;
  readonly conditions: readonly (Condition | ChangeCondition)[];
  readonly failure: FailedCheck | null;
  /** What to commit, so that the files say what serves; null when they do. */
  readonly change: DescribedChange | null;
  readonly events: readonly RolloutEvent[];
}

export interface DescribedChange {
  readonly mesh: string;
  readonly field: string;
  readonly from: string;
  readonly to: string;
  /** Name of the source, where there are several. */
  readonly source: string | null;
  /** From the root of its repository; null where it is not known, as `diff`. */
  readonly file: string | null;
  readonly diff: string | null;
}

export function describeRollout(
  rollout: Rollout,
  state: RolloutState | null,
  position: Position,
  change: ChangeToCommit | null,
): RolloutDescription {
  const { name, mesh, from, to, digest, steps, threshold, intervalMs } = rollout;
  const phase = state?.phase ?? 'Initializing';
  const drifts = isPromoted(phase) && position === 'from';
  return {
    name,
    mesh,
    from,
    to,
    digest,
    phase,
    canaryWeight: state?.weight ?? 0,
    steps,
    iterations: state?.iterations ?? 0,
    failedChecks: state?.failedChecks ?? 0,
    threshold,
    intervalMs,
    paused: state?.paused ?? false,
    suspended: rollout.suspend,
    active: position === 'from',
    conditions:
      state === null ? [] : [state.condition, ...(state.opening === undefined ? [] : [state.opening.condition])],
    failure: state?.failure ?? null,
    change: drifts ? { mesh, field: 'spec.defaultRevision', from, to, ...placeOf(change) } : null,
    events: state?.events ?? [],
  };
}

function placeOf(change: ChangeToCommit | null): Pick<DescribedChange, 'source' | 'file' | 'diff'> {
  return { source: change?.source ?? null, file: change?.file ?? null, diff: change?.diff ?? null };
}

export interface MeshWeights {
  readonly mesh: string;
  /** What the files say. */
  readonly defaultRevision: string;
  /** What serves pods that ask for nothing and are in no cohort. */
  readonly effectiveDefault: string;
  /** Revision → percent of the workloads that ask for nothing. */
  readonly weights: Readonly<Record<string, number>>;
}

export function describeWeights(snapshot: Snapshot | null, assignments: readonly Assignment[]): readonly MeshWeights[] {
  return snapshot === null ? [] : [...snapshot.meshes.values()].map((mesh) => weightsOf(snapshot, mesh, assignments));
}

function weightsOf(snapshot: Snapshot, mesh: Mesh, assignments: readonly Assignment[]): MeshWeights {
  const { mesh: effective, canary } = courseOf(snapshot, mesh, assignments);
  const effectiveDefault = effective.defaultRevision;
  const weights: Record<string, number> = Object.create(null);
  weights[effectiveDefault] = 100 - (canary?.cohort.weight ?? 0);
  if (canary !== null) weights[canary.revision.name] = canary.cohort.weight;
  return { mesh: mesh.name, defaultRevision: mesh.defaultRevision, effectiveDefault, weights };
}
