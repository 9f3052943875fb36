/** The workload behind a pod, as a template mesh's `.Owner` tells it. */
import { deploymentOf, POD_TEMPLATE_HASH } from '../../kube/replica-set.ts';
import type { ClusterContext, OwnerRecord } from '../../protocol.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { memberOf, objectsOf, textOf } from './members.ts';

export interface Owner {
  readonly kind: string;
  readonly name: string;
}

/** A Job belongs to a CronJob, that to something else at most: nothing real climbs further. */
const MAX_CLIMB = 4;

interface Reference {
  readonly kind: string;
  readonly name: string;
}

/**
 * Climbs from the managing owner (or the only one) through the owners that the cluster knows. Where a ReplicaSet is not among them, its
 * Deployment is told from its name less the pod's `pod-template-hash`. A pod that nobody owns is its own owner, under its name
 * or, before it has one, its generateName without the hyphen.
 */
export function ownerOf(metadata: JsonValue | undefined, namespace: string, cluster: ClusterContext): Owner {
  let owner: Reference | undefined = managingOwner(objectsOf(metadata, 'ownerReferences'));
  if (owner === undefined) return { kind: 'Pod', name: podName(metadata) };
  for (let climbed = 0; climbed < MAX_CLIMB; climbed += 1) {
    const key: string = `${owner.kind}/${namespace}/${owner.name}`;
    const record: OwnerRecord | undefined = Object.hasOwn(cluster.owners, key) ? cluster.owners[key] : undefined;
    if (record === undefined) return cluster.ownersKnown === true ? owner : (byName(owner, metadata) ?? owner);
    const references: OwnerRecord['ownerReferences'] = record.ownerReferences;
    const parent: Reference | undefined =
      references.find(({ controller }) => controller === true) ?? (references.length === 1 ? references[0] : undefined);
    if (parent === undefined) return { kind: owner.kind, name: owner.name };
    owner = { kind: parent.kind, name: parent.name };
  }
  return owner;
}

function managingOwner(references: readonly JsonObject[]): Reference | undefined {
  const reference =
    references.find((each) => memberOf(each, 'controller') === true) ??
    (references.length === 1 ? references[0] : undefined);
  const kind = textOf(reference, 'kind');
  const name = textOf(reference, 'name');
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

function byName({ kind, name }: Reference, metadata: JsonValue | undefined): Owner | undefined {
  const hash = textOf(memberOf(metadata, 'labels'), POD_TEMPLATE_HASH);
  const deployment = kind === 'ReplicaSet' ? deploymentOf(name, hash) : undefined;
  return deployment === undefined ? undefined : { kind: 'Deployment', name: deployment };
}

function podName(metadata: JsonValue | undefined): string {
  return textOf(metadata, 'name') || (textOf(metadata, 'generateName') ?? '').replace(/-$/, '');
}
