/** Time and chance, as arguments: tests hold the clock. */
export interface Clock {
  now(): Date;
  /** Calls back once after so many milliseconds; returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
