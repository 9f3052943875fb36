/**
 * How much of the apiserver's timeout a request may use.
 */

/** `?timeout=` is what was left of the call, rounded up to whole seconds: almost a second of it may not be there. */
const ROUNDING_MS = 1_000;

/**
 * The budget in milliseconds: the timeout less the rounding second, where that leaves something, less the reserve for the way home.
 * A reserve that would leave nothing takes half.
 */
export function budgetMs(timeoutMs: number, reserveMs: number): number {
  const certain = timeoutMs > ROUNDING_MS ? timeoutMs - ROUNDING_MS : timeoutMs;
  return certain > reserveMs ? certain - reserveMs : certain / 2;
}
