/**
 * The states of all rollouts in a ConfigMap. Each commit replaces the one version that it started from (resourceVersion), so that of two
 * who start from one version one wins and the other knows, whatever Leases say. It holds the states with their checksum, and those before
 * them for when somebody damages these by hand. Version numbers are this process's own count of what it has seen.
 *
 * Others' commits arrive by a watch, a moment after they are made. Without the cluster what is known stays in force.
 */
import { randomBytes } from 'node:crypto';
import { decodeStates, encodeStates, type RolloutStates } from '../rollout/state-text.ts';
import { type LoadedStates, NOTHING_STORED, type StateStore } from '../rollout/store.ts';
import type { ClusterClient } from './cluster-client.ts';
import { ClusterError, isStatus } from './cluster-error.ts';
import { at, textAt } from './kube-objects.ts';
import { Reflector, type ReflectorState } from './reflector.ts';

/** Of the states' text: a ConfigMap may have 1 MiB in all, and holds two of them where there is room. */
const MAX_BYTES = 900_000;
/** How long the first reading may take before the gateway serves without it. */
const FIRST_READ_MS = 5_000;
const COMMIT_TIMEOUT_MS = 5_000;
/** A follower has to see a new weight within two seconds, also after the watch was lost. */
const LONGEST_PAUSE_MS = 5_000;

export interface ConfigMapStoreOptions {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly name: string;
  readonly onState?: (state: ReflectorState) => void;
}

/** What is in the cluster, good or bad. */
interface Seen {
  /** Null: there is no ConfigMap. */
  readonly resourceVersion: string | null;
  /** Goes up by one with each change that is seen. */
  readonly version: number;
  /** The text of the states; empty where they are not good. */
  readonly text: string;
  /** Why `states` are not what is there. */
  readonly problem: string | null;
  /** The newest good ones. */
  readonly states: RolloutStates;
}

export class ConfigMapStore implements StateStore {
  readonly #options: ConfigMapStoreOptions;
  readonly #collection: string;
  readonly #reflector: Reflector;
  #seen: Seen = { resourceVersion: null, text: '', problem: null, ...NOTHING_STORED };
  #read = false;

