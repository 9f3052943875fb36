/**
 * Which workloads get a rollout's new revision: those whose place, a number between 0 and 100 that their names give, lies below the
 * weight. Nothing else counts, so all replicas of a workload agree, on every gateway, and a higher weight only adds workloads.
 */
import { hash } from 'node:crypto';
import { type CompiledLabelSelector, compileLabelSelector } from '../../workers/kube/label-selector.ts';
import type { PodMetadata } from './pod-metadata.ts';
import type { Rollout, Selector } from './rollout.ts';
import { type FindOwner, type Workload, workloadOf } from './workload.ts';

/** On a pod or its namespace: `disabled` keeps it out of every canary. */
export const ROLLOUT_ANNOTATION = 'meshgate.dev/rollout';
const DISABLED = 'disabled';
/** The label that every namespace has from the apiserver. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';
/** Hexadecimal digits of the hash that make the place: 48 bits, exact in a number. */
const PLACE_DIGITS = 12;
const PLACES = 16 ** PLACE_DIGITS;

/** A workload's place in a rollout, in [0, 100). */
export function placeOf(rollout: string, namespace: string, { kind, name }: Pick<Workload, 'kind' | 'name'>): number {
  const digest = hash('sha256', [rollout, namespace, kind, name].join('\u0000'));
  return (Number.parseInt(digest.slice(0, PLACE_DIGITS), 16) / PLACES) * 100;
}

/** What is known about a pod's namespace. */
export interface NamespaceRecord {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface CohortAnswer {
  readonly included: boolean;
  /** Whether the pod's own name has decided: then the answer is not that of pods with other names. */
  readonly byPodName: boolean;
}

/** What keeps a workload out of every canary of a rollout, wherever its place is. */
export type KeptOut = 'podAnnotation' | 'namespaceAnnotation' | 'objectSelector' | 'namespaceSelector';

/** For people. */
export interface CohortExplanation {
  readonly keptOut: KeptOut | null;
  readonly workload: Workload;
  /** In [0, 100): it is in the canary while this is below the weight. */
  readonly place: number;
}

const OUTSIDE: CohortAnswer = { included: false, byPodName: false };

export class Cohort {
  readonly #rollout: string;
  /** In percent. */
  readonly weight: number;
  readonly #namespaces: CompiledLabelSelector | null;
  readonly #objects: CompiledLabelSelector | null;

  constructor({ name, namespaceSelector, objectSelector }: Rollout, weight: number) {
    this.#rollout = name;
    this.weight = weight;
    this.#namespaces = compile(namespaceSelector);
    this.#objects = compile(objectSelector);
  }

  /** @param record null where nothing is known about the namespace. */
  ask(pod: PodMetadata, namespace: string, record: NamespaceRecord | null, find: FindOwner): CohortAnswer {
    if (this.#keptOut(pod, namespace, record) !== null) return OUTSIDE;
    const workload = workloadOf(pod, find);
    const included = placeOf(this.#rollout, namespace, workload) < this.weight;
    return { included, byPodName: workload.byPodName };
  }

  /** Why `ask` answers as it does. */
  explain(pod: PodMetadata, namespace: string, record: NamespaceRecord | null, find: FindOwner): CohortExplanation {
    const workload = workloadOf(pod, find);
    const place = placeOf(this.#rollout, namespace, workload);
    return { keptOut: this.#keptOut(pod, namespace, record), workload, place };
  }

  #keptOut(pod: PodMetadata, namespace: string, record: NamespaceRecord | null): KeptOut | null {
    if (pod.annotations[ROLLOUT_ANNOTATION] === DISABLED) return 'podAnnotation';
    if (record !== null && record.annotations[ROLLOUT_ANNOTATION] === DISABLED) return 'namespaceAnnotation';
    if (!matches(this.#objects, pod.labels)) return 'objectSelector';
    if (this.#namespaces === null) return null;
    return matches(this.#namespaces, { ...record?.labels, [NAMESPACE_NAME]: namespace }) ? null : 'namespaceSelector';
  }
}

function compile(selector: Selector | null): CompiledLabelSelector | null {
  return selector === null ? null : compileLabelSelector(selector);
}

/** A missing selector lets everything through; one that does not compile (no file has one) nothing. */
function matches(selector: CompiledLabelSelector | null, labels: Readonly<Record<string, string>>): boolean {
  return selector === null || (selector.ok && selector.matches(labels));
}
