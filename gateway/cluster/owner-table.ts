/**
 * ReplicaSets and Jobs whose owner is another than their name tells. Those of Deployments are named after them and a hash, so nothing is
 * kept of most; what is kept are those of other controllers, those without one, and the Jobs of CronJobs.
 */
import { deploymentOf, POD_TEMPLATE_HASH } from '../../workers/kube/replica-set.ts';
import type { OwnerRecord } from '../../workers/protocol.ts';
import type { OwnerChange } from '../routing/owner-changes.ts';
import { at, listAt, textAt } from './kube-objects.ts';
import type { Sink } from './reflector.ts';

/** Owners of one kind that are kept; of more, the names have to tell. */
export const OWNER_LIMIT = 50_000;

export type OwnerKind = 'ReplicaSet' | 'Job';

export class OwnerTable implements Sink {
  readonly #kind: OwnerKind;
  readonly #apiVersion: string;
  readonly #changed: (changes: readonly OwnerChange[]) => void;
  readonly owners = new Map<string, OwnerRecord>();
  #gathered: Map<string, OwnerRecord> | null = null;

  constructor(kind: OwnerKind, apiVersion: string, changed: (changes: readonly OwnerChange[]) => void) {
    this.#kind = kind;
    this.#apiVersion = apiVersion;
    this.#changed = changed;
  }

  begin(): void {
    this.#gathered = new Map();
  }

  put(object: unknown): void {
    const record = this.#recordOf(object);
    const key = this.#keyOf(object);
    if (this.#gathered !== null) {
      if (record !== null && this.#gathered.size < OWNER_LIMIT) this.#gathered.set(key, record);
    } else this.#change([{ key, record }]);
  }

  remove(object: unknown): void {
    this.#change([{ key: this.#keyOf(object), record: null }]);
  }

  complete(): void {
    const listed = this.#gathered ?? new Map<string, OwnerRecord>();
    this.#gathered = null;
    const gone = [...this.owners.keys()].filter((key) => !listed.has(key)).map((key) => ({ key, record: null }));
    this.#change([...gone, ...[...listed].map(([key, record]) => ({ key, record }))]);
  }

  /** Signs of life of a ReplicaSet are no change of its owners. */
  #change(all: readonly OwnerChange[]): void {
    const changes = all.filter(({ key, record }) => {
      if (record === null) return this.owners.delete(key);
      const before = this.owners.get(key);
      if (before === undefined && this.owners.size >= OWNER_LIMIT) return false;
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(record)) return false;
      this.owners.set(key, record);
      return true;
    });
    if (changes.length > 0) this.#changed(changes);
  }

  #keyOf(object: unknown): string {
    return `${this.#kind}/${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
  }

  #recordOf(object: unknown): OwnerRecord | null {
    const name = textAt(object, 'metadata', 'name');
    const ownerReferences = listAt(object, 'metadata', 'ownerReferences').map((reference) => ({
      apiVersion: textAt(reference, 'apiVersion'),
      kind: textAt(reference, 'kind'),
      name: textAt(reference, 'name'),
      ...(at(reference, 'controller') === true ? { controller: true } : {}),
    }));
    const hash = textAt(object, 'metadata', 'labels', POD_TEMPLATE_HASH);
    const told = this.#kind === 'ReplicaSet' ? deploymentOf(name, hash) : undefined;
    const [owner] = ownerReferences;
    const isTold =
      owner === undefined
        ? told === undefined
        : ownerReferences.length === 1 && owner.kind === 'Deployment' && owner.name === told;
    if (isTold) return null;
    return {
      apiVersion: this.#apiVersion,
      kind: this.#kind,
      name,
      namespace: textAt(object, 'metadata', 'namespace'),
      ownerReferences,
    };
  }
}
