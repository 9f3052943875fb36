/**
 * Pods that come again: a reinvocation, a copy of a running pod, a canary's switch to another revision.
 *
 * Istio merges its templates over what is there, which changes the pod once more and loses the user's own settings for the
 * proxy. Here a pod that is what this revision makes of it stays as it is, but for probes of containers that came since; one
 * that another revision (or another configuration) made is taken back to what it was and injected anew. A pod that only has
 * an annotation of an injection is treated as Istio does.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from '../../template/value.ts';
import { injectPod, type Surroundings } from './inject-pod.ts';
import { ENV_PROBERS, REVISION } from './names.ts';
import { type Container, type Named, type Pod, type PodSpec, stringAt } from './pod.ts';
import { withRewrittenProbes } from './post-process.ts';
import { hasDirectHandlers, rewritesProbes } from './probes.ts';
import type { IstioRevision } from './revision.ts';
import type { InjectionStatus } from './status.ts';
import { uninject } from './uninject.ts';

export type Reinjection =
  /** Nothing to do. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly pod: Pod }
  /** Not a pod that an injector finished: inject it as any other. */
  | { readonly kind: 'fresh' };

type NamedList = 'containers' | 'initContainers' | 'volumes';

function named(items: readonly Named[] | null | undefined, names: readonly string[]): readonly Named[] {
  return (items ?? []).filter(({ name }) => name !== undefined && names.includes(name));
}

/** Whether all that the status tells of is there. */
function isComplete(spec: PodSpec, status: InjectionStatus): boolean {
  if (!status.readable || status.containers.length + status.initContainers.length === 0) return false;
  const lists: NamedList[] = ['containers', 'initContainers', 'volumes'];
  return lists.every((list) => {
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
  const lists: NamedList[] = ['containers', 'initContainers', 'volumes'];
  return lists.every((list) =>
    named(wanted.spec[list], status[list]).every((item) =>
      named(pod.spec[list], status[list]).some((candidate) => holds(candidate, item, '')),
    ),
  );
}

/** The pod with the probes of containers that came after the injection at the agent too. */
function withLaterProbes(pod: Pod, revision: IstioRevision): Pod {
  const { post } = revision;
  if (!rewritesProbes(pod.metadata.annotations ?? {}, post.rewriteProbes)) return pod;
  const containers: readonly Container[] = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])];
  if (!containers.some((container) => hasDirectHandlers(container, post.features))) return pod;
  return withRewrittenProbes(pod, post);
}

/** What becomes of a pod with a status annotation. Throws Denial like `injectPod`. */
export function reinject(
  revision: IstioRevision,
  pod: Pod,
  status: InjectionStatus,
  surroundings: Surroundings,
): Reinjection {
  if (!isComplete(pod.spec, status)) return { kind: 'fresh' };
  const { metrics, features } = revision.post;
  const sameRevision = status.revision === (revision.post.revision || 'default');
  const finished = stringAt(pod.metadata.annotations, REVISION) !== undefined;
  if (!sameRevision && !finished) return { kind: 'fresh' };
  const before = uninject(pod, status, metrics.statusPort, features);
  const anew = injectPod(revision, before, surroundings);
  if (sameRevision && sameInjection(pod, anew, status)) {
    const later = withLaterProbes(pod, revision);
    return later === pod ? { kind: 'unchanged' } : { kind: 'changed', pod: later };
  }
  return finished ? { kind: 'changed', pod: anew } : { kind: 'fresh' };
}