  constructor(options: ConfigMapStoreOptions) {
    this.#options = options;
    const { client, namespace, name, onState } = options;
    this.#collection = `/api/v1/namespaces/${namespace}/configmaps`;
    let listed = false;
    this.#reflector = new Reflector({
      ...{ client, path: this.#collection, what: `ConfigMap ${namespace}/${name}`, longestPauseMs: LONGEST_PAUSE_MS },
      ...(onState === undefined ? {} : { onState }),
      query: { fieldSelector: `metadata.name=${name}` },
      sink: {
        begin: () => {
          listed = false;
        },
        put: (object) => {
          listed = true;
          this.#take(object);
        },
        remove: (object) => this.#miss(textAt(object, 'metadata', 'resourceVersion')),
        complete: () => {
          if (!listed) this.#miss(null);
          this.#read = true;
        },
      },
    });
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
  }

  get state(): ReflectorState {
    return this.#reflector.state;
  }

  async newest(): Promise<number> {
    return this.#seen.version;
  }

  /** The first call begins to watch. Rejects, after a while the first time, where nothing could be read yet. */
  async load(): Promise<LoadedStates> {
    this.#reflector.start();
    if (!this.#read) {
      const { error } = this.#reflector.state;
      if (error === null) await this.#reflector.whenSynced(FIRST_READ_MS);
      if (!this.#read) throw this.#reflector.state.error ?? unread(this.#options);
    }
    const { version, problem, states } = this.#seen;
    const stored = { version, states };
    return problem === null ? { stored, problems: [] } : { stored, problems: [problem], unsaved: true };
  }

  async commit(from: number, states: RolloutStates): Promise<boolean> {
    const bytes = encodeStates(states);
    if (bytes.length > MAX_BYTES) throw new Error(`the rollouts' states have more than ${MAX_BYTES} bytes`);
    if (!this.#read) throw this.#reflector.state.error ?? unread(this.#options);
    const { resourceVersion, version, text, problem } = this.#seen;
    if (version !== from) return false;
    const { client, namespace, name } = this.#options;
    const previous =
      problem === null && text !== '' && bytes.length + text.length <= MAX_BYTES ? { previous: text } : {};
    const writer = randomBytes(12).toString('hex');
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        ...{ name, namespace, labels: { 'app.kubernetes.io/managed-by': 'meshgate' } },
        ...(resourceVersion === null ? {} : { resourceVersion }),
      },
      data: { writer, states: bytes.toString('utf8'), ...previous },
    };
    const [method, path] =
      resourceVersion === null ? (['POST', this.#collection] as const) : (['PUT', this.#place] as const);
    try {
      this.#take(await client.request(method, path, { body, timeoutMs: COMMIT_TIMEOUT_MS }));
      return true;
    } catch (error) {
      // Somebody else was first, or our own first try has arrived after all: what is there now tells.
      if (isStatus(error, 409) || isStatus(error, 404)) return (await this.#look()) === writer;
      if (error instanceof ClusterError && error.code === 'CLUSTER_REFUSED') throw error;
      // No answer, or an error of the apiserver's: it may have been stored all the same.
      const stored = await this.#look().catch(() => {
        throw error;
      });
      if (stored === writer) return true;
      throw error;
    }
  }

  get #place(): string {
    return `${this.#collection}/${this.#options.name}`;
  }

  /** Takes what is there now; resolves with who wrote it. */
  async #look(): Promise<string> {
    try {
      const object = await this.#options.client.request('GET', this.#place, { timeoutMs: COMMIT_TIMEOUT_MS });
      this.#take(object);
      return textAt(object, 'data', 'writer');
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      this.#miss(null);
      return '';
    }
  }

  /** Events of the watch may be older than an answer that was taken already. */
  #take(object: unknown): void {
    const resourceVersion = textAt(object, 'metadata', 'resourceVersion');
    if (this.#seen.resourceVersion !== null && isOlder(resourceVersion, this.#seen.resourceVersion)) return;
    if (resourceVersion === this.#seen.resourceVersion) return;
    const data = at(object, 'data');
    const text = textAt(data, 'states');
    const decoded = decodeStates(Buffer.from(text));
    if ('problem' in decoded) this.#distrust(resourceVersion, decoded.problem, textAt(data, 'previous'));
    else this.#seen = { resourceVersion, version: this.#seen.version + 1, text, problem: null, states: decoded.states };
  }

  /** @param resourceVersion that of the removal, where it is known. */
  #miss(resourceVersion: string | null): void {
    const { resourceVersion: seen } = this.#seen;
    if (seen === null || (resourceVersion !== null && isOlder(resourceVersion, seen))) return;
    this.#distrust(null, 'was removed', '');
  }

  /** What is known stays, else what was before, until the controller stores it again. */
  #distrust(resourceVersion: string | null, why: string, previous: string): void {
    const { namespace, name } = this.#options;
    const { version, states } = this.#seen;
    const before = decodeStates(Buffer.from(previous));
    this.#seen = {
      ...{ resourceVersion, version: version + 1, text: '', problem: `ConfigMap ${namespace}/${name} ${why}` },
      states: version === 0 && 'states' in before ? before.states : states,
    };
  }
}

/** Resource versions are compared as numbers, which Kubernetes allows for objects of one kind since 1.35. */
function isOlder(one: string, other: string): boolean {
  return /^\d{1,19}$/.test(one) && /^\d{1,19}$/.test(other) && BigInt(one) < BigInt(other);
}

function unread({ namespace, name }: ConfigMapStoreOptions): ClusterError {
  return new ClusterError('CLUSTER_UNREACHABLE', `ConfigMap ${namespace}/${name} could not be read yet`);
}
