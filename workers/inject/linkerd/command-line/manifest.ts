/**
 * A resource as Linkerd's command line reads it (pkg/inject ResourceConfig.parse): its kind decides, without regard to case and without its
 * group; the members of the types behind it count, everything else is dropped when the resource is written again.
 */
import { foldCase } from '../../../kube/fold-case.ts';
import { decodeResource, type ReadRule } from '../../../kube/resource-decode.ts';
import { encodeResource } from '../../../kube/resource-encode.ts';
import {
  type ResourceField,
  type ResourceStruct,
  type ResourceType,
  ResourceTypes,
} from '../../../kube/resource-types.ts';
import type { YamlObject, YamlValue } from '../../../yaml/value.ts';
import type { ObjectMeta, PodSpec } from '../../istio/pod.ts';

/** Where the pod is in the kinds that have one, and the Go type of each kind that is read. */
const KINDS: ReadonlyMap<string, { readonly type: string; readonly template: readonly string[] | null }> = new Map([
  ['deployment', { type: 'v1.Deployment', template: ['spec', 'template'] }],
  ['replicationcontroller', { type: 'v1.ReplicationController', template: ['spec', 'template'] }],
  ['replicaset', { type: 'v1.ReplicaSet', template: ['spec', 'template'] }],
  ['job', { type: 'v1.Job', template: ['spec', 'template'] }],
  ['daemonset', { type: 'v1.DaemonSet', template: ['spec', 'template'] }],
  ['statefulset', { type: 'v1.StatefulSet', template: ['spec', 'template'] }],
  ['cronjob', { type: 'v1.CronJob', template: ['spec', 'jobTemplate', 'spec', 'template'] }],
  ['pod', { type: 'v1.Pod', template: [] }],
  ['namespace', { type: 'v1.Namespace', template: null }],
  ['service', { type: 'v1.Service', template: null }],
]);

const TEXT: ResourceType = { kind: 'string', goName: 'string' };
const RAW: ResourceType = { kind: 'raw', goName: 'runtime.RawExtension' };
const COUNT: ResourceType = { kind: 'pointer', goName: '*int64', elem: { kind: 'int64', goName: 'int64' } };
const LIST_META = structOf('v1.ListMeta', [
  ...['selfLink', 'resourceVersion', 'continue'].map((jsonName) => ({ jsonName, omitempty: true, type: TEXT })),
  { jsonName: 'remainingItemCount', omitempty: true, type: COUNT },
]);

export interface Manifest {
  /** Lower case; '' for a document without one. */
  readonly kind: string;
  /** The resource in its type's form, to be changed in place; `metadata` alone for kinds that are not known. */
  readonly object: YamlObject;
  /** null: a kind that is neither injected nor annotated. */
  readonly type: ResourceStruct | null;
  /** The resource's own metadata. */
  readonly own: ObjectMeta;
  /** What holds the pod's metadata and spec, and its JSON pointer; null for a resource without a pod. */
  readonly pod: PodHolder | null;
}

/** A `kind: List`, which stands for its items. */
export interface ManifestList {
  /** Everything but the items, as it is written. */
  readonly head: YamlObject;
  readonly items: readonly YamlValue[];
}

export interface PodHolder {
  readonly pointer: string;
  /** undefined where it has none. */
  readonly metadata: ObjectMeta | undefined;
  readonly spec: PodSpec;
  /** The object with both, to be changed in place. */
  readonly holder: YamlObject;
}

/** A resource that can not be injected or uninjected; the message is for the user. */
export class ManifestFault extends Error {
  override readonly name = 'ManifestFault';
  readonly code = 'MANIFEST_FAULT';
}

/** Reads resources; makes Go's types once. */
export class ManifestReader {
  readonly #types = new ResourceTypes();
  readonly #meta = this.#types.structOf('v1.TypeMeta');
  readonly #metadata = this.#types.structOf('v1.ObjectMeta');
  readonly #list: ResourceStruct = structOf('v1.List', [
    ...this.#meta.fields.values(),
    { jsonName: 'metadata', omitempty: false, type: LIST_META },
    { jsonName: 'items', omitempty: true, type: { kind: 'slice', goName: '[]runtime.RawExtension', elem: RAW } },
  ]);

  /** Whether a document is a List, whose items count instead. Throws ResourceError for what is no resource at all. */
  isList(value: YamlValue): boolean {
    return decodeResource(this.#meta, value, 'yaml')['kind'] === 'List';
  }

  /** Reads a List. Throws ResourceError. */
  readList(value: YamlValue): ManifestList {
    const { items, ...rest } = decodeResource(this.#list, value, 'yaml');
    return { head: encodeResource(this.#list, rest), items: Array.isArray(items) ? items : [] };
  }

  /** Throws ResourceError, or ManifestFault for a ReplicationController without a pod. */
  read(value: YamlValue): Manifest {
    const { kind: written } = decodeResource(this.#meta, value, 'yaml');
    const kind = typeof written === 'string' ? written.toLowerCase() : '';
    const known = KINDS.get(kind);
    if (known === undefined) return this.#unknown(kind, value);
    const type = this.#types.structOf(known.type);
    const object = decodeResource(type, value, 'yaml');
    const pod = known.template === null ? null : podHolder(kind, object, known.template);
    return { kind, object, type, own: objectIn(object, 'metadata') as ObjectMeta, pod };
  }

  #unknown(kind: string, value: YamlValue): Manifest {
    // Only the name is of interest, in the report.
    const metadata: ResourceField = { jsonName: 'metadata', omitempty: true, type: this.#metadata };
    const object = decodeResource(structOf('', [metadata]), value, 'yaml');
    return { kind, object, type: null, own: objectIn(object, 'metadata') as ObjectMeta, pod: null };
  }
}

/** A struct that the schema does not hold. */
function structOf(goName: string, fields: readonly ResourceField[]): ResourceStruct {
  const byName = new Map(fields.map((field) => [field.jsonName, field]));
  const folded = new Map(fields.map((field) => [foldCase(field.jsonName), field]));
  return { kind: 'struct', goName, shortName: goName.slice(goName.indexOf('.') + 1), fields: byName, folded };
}

/** The resource after a change of its JSON, which has to be of the right types as it is. Throws ResourceError. */
export function encodeChanged(type: ResourceStruct, value: YamlValue): YamlObject {
  return encodeManifest(type, decodeResource(type, value, 'json' satisfies ReadRule));
}

/** The resource as it is written. */
export function encodeManifest(type: ResourceStruct, object: YamlObject): YamlObject {
  return encodeResource(type, object);
}

function podHolder(kind: string, object: YamlObject, path: readonly string[]): PodHolder {
  let holder = object;
  for (const key of path) {
    // The only template that is a pointer; Linkerd crashes there.
    if (kind === 'replicationcontroller' && key === 'template' && !Object.hasOwn(holder, key))
      throw new ManifestFault('the ReplicationController has no template');
    holder = objectIn(holder, key);
  }
  const metadata = Object.hasOwn(holder, 'metadata') ? (objectIn(holder, 'metadata') as ObjectMeta) : undefined;
  const pointer = path.map((key) => `/${key}`).join('');
  return { pointer, metadata, spec: objectIn(holder, 'spec') as PodSpec, holder };
}

/** A member that is an object, made where there is none. */
function objectIn(object: YamlObject, key: string): YamlObject {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const made: YamlObject = {};
  object[key] = made;
  return made;
}
