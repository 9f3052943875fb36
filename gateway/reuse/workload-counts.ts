/**
 * Counts for many workloads, each told by a hash, in a table of fixed size: nothing is allocated for a request, and nothing of it is kept.
 * Two workloads that have the same place take it from each other, and two with the same hash are one; so a count is only good for a guess.
 */

/** Workloads that can have a count at once; a power of two. */
export const PLACES = 16_384;
const MAX_COUNT = 255;

export class WorkloadCounts {
  readonly #hashes = new Uint32Array(PLACES);
  /** One more than the count; 0 for none. */
  readonly #counts = new Uint16Array(PLACES);

  /** The count of a workload, which is one more afterwards; -1 where there was none, and 0 afterwards. */
  next(hash: number): number {
    const place = hash % PLACES;
    if (this.#hashes[place] !== hash || this.#counts[place] === 0) {
      this.set(hash, 0);
      return -1;
    }
    const count = (this.#counts[place] ?? 1) - 1;
    if (count < MAX_COUNT) this.#counts[place] = count + 2;
    return count;
  }

  set(hash: number, count: number): void {
    const place = hash % PLACES;
    this.#hashes[place] = hash;
    this.#counts[place] = count + 1;
  }
}
