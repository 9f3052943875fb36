/**
 * Resources that hold a pod: where its metadata and spec are in each kind of workload, and how to put changed ones back.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';

/** A pod within a resource. */
export interface PodTemplate {
  readonly apiVersion: string;
  readonly kind: string;
  /** Name and namespace of the resource itself; '' where it has none. */
  readonly name: string;
  readonly namespace: string;
  /** Of the resource itself; {} where it has none. */
  readonly ownMetadata: JsonObject;
  /** Of the pod; {} where it has none. */
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
  /** A copy of the resource with another pod in it; everything else is shared. */
  with(metadata: JsonObject, spec: JsonObject): JsonObject;
}

/** What became of a resource, and of the workloads in it. */
export type ResourceOutcome =
  | {
      readonly kind: 'changed';
      readonly resource: JsonObject;
      readonly skipped: readonly NamedOutcome[];
    }
  /** Nothing in the resource changes; `skipped` says why for each workload in it (none: it holds no pod). */
  | { readonly kind: 'untouched'; readonly skipped: readonly NamedOutcome[] }
  /** At least one workload is refused, so there is no result. */
  | { readonly kind: 'denied'; readonly denied: readonly NamedOutcome[]; readonly skipped: readonly NamedOutcome[] };

/** A workload that is left alone or refused. */
export interface NamedOutcome {
  readonly kind: string;
  /** `namespace/name`, or the name alone. */
  readonly name: string;
  /** A code of reason.ts. */
  readonly code: string;
  readonly message: string;
}

type Path = readonly string[];

/** Kinds count without their group and version, as for istioctl: extensions/v1beta1 Deployments are still about. */
const TEMPLATE_PATHS: ReadonlyMap<string, Path> = new Map<string, Path>([
  ['Pod', []],
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'Job', 'DaemonSet', 'StatefulSet', 'DeploymentConfig'].map(
    (kind): [string, Path] => [kind, ['spec', 'template']],
  ),
]);

/** Lists within lists, as deep as anybody nests them. */
const MAX_LIST_DEPTH = 8;

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textAt(object: JsonObject, key: string): string {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === 'string' ? value : '';
}

function objectAt(value: JsonObject, path: Path): JsonObject | undefined {
  let current: JsonObject = value;
  for (const key of path) {
    const next = Object.hasOwn(current, key) ? current[key] : undefined;
    if (!isObject(next)) return undefined;
    current = next;
  }
  return current;
}

function withAt(value: JsonObject, path: Path, replacement: JsonObject): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const member = value[key];
  return { ...value, [key]: withAt(isObject(member) ? member : {}, rest, replacement) };
}

/**
 * The pod of a resource; null for kinds that hold none, and for a workload without a template.
 * `metadataPath` overrides where the pod's metadata is: `istioctl kube-inject` takes a CronJob's from its job template.
 */
export function podTemplateOf(
  resource: JsonObject,
  metadataPath?: (kind: string) => Path | undefined,
): PodTemplate | null {
  const kind = textAt(resource, 'kind');
  const path = TEMPLATE_PATHS.get(kind);
  if (path === undefined) return null;
  const specPath = [...path, 'spec'];
  const spec = objectAt(resource, specPath);
  if (spec === undefined) return null;
  const metaPath = metadataPath?.(kind) ?? [...path, 'metadata'];
  const own = objectAt(resource, ['metadata']) ?? {};
  return {
    apiVersion: textAt(resource, 'apiVersion'),
    kind,
    name: textAt(own, 'name'),
    namespace: textAt(own, 'namespace'),
    ownMetadata: own,
    metadata: objectAt(resource, metaPath) ?? {},
    spec,
    with: (metadata, newSpec) => withAt(withAt(resource, metaPath, metadata), specPath, newSpec),
  };
}

/** Says what became of a workload, which goes by its pod template's own name where that has one. */
export function namedOutcome(
  { kind, name, namespace, metadata }: PodTemplate,
  code: string,
  message: string,
): NamedOutcome {
  const own = textAt(metadata, 'name') || name;
  return { kind, name: namespace === '' ? own : `${namespace}/${own}`, code, message };
}

/** Applies `change` to a resource, or to every member of a `kind: List`. What it leaves untouched stays the same object. */
export function transformWorkloads(
  resource: JsonObject,
  change: (workload: JsonObject) => ResourceOutcome,
): ResourceOutcome {
  return transform(resource, change, 0);
}

function transform(
  resource: JsonObject,
  change: (workload: JsonObject) => ResourceOutcome,
  depth: number,
): ResourceOutcome {
  if (textAt(resource, 'kind') !== 'List') return change(resource);
  const { items } = resource;
  if (!Array.isArray(items) || depth >= MAX_LIST_DEPTH) return { kind: 'untouched', skipped: [] };
  const skipped: NamedOutcome[] = [];
  const denied: NamedOutcome[] = [];
  let touched = false;
  const changed = items.map((item) => {
    if (!isObject(item)) return item;
    const outcome = transform(item, change, depth + 1);
    skipped.push(...outcome.skipped);
    if (outcome.kind === 'denied') denied.push(...outcome.denied);
    if (outcome.kind !== 'changed') return item;
    touched = true;
    return outcome.resource;
  });
  if (denied.length > 0) return { kind: 'denied', denied, skipped };
  if (!touched) return { kind: 'untouched', skipped };
  return { kind: 'changed', resource: { ...resource, items: changed }, skipped };
}
