/**
 * The workload behind a pod, told from the pod alone: what templates see as DeploymentMeta and TypeMeta.
 * Heuristics as in Istio's pkg/kube GetDeployMetaFromPod.
 */
import type { Features } from './features.ts';
import { type ObjectMeta, type OwnerReference, type StringMap, stringAt } from './pod.ts';

export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly kind: string;
  readonly apiVersion: string;
}

/** A Job that a CronJob made is called after it, a hyphen, and the scheduled time. */
const SCHEDULED_TIME = /^-\d{8,10}$/;

function label(labels: StringMap | undefined, key: string): string {
  return stringAt(labels, key) ?? '';
}

/** `web-5d4f` with the hash `5d4f` is `web`; without the hyphen nothing is cut, as in Istio. */
function withoutHash(name: string, hash: string): string | undefined {
  if (hash === '' || !name.endsWith(hash)) return undefined;
  return name.endsWith(`-${hash}`) ? name.slice(0, -hash.length - 1) : name;
}

/** The CronJob's name, or undefined. Looks at the end alone: names may be of any length before the apiserver has validated them. */
function cronJobOf(job: string): string | undefined {
  const hyphen = job.lastIndexOf('-');
  if (hyphen < 1 || !SCHEDULED_TIME.test(job.slice(hyphen, hyphen + 12))) return undefined;
  // Like Go's `.`, a name does not reach over a line break.
  const name = job.slice(job.lastIndexOf('\n', hyphen) + 1, hyphen);
  return name === '' ? undefined : name;
}

function climb(owner: OwnerReference, labels: StringMap | undefined, features: Features): Omit<Workload, 'namespace'> {
  const { apiVersion, kind, name } = owner;
  if (kind === 'ReplicaSet') {
    const deployment = withoutHash(name, label(labels, 'pod-template-hash'));
    if (deployment !== undefined) return { name: deployment, kind: 'Deployment', apiVersion };
    if (features.argoRollouts) {
      const rollout = withoutHash(name, label(labels, 'rollouts-pod-template-hash'));
      if (rollout !== undefined) return { name: rollout, kind: 'Rollout', apiVersion: 'v1alpha1' };
    }
  } else if (kind === 'ReplicationController') {
    const config = label(labels, 'deploymentconfig');
    if (config !== '') return { name: config, kind: 'DeploymentConfig', apiVersion };
  } else if (kind === 'Job') {
    const cron = cronJobOf(name);
    if (cron !== undefined) {
      return { name: cron, kind: 'CronJob', apiVersion: features.cronJobV1 ? 'batch/v1' : 'batch/v1beta1' };
    }
  }
  return { name, kind, apiVersion };
}

/** Only a pod whose name is generated is looked at further than itself. */
export function workloadOf(metadata: ObjectMeta, namespace: string, features: Features): Workload {
  const podName = metadata.name ?? '';
  const owner = metadata.generateName ? metadata.ownerReferences?.find((ref) => ref.controller === true) : undefined;
  if (owner === undefined) return { name: podName, namespace, kind: 'Pod', apiVersion: 'v1' };
  const workload = climb(owner, metadata.labels, features);
  return { ...workload, name: workload.name || podName, namespace };
}
