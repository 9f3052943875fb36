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
  /** All of the metadata that templates of the release see under the workload's name; absent where they see name and namespace. */
  readonly metadata?: ObjectMeta;
}

/** The label by which OpenShift's DeploymentConfig is told. */
export const DEPLOYMENT_CONFIG = 'deploymentconfig';

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

type Climbed = Pick<Workload, 'name' | 'kind' | 'apiVersion'>;

function climb(owner: OwnerReference, labels: StringMap | undefined, features: Features): Climbed {
  const { apiVersion, kind, name } = owner;
  if (kind === 'ReplicaSet') {
    const deployment = withoutHash(name, label(labels, 'pod-template-hash'));
    if (deployment !== undefined) return { name: deployment, kind: 'Deployment', apiVersion };
    if (features.argoRollouts) {
      const rollout = withoutHash(name, label(labels, 'rollouts-pod-template-hash'));
      if (rollout !== undefined) return { name: rollout, kind: 'Rollout', apiVersion: 'v1alpha1' };
    }
  } else if (kind === 'ReplicationController') {
    const config = label(labels, DEPLOYMENT_CONFIG);
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
  const found: Climbed =
    owner === undefined ? { name: podName, kind: 'Pod', apiVersion: 'v1' } : climb(owner, metadata.labels, features);
  const workload: Workload = { ...found, name: found.name || podName, namespace };
  if (!features.wholeDeploymentMeta) return workload;
  const { ownerReferences: _, ...rest } = metadata;
  const named = { ...rest, name: workload.name, namespace };
  return { ...workload, metadata: isDeploymentConfig(workload) ? withoutDeploymentConfig(named) : named };
}

/** Whether a workload was told from its pods' label deploymentconfig. */
export function isDeploymentConfig({ kind }: Pick<Workload, 'kind'>): boolean {
  return kind === 'DeploymentConfig';
}

/** The metadata without the label that names the DeploymentConfig. */
export function withoutDeploymentConfig(metadata: ObjectMeta): ObjectMeta {
  const { [DEPLOYMENT_CONFIG]: _, ...labels } = metadata.labels ?? {};
  return { ...metadata, labels };
}
