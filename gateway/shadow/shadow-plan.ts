/** What a shadow asks under one snapshot. Pure. */
import type { CompileSource, InjectTask } from '../../workers/protocol.ts';
import { findRevision } from '../routing/revision-choice.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ShadowSpec } from './shadow-spec.ts';

export interface ShadowPlan {
  /** Changes with everything that decides about the answers: what was found before says nothing about what comes after. */
  readonly key: string;
  /** Revision whose answers are compared; null: any. */
  readonly from: string | null;
  /** Revision that is tried; null: none. */
  readonly to: string | null;
  readonly inject: Pick<InjectTask, 'revision' | 'policies'> | null;
  readonly sources: readonly CompileSource[];
}

/** Or what the snapshot lacks. */
export type Planned =
  | { readonly ok: true; readonly plan: ShadowPlan }
  | { readonly ok: false; readonly message: string };

export function planShadow(spec: ShadowSpec, snapshot: Snapshot): Planned {
  const mesh = snapshot.meshes.get(spec.mesh);
  if (mesh === undefined) return { ok: false, message: `There is no mesh ${JSON.stringify(spec.mesh)}.` };
  const from = spec.from === null ? null : findRevision(mesh, spec.from);
  const to = spec.to === null ? null : findRevision(mesh, spec.to);
  if (from === undefined || to === undefined) {
    const name = from === undefined ? spec.from : spec.to;
    return { ok: false, message: `Mesh ${spec.mesh} has no revision and no tag ${JSON.stringify(name)}.` };
  }
  const { policies } = snapshot;
  const key = JSON.stringify([spec.name, from?.digest, to?.digest, policies?.digest]);
  const inject =
    to === null ? null : { revision: to.digest, ...(policies === null ? {} : { policies: policies.digest }) };
  const sources: readonly CompileSource[] = [...(to === null ? [] : [to]), ...(policies === null ? [] : [policies])];
  return { ok: true, plan: { key, from: from?.name ?? null, to: to?.name ?? null, inject, sources } };
}
