/** Takes an even part of what passes, and no more than so many a second. Counts instead of chance: nothing to compute, nothing to seed. */

const WINDOW_MS = 1_000;

export class Sampler {
  readonly #part: number;
  readonly #perSecond: number;
  #due = 0;
  #windowAtMs = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  /** @param part above 0 and up to 1 */
  constructor(part: number, perSecond: number) {
    this.#part = part;
    this.#perSecond = perSecond;
  }

  /** Whether the next one is of the sample. */
  next(): boolean {
    this.#due += this.#part;
    // What adding up loses must not put off the last of a round.
    if (this.#due < 1 - 1e-9) return false;
    this.#due -= 1;
    return true;
  }

  /** Whether there is room for one of the sample in this second. */
  admit(nowMs: number): boolean {
    if (nowMs - this.#windowAtMs >= WINDOW_MS) {
      this.#windowAtMs = nowMs;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    return this.#inWindow <= this.#perSecond;
  }
}
