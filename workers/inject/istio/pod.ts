/**
 * The parts of a pod that the injector itself reads or writes, over the pod's own JSON. Everything else of a pod passes
 * through as it came. The shapes are true once `normalizePod` (workers/kube/typed-pod.ts) has accepted the object.
 */
import type { JsonObject } from '../../template/value.ts';

export interface Pod extends JsonObject {
  metadata: ObjectMeta;
  spec: PodSpec;
}

export interface ObjectMeta extends JsonObject {
  name?: string;
  generateName?: string;
  namespace?: string;
  labels?: StringMap;
  annotations?: StringMap;
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference extends JsonObject {
  apiVersion: string;
  kind: string;
  name: string;
  controller?: boolean;
}

/** Keys come from users: read through `stringAt`, write through spreads or constant keys only. */
export interface StringMap extends JsonObject {
  [key: string]: string;
}

export interface PodSpec extends JsonObject {
  hostNetwork?: boolean;
  nodeName?: string;
  /** null for a pod without any: Go always writes the member. */
  containers?: Container[] | null;
  initContainers?: Container[];
  volumes?: Named[];
  imagePullSecrets?: Named[];
}

export interface Named extends JsonObject {
  name?: string;
}

export interface Container extends JsonObject {
  name: string;
  image?: string;
  args?: string[];
  env?: EnvVar[];
  ports?: ContainerPort[];
  readinessProbe?: Handler;
  livenessProbe?: Handler;
  startupProbe?: Handler;
  lifecycle?: Lifecycle;
  securityContext?: SecurityContext;
  volumeMounts?: Named[];
}

export interface EnvVar extends JsonObject {
  name: string;
  value?: string;
}

export interface ContainerPort extends JsonObject {
  name?: string;
  containerPort: number;
}

/** A probe or a lifecycle handler: what the kubelet calls. */
export interface Handler extends JsonObject {
  httpGet?: HttpGetAction;
  tcpSocket?: TcpSocketAction;
  grpc?: JsonObject;
  timeoutSeconds?: number;
}

export interface HttpGetAction extends JsonObject {
  path?: string;
  port: number | string;
  host?: string;
  scheme?: string;
  httpHeaders?: JsonObject[];
}

export interface TcpSocketAction extends JsonObject {
  port: number | string;
  host?: string;
}

export interface Lifecycle extends JsonObject {
  preStop?: Handler;
  postStart?: Handler;
}

export interface SecurityContext extends JsonObject {
  runAsUser?: number;
  runAsGroup?: number;
}

/** The value of a user's key, or undefined: `constructor` and `__proto__` are keys like any other. */
export function stringAt(map: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The first container of that name. */
export function findContainer(
  name: string,
  containers: readonly Container[] | null | undefined,
): Container | undefined {
  return containers?.find((container) => container.name === name);
}

/** The first container of that name, app containers before init containers. */
export function findInPod(name: string, spec: PodSpec): Container | undefined {
  return findContainer(name, spec.containers) ?? findContainer(name, spec.initContainers);
}
