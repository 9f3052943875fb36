/** A mesh of one Istio revision that no policy source tells about: one given as files, or a recorded one. */
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import type { IstioRevisionSpec, RevisionSource } from '../../workers/protocol.ts';
import type { Destination } from '../manifests/trial.ts';
import type { Mesh } from '../snapshot.ts';
import { DEFAULT_REVISION } from './configuration.ts';

/** Where reviews for the revision go; nothing is known of a cluster. `compile` may throw CompileError. */
export function istioDestination(
  spec: IstioRevisionSpec,
  compile: (source: RevisionSource) => CompiledRevision,
): Destination {
  const source: RevisionSource = { digest: 'files', mesh: '', name: spec.revision, spec };
  const mesh: Mesh = {
    name: '',
    provider: 'istio',
    paths: [],
    // Pods that name no revision come to the one of that name alone.
    defaultRevision: DEFAULT_REVISION,
    tags: new Map(),
    onError: 'Fail',
    ignoredNamespaces: [],
    deadlineReserveMs: 0,
    share: 1,
    revisionLabel: 'istio.io/rev',
    unknownRevision: 'Default',
    vcluster: 'Allow',
    nativeSidecars: spec.nativeSidecars,
    cluster: null,
    revisions: new Map([[source.name, source]]),
  };
  return { mesh, revision: compile(source), params: {}, cluster: null };
}
