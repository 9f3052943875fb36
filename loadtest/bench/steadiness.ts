/**
 * When a server that was just started has reached its steady speed: V8 compiles hot code in stages, which takes 10 to 20 s for the
 * worker of a gateway that has one core. Told from what a request costs in successive windows, best of several against best of all
 * before, so that a noisy neighbour neither ends the warming early nor keeps it going.
 */

/** Requests and seconds that are served in any case before a server counts as warm. */
export const WARM_REQUESTS = 20_000;
export const WARM_SECONDS = 8;
/** No warming goes on for longer. */
export const WARM_LIMIT_SECONDS = 45;
/** Windows that have to bring nothing. */
export const WARM_LAST_WINDOWS = 5;
/** A cost that falls by less than this share has stopped falling. */
export const WARM_GAIN = 0.03;

export interface WarmWindow {
  readonly requests: number;
  readonly seconds: number;
  /** What a request cost: CPU time where it is known, otherwise time. Only compared with those of the same server. */
  readonly cost: number;
}

export interface WarmRule {
  readonly requests: number;
  readonly seconds: number;
  readonly limitSeconds: number;
}

export const WARM_RULE: WarmRule = {
  requests: WARM_REQUESTS,
  seconds: WARM_SECONDS,
  limitSeconds: WARM_LIMIT_SECONDS,
};

/** Whether the server that served these windows, oldest first, is warm or has had its time. */
export function isWarm(windows: readonly WarmWindow[], rule: WarmRule = WARM_RULE): boolean {
  const requests = windows.reduce((sum, window) => sum + window.requests, 0);
  const seconds = windows.reduce((sum, window) => sum + window.seconds, 0);
  if (seconds >= rule.limitSeconds) return true;
  if (requests < rule.requests || seconds < rule.seconds || windows.length <= WARM_LAST_WINDOWS) return false;
  const best = (some: readonly WarmWindow[]): number => Math.min(...some.map(({ cost }) => cost));
  return best(windows.slice(-WARM_LAST_WINDOWS)) > best(windows.slice(0, -WARM_LAST_WINDOWS)) * (1 - WARM_GAIN);
}
