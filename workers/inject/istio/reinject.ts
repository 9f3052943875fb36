/**
 * Pods that come again: a reinvocation, a copy of a running pod, a canary's switch to another revision.
 *
 * Istio merges its templates over what is there, which changes the pod once more and loses the user's own settings for the
 * proxy. Here a pod that this revision injected stays as it is, but for probes of containers that came since; one that another
 * revision injected is taken back to what it was and injected anew. A pod that only has the annotation of an injection is
 * treated as Istio does.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from '../../template/value.ts';
import { injectPod, type Surroundings } from './inject-pod.ts';
import { ENV_PROBERS, REVISION } from './names.ts';
import { type Container, type Named, type Pod, type PodSpec, stringAt } from './pod.ts';
import { withRewrittenProbes } from './post-process.ts';
import { hasDirectHandlers, rewritesProbes } from './probes.ts';
import type { IstioRevision } from './revision.ts';
import { decodeStatus, type InjectionStatus } from './status.ts';
import { uninject } from './uninject.ts';

export type Reinjection =
  /** Nothing to do. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly pod: Pod }
  /** Not a pod that an injector finished: inject it as any other. */
  | { readonly kind: 'fresh' };

type NamedList = 'containers' | 'initContainers' | 'volumes';
const LISTS: readonly NamedList[] = ['containers', 'initContainers', 'volumes'];

function named(items: readonly Named[] | null | undefined, names: readonly string[]): readonly Named[] {
  const wanted = new Set(names);
  return (items ?? []).filter(({ name }) => name !== undefined && wanted.has(name));
}

/** Whether all that the status tells of is there. */
export function isComplete(spec: PodSpec, status: InjectionStatus): boolean {
  if (!status.readable || status.containers.length + status.initContainers.length === 0) return false;
  return LISTS.every((list) => {
    const present = new Set((spec[list] ?? []).map(({ name }) => name));
    return status[list].every((name) => present.has(name));
  });
}

/**
 * Whether `actual` has everything that `wanted` has. Of the environment only the names count, for some values follow from the
 * rest of the pod, which may have changed since; other lists of objects are searched, lists of scalars have to be equal.
 */
function holds(actual: JsonValue | undefined, wanted: JsonValue, member: string): boolean {
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual) !== Array.isArray(wanted)) return false;
  if (Array.isArray(wanted)) {
    const list = actual as JsonValue[];
    if (!wanted.some((item) => typeof item === 'object')) return isDeepStrictEqual(list, wanted);
    if (member === 'env') {
      const present = new Set((list as Named[]).map(({ name }) => name));
      // Probes alone decide whether this one is there.
      return (wanted as Named[]).every(({ name }) => present.has(name) || name === ENV_PROBERS);
    }
    return wanted.every((item) => list.some((candidate) => holds(candidate, item, '')));
  }
  const object = actual as Record<string, JsonValue>;
  return Object.entries(wanted).every(
    ([key, value]) => holds(Object.hasOwn(object, key) ? object[key] : undefined, value, key) || isNothing(value),
  );
}

function isNothing(value: JsonValue): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Whether the injected containers and volumes of `pod` are those of `wanted`. */
function sameInjection(pod: Pod, wanted: Pod, status: InjectionStatus): boolean {
  const names = decodeStatus(wanted.metadata.annotations);
  if (names === undefined) return false;
  return LISTS.every((list) => {
    if (!sameNames(names[list], status[list])) return false;
    const injected = named(pod.spec[list], names[list]);
    return named(wanted.spec[list], names[list]).every((item) =>
      injected.some((candidate) => holds(candidate, item, '')),
    );
  });
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  const names = new Set(b);
  return a.length === b.length && a.every((name) => names.has(name));
}

/** The pod with the probes of containers that came after the injection at the agent too. */
function withLaterProbes(pod: Pod, revision: IstioRevision): Pod {
  const { post } = revision;
  if (!rewritesProbes(pod.metadata.annotations ?? {}, post.rewriteProbes)) return pod;
  const containers: readonly Container[] = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])];
  if (!containers.some((container) => hasDirectHandlers(container, post.features))) return pod;
  return withRewrittenProbes(pod, post);
}

/**
 * What becomes of a pod with a status annotation: unchanged where this revision made it, made anew where another did. A pod
 * whose templates leave no mark (annotation istio.io/rev) is looked at more closely. Throws Denial like `injectPod`.
 */
export function reinject(
  revision: IstioRevision,
  pod: Pod,
  status: InjectionStatus,
  surroundings: Surroundings,
): Reinjection {
  if (!isComplete(pod.spec, status)) return { kind: 'fresh' };
  const { metrics, features } = revision.post;
  const name = revision.post.status.revision;
  const mark = stringAt(pod.metadata.annotations, REVISION);
  if (status.revision === name && mark === name) return later(pod, revision);
  if (status.revision !== name && mark !== status.revision) return { kind: 'fresh' };
  const before = uninject(pod, status, metrics.statusPort, features);
  const anew = injectPod(revision, before, surroundings);
  if (status.revision !== name) return { kind: 'changed', pod: anew };
  return sameInjection(pod, anew, status) ? later(pod, revision) : { kind: 'fresh' };
}

/** Nothing changes but the probes of containers that came after the injection. */
function later(pod: Pod, revision: IstioRevision): Reinjection {
  const changed = withLaterProbes(pod, revision);
  return changed === pod ? { kind: 'unchanged' } : { kind: 'changed', pod: changed };
}
