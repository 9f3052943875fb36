/** What has to be found out about a rollout next, and how long that has time. */
import type { Rollout, WebhookType } from './rollout.ts';
import type { RolloutState } from './state.ts';

/** Calls of an open-change webhook before it is given up, and the time after the first; it doubles with each further one. */
export const OPEN_ATTEMPTS = 10;
const OPEN_RETRY_MS = 1_000;

export interface Plan {
  /** How long the state has to have lasted first: a full interval where something is measured in it. */
  readonly afterMs: number;
  /** Webhooks with a say in the check. */
  readonly hooks: WebhookType | null;
  /** Webhooks that ask to roll back. */
  readonly rollback: boolean;
  readonly metrics: boolean;
  /** Webhooks without whose yes it does not go on. */
  readonly gate: WebhookType | null;
  /** The change to commit is handed to the open-change webhook. */
  readonly opens: boolean;
}

/** Null: there is nothing to do but to wait for the files or a command. `turn`: the mesh's default is the revision to leave. */
export function planOf(rollout: Rollout, state: RolloutState, turn: boolean): Plan | null {
  if (!turn || rollout.suspend || state.paused || state.digest !== rollout.digest) return null;
  const nothing = { afterMs: 0, hooks: null, rollback: false, metrics: false, gate: null, opens: false };
  switch (state.phase) {
    case 'Initialized':
      return { ...nothing, gate: 'confirm-rollout' };
    case 'Waiting':
      return { ...nothing, afterMs: rollout.intervalMs, gate: 'confirm-rollout', rollback: true };
    case 'Progressing':
    case 'WaitingPromotion':
      if (state.weight === 0) {
        const afterMs = state.failedChecks === 0 ? 0 : rollout.intervalMs;
        return { ...nothing, afterMs, hooks: 'pre-rollout', rollback: true };
      }
      return {
        ...nothing,
        afterMs: rollout.intervalMs,
        hooks: 'rollout',
        rollback: true,
        metrics: true,
        gate: 'confirm-promotion',
      };
    case 'Promoting':
    case 'Finalising':
      return nothing;
    case 'Succeeded': {
      const { attempts, condition } = state.opening ?? { attempts: 0, condition: null };
      const open = condition === null || condition.status === 'Unknown';
      if (!open || state.agreed || rollout.webhooks.every(({ type }) => type !== 'open-change')) return null;
      return { ...nothing, afterMs: attempts === 0 ? 0 : OPEN_RETRY_MS * 2 ** (attempts - 1), opens: true };
    }
    case 'Initializing':
    case 'Failed':
      return null;
  }
}
