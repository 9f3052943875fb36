/** Who a review is about, for counting and for examples. */
import { isJsonObject, type JsonObject } from '../../workers/template/value.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../manifests/objects.ts';
import type { Subject } from './value-pattern.ts';

/**
 * The subject of a pod that is to be created. Its workload is its controller; a ReplicaSet's is the Deployment whose name is left
 * without the pod-template-hash.
 */
export function subjectOf(pod: JsonObject, requestNamespace: string): Subject {
  const metadata = objectAt(pod, 'metadata');
  const namespace = textAt(metadata, 'namespace') || requestNamespace;
  const generated = textAt(metadata, 'generateName').replace(/-$/, '');
  const name = textAt(metadata, 'name') || generated;
  const owners = objectsAt(metadata, 'ownerReferences');
  const owner = textAt(owners.find(({ controller }) => controller === true) ?? owners[0] ?? {}, 'name');
  const hash = textsAt(metadata, 'labels')['pod-template-hash'] ?? '';
  const deployment = hash !== '' && owner.endsWith(`-${hash}`) ? owner.slice(0, -hash.length - 1) : '';
  const workload = deployment || owner || generated || name;
  const spec = objectAt(pod, 'spec');
  const containers = ['initContainers', 'containers'].flatMap((list) => objectsAt(spec, list));
  return {
    name: `${namespace}/${workload}`,
    namespace,
    workload: `${namespace}/${workload}`,
    names: {
      // Of equal names the first counts, so that pods of all kinds of workloads have one pattern.
      workload: [workload],
      owner: [owner, generated],
      pod: [name],
      namespace: [namespace],
      container: containers.map((container) => textAt(container, 'name')),
    },
  };
}

/** The object of a review (JSON); {} where it has none. */
export function objectOfReview(review: string): { readonly object: JsonObject; readonly namespace: string } {
  const parsed: unknown = JSON.parse(review);
  const request = objectAt(isJsonObject(parsed as JsonObject) ? (parsed as JsonObject) : {}, 'request');
  return { object: objectAt(request, 'object'), namespace: textAt(request, 'namespace') };
}
