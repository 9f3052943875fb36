/** How far a rollout is: plain data, which is what is kept on disk. Phases, condition and their meanings are those of Flagger's Canary. */

export type Phase =
  /** Seen, and not looked at yet. */
  | 'Initializing'
  /** Ready to begin, or not its turn: the mesh's default is another revision than `from`. */
  | 'Initialized'
  /** A confirm-rollout webhook has not said yes. */
  | 'Waiting'
  /** The analysis is under way. */
  | 'Progressing'
  /** The analysis is at its last step, and a confirm-promotion webhook has not said yes. */
  | 'WaitingPromotion'
  /** `to` is the default from now on. */
  | 'Promoting'
  /** `to` is the default everywhere. */
  | 'Finalising'
  | 'Succeeded'
  | 'Failed';

/** Flagger's only condition: whether the last analysis has led to a promotion. */
export interface Condition {
  readonly type: 'Promoted';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Phase;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly lastUpdateTime: string;
}

export interface RolloutEvent {
  readonly at: string;
  readonly type: 'Normal' | 'Warning';
  readonly message: string;
}

/** Why a check did not pass; what can not be said is null. */
export interface FailedCheck {
  readonly check: string;
  readonly value: number | null;
  /** `max 1`, `min 99`; what a webhook should have said. */
  readonly limit: string;
  readonly message: string;
}

/** Whether the change that a promotion leaves to commit was handed to a webhook of the type open-change. */
export interface ChangeCondition {
  readonly type: 'ChangeOpened';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: 'Opened' | 'Retrying' | 'GaveUp';
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly lastUpdateTime: string;
}

/** Calls so far. */
export interface Opening {
  readonly attempts: number;
  readonly condition: ChangeCondition;
}

export interface RolloutState {
  /** Of the rollout that this is about. */
  readonly digest: string;
  readonly phase: Phase;
  /** Of the mesh's workloads that get `to`, in percent; 0 before the first step and after a rollback. */
  readonly weight: number;
  /** Checks that have passed at the last step. */
  readonly iterations: number;
  readonly failedChecks: number;
  /** By command; the files have `suspend` for it. */
  readonly paused: boolean;
  /** Whether the mesh's files name `to` as the default. */
  readonly agreed: boolean;
  readonly condition: Condition;
  /** Why it is Failed, or what failed last. */
  readonly failure: FailedCheck | null;
  /** The newest last; EVENT_LIMIT of them. */
  readonly events: readonly RolloutEvent[];
  /** Left out before the first call. */
  readonly opening?: Opening;
  /** Goes up with every change: what was measured under another one says nothing about this. */
  readonly generation: number;
}

export const EVENT_LIMIT = 50;

/** Phases in which `to` is the default of the mesh. */
export function isPromoted(phase: Phase): boolean {
  return phase === 'Promoting' || phase === 'Finalising' || phase === 'Succeeded';
}

export function isOver(phase: Phase): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
