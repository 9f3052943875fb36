/** Pauses between tries that fail: each twice as long as the one before, up to a limit, and none the same on two gateways. */
export class Backoff {
  readonly #firstMs: number;
  readonly #limitMs: number;
  #nextMs: number;

  constructor(firstMs: number, limitMs: number) {
    this.#firstMs = firstMs;
    this.#limitMs = limitMs;
    this.#nextMs = firstMs;
  }

  /** The next pause in milliseconds, between half and all of what it could be. */
  next(): number {
    const pauseMs = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(this.#limitMs, this.#nextMs * 2);
    return pauseMs;
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
