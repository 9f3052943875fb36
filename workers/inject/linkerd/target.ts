/**
 * What a request is about, as Linkerd sees it: a pod, a workload with a pod template (the webhook is for pods, but the object's own kind
 * decides), a Service, or something else.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../template/value.ts';
import type { ObjectMeta, PodSpec } from '../istio/pod.ts';

export interface Target {
  /** Lower case. */
  readonly kind: string;
  /** JSON pointer of what holds the pod's metadata and spec; '' for a pod. */
  readonly prefix: string;
  /** Of the resource itself; for a pod the pod's. */
  readonly own: ObjectMeta | undefined;
  /** Of the pod. */
  readonly metadata: ObjectMeta | undefined;
  /** null: the resource holds no pod. */
  readonly spec: PodSpec | null;
}

const TEMPLATE = '/spec/template';
const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['pod', ''],
  ['cronjob', '/spec/jobTemplate/spec/template'],
  ['deployment', TEMPLATE],
  ['replicationcontroller', TEMPLATE],
  ['replicaset', TEMPLATE],
  ['job', TEMPLATE],
  ['daemonset', TEMPLATE],
  ['statefulset', TEMPLATE],
]);

export function targetOf(object: JsonObject, requestKind: string): Target {
  const own = object['kind'];
  const kind = (typeof own === 'string' && own !== '' ? own : requestKind).toLowerCase();
  const prefix = PREFIXES.get(kind);
  const resource = metadataOf(object['metadata']);
  if (prefix === undefined) return { kind, prefix: '', own: resource, metadata: undefined, spec: null };
  if (prefix === '') return { kind, prefix, own: resource, metadata: resource, spec: specOf(object['spec']) };
  let template: JsonValue | undefined = object;
  for (const key of prefix.slice(1).split('/')) template = isJsonObject(template) ? template[key] : undefined;
  const holder = isJsonObject(template) ? template : {};
  return { kind, prefix, own: resource, metadata: metadataOf(holder['metadata']), spec: specOf(holder['spec']) };
}

function specOf(value: JsonValue | undefined): PodSpec {
  return isJsonObject(value) ? (value as PodSpec) : {};
}

/**
 * Annotations and labels as text: Linkerd reads the object as YAML, where a number or a boolean becomes the string it must be, and an
 * empty member (`annotations:`) is none at all.
 */
function metadataOf(value: JsonValue | undefined): ObjectMeta | undefined {
  if (!isJsonObject(value)) return undefined;
  const metadata = value as ObjectMeta;
  if (isText(metadata.annotations) && isText(metadata.labels)) return metadata;
  const { annotations, labels, ...rest } = metadata;
  return {
    ...rest,
    ...(isJsonObject(annotations) ? { annotations: asText(annotations) } : {}),
    ...(isJsonObject(labels) ? { labels: asText(labels) } : {}),
  };
}

function isText(map: JsonObject | undefined): boolean {
  if (map === undefined) return true;
  if (!isJsonObject(map)) return false;
  for (const key of Object.keys(map)) if (typeof map[key] !== 'string') return false;
  return true;
}

function asText(map: JsonObject): Record<string, string> {
  const text: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(map))
    text[key] = typeof value === 'string' ? value : value === null ? '' : String(value);
  return text;
}
