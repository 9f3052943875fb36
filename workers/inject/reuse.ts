/**
 * Whether the answer to one pod is the answer to its replicas too. Pods of one workload differ in their name and in the suffix of
 * their token's volume (`kube-api-access-xxxxx`, which the ServiceAccount admission controller makes up), beside the request's uid. The
 * gateway keeps an answer for reviews that are the same in every other byte, but only when the worker says that nothing which
 * decided about it looked at what differs.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../template/value.ts';

/** What the gateway would leave out of the comparison. */
export interface ReuseQuestion {
  /** metadata.name, and request.name where there is one; '' when the pod has no name yet. */
  readonly name: string;
  /** The token volume's whole name; '' when there is none. */
  readonly tokenVolume: string;
}

export const TOKEN_VOLUME_PREFIX = 'kube-api-access-';

/** Collects what an injection learns about its own dependence on a pod's identity. Nothing is granted that nobody vouched for. */
export class ReuseWatch {
  readonly question: ReuseQuestion;
  #vouched = false;
  #refused = false;

  constructor(question: ReuseQuestion) {
    this.question = question;
  }

  /** The provider has come to its answer in a way that is known to look at no name but through what is watched. */
  vouch(): void {
    this.#vouched = true;
  }

  /** Something looked. */
  refuse(): void {
    this.#refused = true;
  }

  get granted(): boolean {
    return this.#vouched && !this.#refused;
  }
}

const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/**
 * Whether the token volume's name stands in the review as the name of volumes and mounts alone, and the pod's name is its own: then
 * putting other names into the same places makes another pod of the same kind.
 */
export function isReplicable(review: string, pod: JsonObject, { name, tokenVolume }: ReuseQuestion): boolean {
  const metadata = pod['metadata'];
  if (!isJsonObject(metadata) || (metadata['name'] ?? '') !== name) return false;
  if (tokenVolume === '') return true;
  const spec = pod['spec'];
  if (!isJsonObject(spec)) return false;
  let places = namesOf(spec['volumes'], tokenVolume);
  for (const list of CONTAINER_LISTS) {
    const containers = spec[list];
    if (!Array.isArray(containers)) continue;
    for (const container of containers) {
      if (isJsonObject(container)) places += namesOf(container['volumeMounts'], tokenVolume);
    }
  }
  return places === occurrences(review, tokenVolume);
}

function namesOf(list: JsonValue | undefined, name: string): number {
  if (!Array.isArray(list)) return 0;
  return list.filter((item) => isJsonObject(item) && item['name'] === name).length;
}

function occurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** The pod for a template to look at; whatever reads its name, volumes or mounts, even to copy them, is noticed. */
export function watched<P extends JsonObject>(pod: P, watch: ReuseWatch): P {
  const metadata = pod['metadata'] as JsonObject;
  const spec = noticing(pod['spec'] as JsonObject, ['volumes'], watch);
  for (const list of CONTAINER_LISTS) {
    const containers = spec[list];
    if (Array.isArray(containers)) {
      spec[list] = containers.map((container) => noticing(container as JsonObject, ['volumeMounts'], watch));
    }
  }
  return { ...pod, metadata: noticing(metadata, ['name'], watch), spec };
}

function noticing(object: JsonObject, keys: readonly string[], watch: ReuseWatch): JsonObject {
  const copy: JsonObject = { ...object };
  for (const key of keys) {
    if (!Object.hasOwn(copy, key)) continue;
    const value = copy[key] as JsonValue;
    Object.defineProperty(copy, key, {
      enumerable: true,
      configurable: true,
      get: () => {
        watch.refuse();
        return value;
      },
    });
  }
  return copy;
}
