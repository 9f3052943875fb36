/** What has to be found out about a rollout next, and how long that has time. */
import type { Rollout, WebhookType } from './rollout.ts';
import type { RolloutState } from './state.ts';

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
}

/** Null: there is nothing to do but to wait for the files or a command. `turn`: the mesh's default is the revision to leave. */
export function planOf(rollout: Rollout, state: RolloutState, turn: boolean): Plan | null {
  if (!turn || rollout.suspend || state.paused || state.digest !== rollout.digest) return null;
  const nothing = { afterMs: 0, hooks: null, rollback: false, metrics: false, gate: null };
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
        afterMs: rollout.intervalMs,
        hooks: 'rollout',
        rollback: true,
        metrics: true,
        gate: 'confirm-promotion',
      };
    case 'Promoting':
    case 'Finalising':
      return nothing;
    case 'Initializing':
    case 'Succeeded':
    case 'Failed':
      return null;
  }
}
