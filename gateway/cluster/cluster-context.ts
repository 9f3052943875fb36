/**
 * What injection needs to know of a cluster, from watches: namespaces with their labels and annotations, the nodes' versions, and owners
 * whose names do not tell who owns them. In the shape of a ClusterSnapshot, so that reviews are answered as with one that somebody has
 * committed.
 */
import type { OwnerChange } from '../routing/owner-changes.ts';
import type { ClusterSnapshot } from '../snapshot.ts';
import type { ClusterClient } from './cluster-client.ts';
import { textAt, textsAt } from './kube-objects.ts';
import { OwnerTable } from './owner-table.ts';
import { Reflector, type ReflectorState } from './reflector.ts';

/** Changes that come so close together are told as one. */
const GATHER_MS = 20;
/** How long the start of a gateway waits for namespaces and nodes. */
const FIRST_LIST_MS = 5_000;
/** Annotations of tools that repeat a whole object; nothing decides by them. */
const BULKY_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

export interface ClusterContextParts {
  readonly client: ClusterClient;
  readonly onState: (state: ReflectorState) => void;
  /** Called with what is known from now on; never while nothing is known. */
  readonly onChange: (cluster: ClusterSnapshot) => void;
  /** What has changed of the owners since. */
  readonly onOwners: (changes: readonly OwnerChange[]) => void;
}

type Namespace = ClusterSnapshot['namespaces'] extends ReadonlyMap<string, infer T> ? T : never;

export class ClusterContext {
  readonly #parts: ClusterContextParts;
  readonly #namespaces: Table<Namespace>;
  readonly #nodes: Table<string>;
  readonly #owners: readonly OwnerTable[];
  readonly #reflectors: readonly Reflector[];
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #told = false;

  constructor(parts: ClusterContextParts) {
    this.#parts = parts;
    const changed = (): void => this.#gather();
    this.#namespaces = new Table(namespaceOf, changed);
    this.#nodes = new Table((node) => textAt(node, 'status', 'nodeInfo', 'kubeletVersion') || null, changed);
    const { client, onState } = parts;
    // Not gathered: a ReplicaSet's first pod comes soon after it.
    const told = (changes: readonly OwnerChange[]): void => this.#tellOwners(changes);
    const replicaSets = new OwnerTable('ReplicaSet', 'apps/v1', told);
    const jobs = new OwnerTable('Job', 'batch/v1', told);
    this.#owners = [replicaSets, jobs];
    const owners = { client, onState, metadataOnly: true };
    this.#reflectors = [
      new Reflector({
        ...{ client, onState, path: '/api/v1/namespaces', what: 'namespaces', metadataOnly: true },
        sink: this.#namespaces,
      }),
      new Reflector({ client, onState, path: '/api/v1/nodes', what: 'nodes', sink: this.#nodes }),
      new Reflector({ ...owners, path: '/apis/apps/v1/replicasets', what: 'replicasets', sink: replicaSets }),
      new Reflector({ ...owners, path: '/apis/batch/v1/jobs', what: 'jobs', sink: jobs }),
    ];
  }

  /** Begins to watch; resolves when all is known, at the latest after 5 s: what comes later is told then. */
  async start(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.start();
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced(FIRST_LIST_MS)));
    this.#tell();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  #gather(): void {
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  #tell(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#stopped || !this.#reflectors.some(({ state }) => state.synced)) return;
    const nodes = [...this.#nodes.entries].map(([name, kubeletVersion]) => ({ name, kubeletVersion }));
    // The name is for people: nothing is looked up by it.
    const namespaces = new Map(this.#namespaces.entries);
    const owners = new Map(this.#owners.flatMap((table) => [...table.owners]));
    this.#parts.onChange({ name: 'watched', namespaces, owners, ownersComplete: false, nodes });
    this.#told = true;
  }

  /** Before anything is told, all of them are told with the rest. */
  #tellOwners(changes: readonly OwnerChange[]): void {
    if (this.#stopped) return;
    if (this.#told) this.#parts.onOwners(changes);
    else this.#gather();
  }
}

/** What is kept of the objects of one kind, by name. Nodes tell often that they live; only what is kept counts as a change. */
class Table<T> {
  readonly #read: (object: unknown) => T | null;
  readonly #changed: () => void;
  entries = new Map<string, T>();
  #gathered: Map<string, T> | null = null;

  constructor(read: (object: unknown) => T | null, changed: () => void) {
    this.#read = read;
    this.#changed = changed;
  }

  begin(): void {
    this.#gathered = new Map();
  }

  put(object: unknown): void {
    const name = textAt(object, 'metadata', 'name');
    const value = this.#read(object);
    if (value === null || name === '') return;
    if (this.#gathered !== null) {
      this.#gathered.set(name, value);
      return;
    }
    if (JSON.stringify(this.entries.get(name)) === JSON.stringify(value)) return;
    this.entries.set(name, value);
    this.#changed();
  }

  remove(object: unknown): void {
    if (this.entries.delete(textAt(object, 'metadata', 'name'))) this.#changed();
  }

  complete(): void {
    if (this.#gathered !== null) this.entries = this.#gathered;
    this.#gathered = null;
    this.#changed();
  }
}

function namespaceOf(object: unknown): Namespace {
  const { [BULKY_ANNOTATION]: _, ...annotations } = textsAt(object, 'metadata', 'annotations');
  return { labels: textsAt(object, 'metadata', 'labels'), annotations };
}
