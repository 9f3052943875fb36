/** An admission request as policies see it. */
import type { ClusterContext } from '../protocol.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../template/value.ts';
import type { Activation } from './cel/compile.ts';
import type { CelValue } from './cel/value.ts';

export interface PolicyRequest {
  readonly mesh: string;
  readonly operation: string;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: JsonObject;
  /** Null where there is no old object. */
  readonly oldLabels: JsonObject | null;
  readonly namespaceLabels: JsonObject;
  readonly oldObject: JsonObject | null;
  /** What expressions see as `request`, without the objects. */
  readonly described: JsonObject;
  /** What they see as `namespaceObject`; null where nothing is known of it. */
  readonly namespaceObject: JsonObject | null;
}

const EMPTY: JsonObject = {};

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function text(value: JsonValue | undefined, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
}

function object(value: JsonValue | undefined, name: string): JsonObject | null {
  const found = member(value, name);
  return isJsonObject(found) ? found : null;
}

/** Labels of one of a request's objects; empty where there are none. */
export function labelsIn(raw: JsonObject, name: 'object' | 'oldObject'): JsonObject {
  return labelsOf(member(raw, name));
}

function labelsOf(of: JsonValue | undefined): JsonObject {
  return object(object(of, 'metadata') ?? undefined, 'labels') ?? EMPTY;
}

/** @param raw the review's `request` */
export function policyRequest(raw: JsonObject, mesh: string, cluster: ClusterContext): PolicyRequest {
  const resource = object(raw, 'resource') ?? EMPTY;
  const oldObject = object(raw, 'oldObject');
  const namespace = text(raw, 'namespace');
  const known = cluster.namespace;
  const pod = object(raw, 'object') ?? undefined;
  return {
    mesh,
    operation: text(raw, 'operation'),
    resource: {
      group: text(resource, 'group'),
      version: text(resource, 'version'),
      resource: text(resource, 'resource'),
    },
    subResource: text(raw, 'subResource'),
    name: text(raw, 'name'),
    namespace,
    labels: labelsOf(pod),
    oldLabels: oldObject === null ? null : labelsOf(oldObject),
    // The apiserver gives every namespace this label.
    namespaceLabels: { ...(namespace === '' ? {} : { 'kubernetes.io/metadata.name': namespace }), ...known?.labels },
    oldObject,
    described: withoutObjects(raw),
    namespaceObject: known === null ? null : { metadata: { name: namespace, ...present(known) } },
  };
}

/** Labels and annotations that are there: an empty map is left out, as Kubernetes writes it. */
function present({ labels, annotations }: NonNullable<ClusterContext['namespace']>): JsonObject {
  return {
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

function withoutObjects(raw: JsonObject): JsonObject {
  const { object: _, oldObject: __, uid: ___, ...described } = raw;
  return described;
}

/** The variables of one phase: `object` is the pod as it is by then. */
export function activationOf(request: PolicyRequest, pod: JsonObject | null, variables: CelValue): Activation {
  return {
    root(name) {
      switch (name) {
        case 'object':
          return pod;
        case 'oldObject':
          return request.oldObject;
        case 'request':
          return request.described;
        case 'namespaceObject':
          return request.namespaceObject;
        case 'variables':
          return variables;
        default:
          return undefined;
      }
    },
  };
}
