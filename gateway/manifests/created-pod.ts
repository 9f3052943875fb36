/**
 * The pod of a workload as its controller will create it, and the review with which the apiserver will send it: what a file's
 * workloads become in a cluster, tried beforehand.
 */
import type { PodTemplate } from '../../workers/inject/workload.ts';
import type { JsonObject } from '../../workers/template/value.ts';

/** What a pod is created in where nothing says another namespace. */
export const DEFAULT_NAMESPACE = 'default';
/** No real object has this uid. */
const UID = '00000000-0000-4000-8000-000000000000';

/** The namespace that a workload's pods are created in. */
export function namespaceOf(template: PodTemplate, fallback: string): string {
  const own = template.kind === 'Pod' ? template.metadata['namespace'] : undefined;
  return (typeof own === 'string' ? own : '') || template.namespace || fallback || DEFAULT_NAMESPACE;
}

/** The pod: its name is to be generated, and the workload controls it. A Pod is itself. */
export function createdPod(template: PodTemplate, namespace: string): JsonObject {
  const { apiVersion, kind, name, metadata, spec } = template;
  const own = kind === 'Pod' ? {} : { generateName: `${name}-`, ownerReferences: [owner(apiVersion, kind, name)] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, namespace, ...own }, spec };
}

function owner(apiVersion: string, kind: string, name: string): JsonObject {
  return { apiVersion, kind, name, uid: UID, controller: true, blockOwnerDeletion: true };
}

/** What a controller added to the metadata is taken away again. */
export function templateMetadata(template: PodTemplate, metadata: JsonObject): JsonObject {
  const result: JsonObject = { ...metadata };
  for (const key of template.kind === 'Pod' ? ['namespace'] : ['namespace', 'generateName', 'ownerReferences']) {
    const before = template.metadata[key];
    if (before === undefined) delete result[key];
    else result[key] = before;
  }
  return result;
}

/** An AdmissionReview for the creation of a pod, as the apiserver writes it. */
export function creationReview(pod: JsonObject, namespace: string): string {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const request = {
    uid: UID,
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    namespace,
    operation: 'CREATE',
    object: pod,
    dryRun: true,
  };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
}
