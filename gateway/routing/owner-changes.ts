/** What a watch of a cluster tells of owners: too many, and too often, to be told all at once each time. */
import type { OwnerRecord } from '../../workers/protocol.ts';

export interface OwnerChange {
  /** `KIND/NAMESPACE/NAME` */
  readonly key: string;
  /** Null: it is gone, or its name has become all there is to know. */
  readonly record: OwnerRecord | null;
}

export function applyOwnerChanges(owners: Map<string, OwnerRecord>, changes: readonly OwnerChange[]): void {
  for (const { key, record } of changes) {
    if (record === null) owners.delete(key);
    else owners.set(key, record);
  }
}

/** Whether answers that were kept for replicas may have been given under another owner. The pods of a Job are hardly ever replicas. */
export function touchesReplicas(changes: readonly OwnerChange[]): boolean {
  return changes.some(({ key }) => key.startsWith('ReplicaSet/'));
}
