/**
 * Linkerd's JSON patch for a pod, operation by operation in Linkerd's order (charts/patch): metadata, volumes, init containers,
 * debug container, proxy.
 */
import type { Operation } from '../../jsonpatch/operation.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import type { ObjectMeta, PodSpec } from '../istio/pod.ts';
import type { ContainerPlans } from './container-plans.ts';
import type { ProxyContext } from './proxy-env.ts';

const NEEDS_ESCAPE = /[~/]/;

function escapePointer(key: string): string {
  return NEEDS_ESCAPE.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}

function add(patch: Operation[], path: string, value: JsonValue): void {
  patch.push({ op: 'add', path, value });
}

/** Adds members to `/metadata/annotations` or `/metadata/labels`, sorted by key, below the JSON pointer `prefix`, making the member first where it is missing. */
export function addMetadata(
  patch: Operation[],
  prefix: string,
  metadata: ObjectMeta | undefined,
  member: 'annotations' | 'labels',
  entries: Readonly<Record<string, string>>,
): void {
  const keys = Object.keys(entries).sort();
  if (keys.length === 0) return;
  if (metadata === undefined && !patch.some(({ path }) => path === `${prefix}/metadata`))
    add(patch, `${prefix}/metadata`, {});
  if (metadata?.[member] === undefined || metadata[member] === null) add(patch, `${prefix}/metadata/${member}`, {});
  for (const key of keys) add(patch, `${prefix}/metadata/${member}/${escapePointer(key)}`, entries[key] ?? '');
}

export interface PodPatchInput {
  /** JSON pointer of what holds the pod; '' for a pod. */
  readonly prefix: string;
  readonly metadata: ObjectMeta | undefined;
  readonly spec: PodSpec;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly debug: boolean;
  readonly context: ProxyContext;
  readonly plans: ContainerPlans;
}

function isEmpty(list: readonly JsonObject[] | undefined | null): boolean {
  return list === undefined || list === null || list.length === 0;
}

export function podPatch({
  prefix,
  metadata,
  spec,
  annotations,
  labels,
  debug,
  context,
  plans,
}: PodPatchInput): Operation[] {
  const patch: Operation[] = [];
  addMetadata(patch, prefix, metadata, 'annotations', annotations);
  addMetadata(patch, prefix, metadata, 'labels', labels);
  const { proxy, values } = context;
  const plan = plans.of(context);
  if (isEmpty(spec.volumes)) add(patch, `${prefix}/spec/volumes`, []);
  if (isEmpty(spec.initContainers)) add(patch, `${prefix}/spec/initContainers`, []);
  const first = proxy.nativeSidecar ? '0' : '-';
  if (values.cniEnabled) {
    add(patch, `${prefix}/spec/initContainers/${first}`, plan.validator);
  } else {
    add(patch, `${prefix}/spec/volumes/-`, plans.initVolume);
    add(patch, `${prefix}/spec/initContainers/${first}`, plan.init(context));
  }
  if (debug) add(patch, `${prefix}/spec/containers/-`, plan.debug);
  for (const volume of plans.volumes) add(patch, `${prefix}/spec/volumes/-`, volume);
  // A native sidecar starts right after what redirects the traffic to it.
  const place = proxy.nativeSidecar ? 'initContainers/1' : proxy.await ? 'containers/0' : 'containers/-';
  add(patch, `${prefix}/spec/${place}`, plan.proxy(context));
  return patch;
}
