/**
 * The user's own settings for injected containers. A pod may hold a container named like one of the template's, e.g.
 * `istio-proxy`: the template is merged over it first, then it is merged over the result, so that the user wins. What the
 * user wrote is kept in an annotation, for injecting the pod again.
 */
import { goType } from '../../kube/pod-types.ts';
import { normalizeTyped } from '../../kube/typed-pod.ts';
import { MergeError } from '../../merge/merge-error.ts';
import { strategicMergePatch } from '../../merge/strategic-merge.ts';
import { marshalGoJson, parseGoJson } from '../../template/gojson.ts';
import { GoRef, type GoSliceType, type JsonObject, type JsonValue } from '../../template/value.ts';
import { Denial } from '../reason.ts';
import type { Features } from './features.ts';
import { AUTO_IMAGE, OVERRIDES } from './names.ts';
import { DEFAULT_IDS } from './openshift.ts';
import { type Container, findContainer, findInPod, type Pod, type PodSpec, type StringMap, stringAt } from './pod.ts';
import type { InjectionStatus } from './status.ts';

export interface Overrides {
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
}

const NONE: Overrides = { containers: [], initContainers: [] };
const CONTAINERS: GoSliceType = { kind: 'slice', elem: goType('v1.Container') };

/** The member of that name in any case, as Go's decoder finds it; the last one counts. */
function member(object: JsonObject, name: string): JsonValue {
  const key = Object.keys(object).findLast((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? null : (object[key] ?? null);
}

function readContainers(json: JsonObject, name: string): readonly Container[] {
  return (normalizeTyped('[]v1.Container', member(json, name)) ?? []) as Container[];
}

/** Reads the annotation. Throws Denial OVERRIDES_ANNOTATION_INVALID. */
export function decodeOverrides(annotations: StringMap | undefined): Overrides {
  const text = stringAt(annotations, OVERRIDES);
  if (text === undefined) return NONE;
  try {
    const value = parseGoJson(text);
    if (value === null) return NONE;
    if (typeof value !== 'object' || Array.isArray(value)) throw new Error('not an object');
    const json = value as JsonObject;
    return { containers: readContainers(json, 'containers'), initContainers: readContainers(json, 'initContainers') };
  } catch (error) {
    throw new Denial('OVERRIDES_ANNOTATION_INVALID', error instanceof Error ? error.message : String(error));
  }
}

/** The annotation's value, as Go writes the two lists of containers. */
function encodeOverrides(overrides: Overrides): string {
  const parts: string[] = [];
  for (const field of ['containers', 'initContainers'] as const) {
    if (overrides[field].length > 0) parts.push(`"${field}":${marshalGoJson(new GoRef(CONTAINERS, overrides[field]))}`);
  }
  return `{${parts.join(',')}}`;
}

/** The container as it is merged: an image named `auto` stands for the template's. */
function overlayOf(own: Container, template: Container, features: Features): Container {
  const container = features.dropForeignProxyUser ? withoutForeignUser(own, template) : own;
  if (container.image !== AUTO_IMAGE) return container;
  const { image: _, ...rest } = container;
  return rest as Container;
}

/** A uid other than Istio's own in the template means that OpenShift assigns them, to the user's container too. */
function withoutForeignUser(own: Container, template: Container): Container {
  const uid = template.securityContext?.runAsUser;
  if (own.securityContext === undefined || uid === undefined || uid === DEFAULT_IDS.uid) return own;
  const { runAsUser: _user, runAsGroup: _group, ...securityContext } = own.securityContext;
  return { ...own, securityContext };
}

function applied(pod: Pod, field: 'containers' | 'initContainers', container: Container): Pod {
  try {
    // Go always writes `containers`. An empty list changes nothing but the places of containers with one name.
    return strategicMergePatch(pod, { spec: { containers: [], [field]: [container] } }) as Pod;
  } catch (error) {
    if (error instanceof MergeError) throw new Denial('OVERRIDE_UNMERGEABLE', error.message);
    throw error;
  }
}

/**
 * Merges the user's containers over the injected pod, for each container that the templates gave. A container that an earlier
 * injection made (`previous`) is not the user's.
 * Throws Denial OVERRIDES_ANNOTATION_INVALID, OVERRIDE_UNMERGEABLE.
 */
export function withOverrides(
  injected: Pod,
  original: Pod,
  template: PodSpec,
  previous: InjectionStatus | undefined,
  features: Features,
): Pod {
  const saved = decodeOverrides(original.metadata.annotations);
  const containers: Container[] = [];
  const initContainers: Container[] = [];
  let pod = injected;
  for (const given of template.containers ?? []) {
    const { name } = given;
    if (previous?.containers.includes(name)) continue;
    const own = findContainer(name, saved.containers) ?? findContainer(name, original.spec.containers);
    if (own === undefined) continue;
    const overlay = overlayOf(own, given, features);
    containers.push(overlay);
    pod = applied(pod, 'containers', overlay);
  }
  for (const given of template.initContainers ?? []) {
    const { name } = given;
    if (previous?.initContainers.includes(name)) continue;
    // As a native sidecar the proxy is an init container, but users still write it among the containers.
    const own = findContainer(name, saved.initContainers) ?? findInPod(name, original.spec);
    if (own === undefined) continue;
    const overlay = overlayOf(own, given, features);
    initContainers.push(overlay);
    pod = applied(pod, 'initContainers', overlay);
  }
  if (previous !== undefined || (containers.length === 0 && initContainers.length === 0)) return pod;
  const annotations = { ...pod.metadata.annotations, [OVERRIDES]: encodeOverrides({ containers, initContainers }) };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

/**
 * The pod with the saved containers that are not in it, at the end: so templates see what they saw at the first injection.
 * Throws Denial OVERRIDES_ANNOTATION_INVALID.
 */
export function withSavedContainers(pod: Pod): Pod {
  const saved = decodeOverrides(pod.metadata.annotations);
  // Of several with one name the first is meant.
  const missing = (list: readonly Container[], from: readonly Container[]) => {
    if (from.length === 0) return from;
    const names = new Set(list.map(({ name }) => name));
    return from.filter(({ name }) => !names.has(name) && names.add(name));
  };
  const containers = missing(pod.spec.containers ?? [], saved.containers);
  const initContainers = missing(pod.spec.initContainers ?? [], saved.initContainers);
  if (containers.length === 0 && initContainers.length === 0) return pod;
  const spec = { ...pod.spec };
  if (containers.length > 0) spec.containers = [...(spec.containers ?? []), ...containers];
  if (initContainers.length > 0) spec.initContainers = [...(spec.initContainers ?? []), ...initContainers];
  return { ...pod, spec };
}
