/** From a Mesh document and its resolved revisions to what serves. */
import type { RevisionSource } from '../../workers/protocol.ts';
import { parseDuration } from '../config/duration.ts';
import { defaultRevisionLabel } from '../routing/revision-choice.ts';
import type { Mesh, Problem } from '../snapshot.ts';

import type { MeshSpec } from './kinds.ts';
import { fieldProblem } from './policy-file.ts';
import type { Placed } from './policy-set.ts';

const DEFAULT_DEADLINE_RESERVE_MS = 50;
const DEFAULT_SHARE = 1;
/** More would leave nothing of the shortest timeouts. */
const MAX_DEADLINE_RESERVE_MS = 10_000;

/** What of a mesh its revisions follow. */
export function revisionSettings(spec: MeshSpec | undefined): Pick<Mesh, 'nativeSidecars' | 'vcluster'> {
  return { nativeSidecars: spec?.nativeSidecars ?? 'Auto', vcluster: spec?.vcluster ?? 'Skip' };
}

/** Fills in defaults; `revisions` holds all of the mesh's. */
export function buildMesh(
  { file, document }: Placed<'Mesh'>,
  revisions: ReadonlyMap<string, RevisionSource>,
  prefix: string,
): { mesh: Mesh; problems: readonly Problem[] } {
  const { name, spec } = document;
  const deadlineReserveMs =
    spec.deadlineReserve === undefined ? DEFAULT_DEADLINE_RESERVE_MS : (parseDuration(spec.deadlineReserve) ?? 0);
  const problems: Problem[] = [];
  if (deadlineReserveMs > MAX_DEADLINE_RESERVE_MS) {
    const message = `spec.deadlineReserve ${spec.deadlineReserve} is more than ${MAX_DEADLINE_RESERVE_MS / 1_000}s`;
    problems.push(fieldProblem('FIELD_INVALID', prefix + file, document, ['spec', 'deadlineReserve'], message));
  }
  const mesh: Mesh = {
    name,
    provider: spec.provider,
    paths: spec.paths ?? [],
    defaultRevision: spec.defaultRevision,
    tags: new Map(Object.entries(spec.tags ?? {})),
    revisionLabel: spec.revisionLabel ?? defaultRevisionLabel(spec.provider),
    unknownRevision: spec.unknownRevision ?? 'Default',
    onError: spec.onError ?? 'Fail',
    ignoredNamespaces: spec.ignoredNamespaces ?? [],
    deadlineReserveMs,
    share: spec.share ?? DEFAULT_SHARE,
    ...revisionSettings(spec),
    cluster: spec.cluster ?? null,
    revisions,
  };
  return { mesh, problems };
}
