/**
 * Items in the order in which they came, each of which can leave at any time. The items themselves carry the links.
 *
 * For what comes and goes with each request this takes the place of a Set. V8 makes a Set's table anew after as many additions as it
 * has room for, and the old table keeps what it held then and a link to the new one. As soon as one table of that chain has
 * reached the old generation, all later ones are taken for reachable from there, with every request they held, until a full collection:
 * nearly all that a request had allocated was copied and promoted.
 */

/** What can be in a list, in one at a time. The links are the list's to set. */
export interface Arrival<T> {
  older: T | null;
  newer: T | null;
}

export class ArrivalList<T extends Arrival<T>> {
  #oldest: T | null = null;
  #newest: T | null = null;

  get oldest(): T | null {
    return this.#oldest;
  }

  /** Puts an item that is in no list at the end. */
  add(item: T): void {
    item.older = this.#newest;
    if (this.#newest === null) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  /** Takes an item out; nothing happens where it is in no list. */
  delete(item: T): void {
    const { older, newer } = item;
    if (older !== null) older.newer = newer;
    else if (this.#oldest === item) this.#oldest = newer;
    else return;
    if (newer !== null) newer.older = older;
    else this.#newest = older;
    item.older = null;
    item.newer = null;
  }
}
