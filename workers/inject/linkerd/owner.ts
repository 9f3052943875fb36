/**
 * Who owns a pod, as Linkerd finds out (controller/k8s GetOwnerKindAndName): no owner or several mean the pod itself; a ReplicaSet
 * climbs to what controls it when that is one of Kubernetes' own kinds; a Job climbs to its single owner.
 */
import { deploymentOf, POD_TEMPLATE_HASH } from '../../kube/replica-set.ts';
import type { ClusterContext } from '../../protocol.ts';
import { type ObjectMeta, stringAt } from '../istio/pod.ts';

export interface Owner {
  /** Lower case. */
  readonly kind: string;
  readonly name: string;
}

const REPLICA_SET_PARENTS: ReadonlySet<string> = new Set(['job', 'statefulset', 'daemonset', 'deployment']);

/**
 * Without a record of the ReplicaSet in `cluster`, a Deployment is told from the ReplicaSet's name less the pod's
 * pod-template-hash; a Job without a record is taken as it is.
 */
export function findOwner(metadata: ObjectMeta, namespace: string, cluster: ClusterContext): Owner {
  const owners = metadata.ownerReferences ?? [];
  const [owner] = owners;
  if (owner === undefined || owners.length > 1) return { kind: 'pod', name: metadata.name ?? '' };
  const itself = { kind: (owner.kind ?? '').toLowerCase(), name: owner.name ?? '' };
  if (owner.kind !== 'Job' && owner.kind !== 'ReplicaSet') return itself;
  const key = `${owner.kind}/${namespace}/${owner.name}`;
  const record = Object.hasOwn(cluster.owners, key) ? cluster.owners[key] : undefined;
  if (record === undefined) {
    if (owner.kind !== 'ReplicaSet' || cluster.ownersKnown === true) return itself;
    const deployment = deploymentOf(owner.name, stringAt(metadata.labels, POD_TEMPLATE_HASH));
    return deployment === undefined ? itself : { kind: 'deployment', name: deployment };
  }
  const [parent] = record.ownerReferences;
  if (parent === undefined || record.ownerReferences.length > 1) return itself;
  const kind = parent.kind.toLowerCase();
  if (owner.kind === 'ReplicaSet' && !REPLICA_SET_PARENTS.has(kind)) return itself;
  return { kind, name: parent.name };
}
