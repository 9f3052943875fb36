/** The Istio provider: an admission request in, a decision with a proven patch out. */
import { diff } from '../../jsonpatch/diff.ts';
import { provePatch } from '../../jsonpatch/prove.ts';
import type { PatchProver } from '../../jsonpatch/prover.ts';
import { normalizePod, TypedPodError } from '../../kube/typed-pod.ts';
import type { IstioRevisionSpec, RevisionSource } from '../../protocol.ts';
import type { JsonObject } from '../../template/value.ts';
import { graft } from '../graft.ts';
import type { CompiledRevision, CompileOptions, InjectDecision, InjectRequest } from '../provider.ts';
import { Denial, REASONS } from '../reason.ts';
import { whySkipped } from './decide.ts';
import { injectPod, type Surroundings } from './inject-pod.ts';
import { useNativeSidecars } from './native-sidecars.ts';
import { DEFAULT_IDS, proxyIds, withoutSharedUid } from './openshift.ts';
import { DEPLOYMENT_CONFIG, isDeploymentConfig, withoutDeploymentConfig, workloadOf } from './owner.ts';
import { type ObjectMeta, type Pod, stringAt } from './pod.ts';
import { reinject } from './reinject.ts';
import { compileIstio, type IstioRevision } from './revision.ts';
import { decodeStatus } from './status.ts';
import { envOfParams } from './url-env.ts';

/** Compiles a revision of an Istio mesh. Throws CompileError with all problems. */
export function compileIstioRevision(
  source: RevisionSource,
  spec: IstioRevisionSpec,
  options: CompileOptions = {},
): CompiledRevision {
  const revision = compileIstio(spec, 'webhook', options);
  const { release, warnings } = revision;
  return { source, release, warnings, inject: (request) => decide(revision, request) };
}

function decide(revision: IstioRevision, request: InjectRequest): InjectDecision {
  try {
    return inject(revision, request);
  } catch (error) {
    if (error instanceof Denial) return { kind: 'denied', code: error.code, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', code: 'INTERNAL', message: `${REASONS.INTERNAL.sentence}: ${message}` };
  }
}

/** The pod as Go's types see it. Throws Denial POD_MALFORMED. */
function typedPod(object: JsonObject): Pod {
  try {
    return normalizePod(object) as Pod;
  } catch (error) {
    if (error instanceof TypedPodError) throw new Denial('POD_MALFORMED', error.message);
    throw error;
  }
}

/** With the namespace that the pod will be in, and without the apiserver's own records, which may be large. */
function metadataIn(namespace: string, metadata: ObjectMeta): ObjectMeta {
  const { managedFields: _, ...rest } = metadata;
  rest.namespace = namespace;
  return rest;
}

function inject(revision: IstioRevision, request: InjectRequest): InjectDecision {
  const typed = typedPod(request.object);
  const namespace = typed.metadata.namespace ?? request.namespace;
  const skip = whySkipped(typed.spec, typed.metadata, namespace, revision.selection, revision.features);
  const { watch } = request;
  if (skip !== null) {
    watch?.vouch();
    return { kind: 'skipped', reason: skip };
  }

  let pod: Pod = { ...typed, metadata: metadataIn(namespace, typed.metadata) };
  if (revision.openShift) pod = withoutSharedUid(pod, revision.features);
  const workload = workloadOf(pod.metadata, namespace, revision.features);
  const hidden = revision.features.hideDeploymentConfigLabel && isDeploymentConfig(workload);
  if (hidden) pod = { ...pod, metadata: withoutDeploymentConfig(pod.metadata) };
  const surroundings: Surroundings = {
    workload,
    env: envOfParams(request.params),
    ids: revision.openShift ? proxyIds(request.cluster.namespace) : DEFAULT_IDS,
    nativeSidecars: useNativeSidecars(revision.nativeSidecars, request.cluster, pod.spec.nodeName),
    ...(watch === undefined ? {} : { watch }),
  };
  const status = decodeStatus(pod.metadata.annotations);
  // An injected pod is compared with itself. A pod that nobody controls is its own workload, and is known by its name.
  if (status === undefined && workload.kind !== 'Pod' && workload.name !== '') watch?.vouch();
  const again = status === undefined ? undefined : reinject(revision, pod, status, surroundings);
  if (again?.kind === 'unchanged') return { kind: 'skipped', reason: 'ALREADY_INJECTED' };
  const injected = again?.kind === 'changed' ? again.pod : injectPod(revision, pod, surroundings);
  const decision = patched(revision.prover, request.object, typed, asSent(typed, namespace, injected, hidden));
  const same = status !== undefined && decision.kind === 'patched' && decision.patch.length === 0;
  return same ? { kind: 'skipped', reason: 'ALREADY_INJECTED' } : decision;
}

/** The patch that makes the injected pod out of the request's object. */
function patched(prover: PatchProver, object: JsonObject, typed: Pod, injected: Pod): InjectDecision {
  const result = graft(object, typed, injected) as JsonObject;
  const patch = diff(object, result);
  if (!prover.prove(object, patch, () => provePatch(object, result, patch))) {
    return { kind: 'failed', code: 'PATCH_UNPROVED', message: REASONS.PATCH_UNPROVED.sentence };
  }
  return { kind: 'patched', patch };
}

/** The injected pod with what `metadataIn` took away, and without what it added. `hidden`: label deploymentconfig went too. */
function asSent(typed: Pod, namespace: string, injected: Pod, hidden: boolean): Pod {
  const metadata: ObjectMeta = { ...injected.metadata };
  if (typed.metadata.namespace === undefined && metadata.namespace === namespace) delete metadata.namespace;
  const { managedFields } = typed.metadata;
  if (managedFields !== undefined) metadata.managedFields = managedFields;
  const config = hidden ? stringAt(typed.metadata.labels, DEPLOYMENT_CONFIG) : undefined;
  if (config !== undefined) metadata.labels = { ...metadata.labels, [DEPLOYMENT_CONFIG]: config };
  return { ...injected, metadata };
}
