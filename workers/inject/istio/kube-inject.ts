/**
 * Injection of whole resources before they reach a cluster, as `istioctl kube-inject` does it. It differs from the webhook: the
 * revision `default` is written "" for templates (the status says "default"), the template is always `sidecar`, the policy enabled
 * without selectors, aliases and injectedAnnotations do not act, the workload is the resource itself, and the cluster's own
 * namespaces count only where the pod template names one.
 */
import { isDeepStrictEqual } from 'node:util';
import { normalizePod, TypedPodError } from '../../kube/typed-pod.ts';
import { typedWorkload } from '../../kube/typed-workload.ts';
import type { ClusterContext, IstioRevisionSpec } from '../../protocol.ts';
import type { JsonObject } from '../../template/value.ts';
import { graft } from '../graft.ts';
import { Denial, REASONS, type SkipCode } from '../reason.ts';
import {
  namedOutcome,
  type PodTemplate,
  podTemplateOf,
  type ResourceOutcome,
  transformWorkloads,
} from '../workload.ts';
import { type Selection, whySkipped } from './decide.ts';
import { injectPod, type Surroundings } from './inject-pod.ts';
import { REVISION } from './names.ts';
import { useNativeSidecars } from './native-sidecars.ts';
import { DEFAULT_IDS, proxyIds, withoutSharedUid } from './openshift.ts';
import { type Workload, workloadOf } from './owner.ts';
import { type ObjectMeta, type Pod, stringAt } from './pod.ts';
import { isComplete, reinject } from './reinject.ts';
import { compileIstio, type IstioRevision } from './revision.ts';
import { decodeStatus, type InjectionStatus } from './status.ts';
import { uninject } from './uninject.ts';

const SIDECAR_TEMPLATE = 'sidecar';
const DEFAULT_REVISION = 'default';
const ALWAYS: Selection = { policy: 'enabled', neverInject: [], alwaysInject: [] };

/** What is known about the cluster for the pods of a namespace ('' where neither pod nor resource names one). */
export type ClusterLookup = (namespace: string) => ClusterContext;

/** Compiles a revision for whole resources. Throws CompileError. */
export function compileKubeInject(spec: IstioRevisionSpec): IstioRevision {
  const name = spec.revision === DEFAULT_REVISION ? '' : spec.revision;
  const revision = compileIstio({ ...spec, revision: name }, 'kube-inject');
  return {
    ...revision,
    selection: ALWAYS,
    choice: { defaultTemplates: [SIDECAR_TEMPLATE], aliases: new Map() },
    post: { ...revision.post, injectedAnnotations: {} },
  };
}

/**
 * Injects a workload, or every workload of a List. The resource is not changed. A workload that was injected before is taken back to
 * what it was first, so that injecting again changes nothing but what the configuration has changed. Refusals have the codes of
 * the webhook's denials.
 */
export function injectResource(
  revision: IstioRevision,
  resource: JsonObject,
  clusterOf: ClusterLookup,
): ResourceOutcome {
  return transformWorkloads(resource, (workload) => injectWorkload(revision, workload, clusterOf));
}

/** istioctl takes the metadata of a CronJob's pods from the job template, one level above. */
function metadataPath(kind: string): readonly string[] | undefined {
  return kind === 'CronJob' ? ['spec', 'jobTemplate', 'metadata'] : undefined;
}

function injectWorkload(revision: IstioRevision, resource: JsonObject, clusterOf: ClusterLookup): ResourceOutcome {
  const template = podTemplateOf(resource, metadataPath);
  if (template === null) return { kind: 'untouched', skipped: [] };
  try {
    return injectTemplate(revision, template, clusterOf);
  } catch (error) {
    if (!(error instanceof Denial)) throw error;
    return { kind: 'denied', denied: [namedOutcome(template, error.code, error.message)], skipped: [] };
  }
}

/** Throws Denial. */
function injectTemplate(revision: IstioRevision, template: PodTemplate, clusterOf: ClusterLookup): ResourceOutcome {
  const raw: JsonObject = { metadata: template.metadata, spec: template.spec };
  const typed = typedPod(raw);
  const { metadata, spec } = typed;
  const reason = whySkipped(spec, metadata, metadata.namespace ?? '', revision.selection, revision.features);
  if (reason !== null) return untouched(template, reason);
  const cluster = clusterOf(metadata.namespace || template.namespace);
  const injected = graft(raw, typed, injectedPod(revision, template, typed, cluster)) as Pod;
  if (isDeepStrictEqual(injected, raw)) return untouched(template, 'ALREADY_INJECTED');
  // istioctl writes the resource as Go's types do.
  const changed = typedWorkload(template.with(injected.metadata, injected.spec));
  return { kind: 'changed', resource: changed, skipped: [] };
}

function untouched(template: PodTemplate, code: SkipCode): ResourceOutcome {
  return { kind: 'untouched', skipped: [namedOutcome(template, code, REASONS[code].sentence)] };
}

function typedPod(raw: JsonObject): Pod {
  try {
    return normalizePod(raw) as Pod;
  } catch (error) {
    if (error instanceof TypedPodError) throw new Denial('POD_MALFORMED', error.message);
    throw error;
  }
}

function injectedPod(revision: IstioRevision, template: PodTemplate, typed: Pod, cluster: ClusterContext): Pod {
  const { features, openShift, post } = revision;
  const surroundings: Surroundings = {
    workload: workloadOfTemplate(template, typed, revision),
    env: new Map(),
    ids: openShift ? proxyIds(cluster.namespace) : DEFAULT_IDS,
    nativeSidecars: useNativeSidecars(revision.nativeSidecars, cluster, typed.spec.nodeName),
  };
  const inject = (pod: Pod) => injectPod(revision, openShift ? withoutSharedUid(pod, features) : pod, surroundings);
  const status = decodeStatus(typed.metadata.annotations);
  if (status === undefined) return inject(typed);
  // The webhook leaves such a pod as it is; a file is injected again so that it follows what the configuration is now.
  if (isMarked(typed, status)) return inject(typedPod(uninject(typed, status, post.metrics.statusPort, features)));
  const again = reinject(revision, typed, status, surroundings);
  if (again.kind === 'unchanged') return typed;
  return again.kind === 'changed' ? again.pod : inject(typed);
}

/** Whether an injector finished the pod and its templates say so too. */
function isMarked(pod: Pod, status: InjectionStatus): boolean {
  return isComplete(pod.spec, status) && stringAt(pod.metadata.annotations, REVISION) === status.revision;
}

function workloadOfTemplate(template: PodTemplate, pod: Pod, { features }: IstioRevision): Workload {
  const { kind, apiVersion, name, namespace, ownMetadata } = template;
  if (kind === 'Pod' && features.kubeInjectPodOwner) {
    return workloadOf(pod.metadata, pod.metadata.namespace ?? '', features);
  }
  const workload = { kind, apiVersion, name, namespace };
  return features.wholeDeploymentMeta ? { ...workload, metadata: ownMetadata as ObjectMeta } : workload;
}
