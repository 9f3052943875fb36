/** Random numbers that a seed repeats. */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761 + 1) >>> 0;
  }

  /** In [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(values: readonly T[]): T {
    const found = values[this.below(values.length)];
    if (found === undefined) throw new RangeError('nothing to choose from');
    return found;
  }

  /** How many of `n` succeed. */
  binomial(n: number, probability: number): number {
    let count = 0;
    for (let i = 0; i < n; i++) if (this.next() < probability) count += 1;
    return count;
  }
}
