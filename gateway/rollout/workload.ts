/**
 * The workload that a pod belongs to, as a gateway can tell it: what made the pod, and what made that, up to the top. Two pods of one
 * workload give the same, whichever ReplicaSet or Job they come from, so that a pod that is created again is told the same too.
 */
import type { OwnerRecord } from '../../workers/protocol.ts';
import type { PodMetadata } from './pod-metadata.ts';

/** How far owners are followed. */
const DEPTH_LIMIT = 5;
/** A CronJob's Job ends in a hyphen and the scheduled time, in minutes or, from old controllers, in seconds. */
const SCHEDULED_TIME = /^(.+)-\d{8,10}$/;

export interface Workload {
  readonly kind: string;
  readonly name: string;
  /** Whether it is a pod without owner, told by its own name: the next one may have another. */
  readonly byPodName: boolean;
}

/** Looks up an owner of the pod's namespace where the cluster's are known. */
export type FindOwner = (kind: string, name: string) => OwnerRecord | undefined;

type Owner = OwnerRecord['ownerReferences'][number];

/** The top owner; a pod without owner is its own workload, by `generateName` where it has one. */
export function workloadOf(pod: PodMetadata, find: FindOwner): Workload {
  let owner = controllerOf(pod.ownerReferences);
  if (owner === undefined) {
    const { name, generateName } = pod;
    return generateName === ''
      ? { kind: 'Pod', name, byPodName: true }
      : { kind: 'Pod', name: generateName, byPodName: false };
  }
  for (let depth = 0; depth < DEPTH_LIMIT; depth++) {
    const above: Owner | undefined = controllerOf(find(owner.kind, owner.name)?.ownerReferences ?? []);
    if (above === undefined) break;
    owner = above;
  }
  return { ...byName(owner, pod.labels), byPodName: false };
}

/** What Kubernetes' controllers put into names says who made a ReplicaSet or Job that is not known. */
function byName(
  { kind, name }: Pick<Owner, 'kind' | 'name'>,
  labels: PodMetadata['labels'],
): Omit<Workload, 'byPodName'> {
  if (kind === 'ReplicaSet') {
    const deployment = withoutHash(name, labels['pod-template-hash']);
    if (deployment !== null) return { kind: 'Deployment', name: deployment };
    const rollout = withoutHash(name, labels['rollouts-pod-template-hash']);
    if (rollout !== null) return { kind: 'Rollout', name: rollout };
  }
  if (kind === 'ReplicationController') {
    const config = labels['deploymentconfig'];
    if (config !== undefined && config !== '') return { kind: 'DeploymentConfig', name: config };
  }
  if (kind === 'Job') {
    const cronJob = SCHEDULED_TIME.exec(name)?.[1];
    if (cronJob !== undefined) return { kind: 'CronJob', name: cronJob };
  }
  return { kind, name };
}

function withoutHash(name: string, hash: string | undefined): string | null {
  if (hash === undefined || hash === '' || !name.endsWith(`-${hash}`)) return null;
  const stem = name.slice(0, -hash.length - 1);
  return stem === '' ? null : stem;
}

/** The managing owner; the first one where none says so. */
function controllerOf(owners: readonly Owner[]): Owner | undefined {
  return owners.find(({ controller }) => controller === true) ?? owners[0];
}
