import type { JsonValue } from '../template/value.ts';
import type { MergeRun } from './merge-run.ts';

/** What identifies an element: its merge key's value, or the element itself in a list of scalars; undefined: it has none. */
export type MergeKey = JsonValue | undefined;

/** Up to this many keys a scan is quicker than building a table. */
const SCAN_LIMIT = 12;

/**
 * Finds the first position of a key in a list. Keys compare by type and value, and null equals null. Keys that are objects
 * or lists can not be compared upstream (it panics when two of a kind meet): MERGE_KEY_TYPE.
 */
export class KeyIndex {
  readonly #keys: readonly MergeKey[];
  #table: Map<MergeKey, number> | undefined;

  constructor(keys: readonly MergeKey[]) {
    this.#keys = keys;
  }

  /** Position of the first element with that key, or -1. An absent key is never found. */
  find(run: MergeRun, key: MergeKey): number {
    if (key === undefined) return -1;
    if (typeof key === 'object' && key !== null) return this.#findComposite(run, key);
    if (this.#keys.length <= SCAN_LIMIT) return this.#keys.indexOf(key);
    this.#table ??= tabulate(this.#keys);
    return this.#table.get(key) ?? -1;
  }

  #findComposite(run: MergeRun, key: object): number {
    for (const other of this.#keys) {
      if (typeof other === 'object' && other !== null && Array.isArray(other) === Array.isArray(key)) {
        run.fail('MERGE_KEY_TYPE', 'a merge key is an object or a list');
      }
    }
    return -1;
  }
}

function tabulate(keys: readonly MergeKey[]): Map<MergeKey, number> {
  const table = new Map<MergeKey, number>();
  for (let i = keys.length - 1; i >= 0; i--) table.set(keys[i], i);
  return table;
}
