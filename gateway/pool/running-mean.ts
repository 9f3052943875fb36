/**
 * The mean of what was measured of late: of all of it at first, later with less weight the older it is.
 */
export class RunningMean {
  readonly #leastWeight: number;
  #count = 0;
  value: number;

  /** `first` stands until something is measured; from `1 / leastWeight` values on the newest has that weight. */
  constructor(first: number, leastWeight: number) {
    this.value = first;
    this.#leastWeight = leastWeight;
  }

  add(measured: number): void {
    this.#count += 1;
    this.value += (measured - this.value) * Math.max(this.#leastWeight, 1 / this.#count);
  }
}
