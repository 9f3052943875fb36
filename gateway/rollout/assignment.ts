/**
 * What the rollout controller tells those who route: how far each rollout is. It is little, so that it reaches every listening process
 * at once; the rest a router knows from its snapshot.
 */
import type { RevisionSource } from '../../workers/protocol.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';
import { Cohort } from './cohort.ts';

export interface Assignment {
  readonly rollout: string;
  /** Of the rollout that this is about; it says nothing about one with another digest. */
  readonly digest: string;
  /** In percent. */
  readonly weight: number;
  /** The rollout's `to` is the default of its mesh. */
  readonly promoted: boolean;
}

/** A revision that a part of the workloads gets. */
export interface Canary {
  readonly cohort: Cohort;
  readonly revision: RevisionSource;
}

/** A mesh on its way: what its pods get that ask for no revision. */
export interface Course {
  /** With the default revision that serves, which may not be what the files say. */
  readonly mesh: Mesh;
  readonly canary: Canary | null;
}

/** The course of a mesh: as its files say, unless a rollout leaves its default revision and has come somewhere. */
export function courseOf(snapshot: Snapshot, mesh: Mesh, assignments: readonly Assignment[]): Course {
  for (const { rollout: name, digest, weight, promoted } of assignments) {
    const rollout = snapshot.rollouts?.get(name);
    if (rollout === undefined || rollout.digest !== digest) continue;
    if (rollout.mesh !== mesh.name || rollout.from !== mesh.defaultRevision) continue;
    const revision = mesh.revisions.get(rollout.to);
    if (revision === undefined) continue;
    if (promoted) return { mesh: { ...mesh, defaultRevision: rollout.to }, canary: null };
    if (weight > 0) return { mesh, canary: { cohort: new Cohort(rollout, weight), revision } };
  }
  return { mesh, canary: null };
}
