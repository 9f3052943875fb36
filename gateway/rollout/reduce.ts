/**
 * The rollout controller's mind: from a state and what has happened to the next state. It knows no clock, disk or network, so that a
 * simulation drives it as a gateway does. It never goes further than one step at a time, and who carries out what it says may stop
 * at any point: what is not kept has not happened.
 */
import { type HookAnswer, judge, type Measured } from './check.ts';
import { OPEN_ATTEMPTS } from './plan.ts';
import type { Rollout } from './rollout.ts';
import {
  type ChangeCondition,
  type Condition,
  EVENT_LIMIT,
  type FailedCheck,
  isOver,
  isPromoted,
  type Phase,
  type RolloutState,
} from './state.ts';

export type Command = 'pause' | 'resume' | 'promote' | 'abort';

/** Where the mesh's default revision is, by its files: at `from`, at `to`, or at another one. */
export type Position = 'from' | 'to' | 'elsewhere';

export type Happening =
  /** The files say this (again). */
  | { readonly type: 'observed'; readonly position: Position }
  /** What was asked of a state has been measured; null where there was nothing to measure. */
  | {
      readonly type: 'checked';
      readonly generation: number;
      /** A rollback webhook that has said yes. */
      readonly rollback: string | null;
      readonly measured: Measured;
      /** The gate of the phase: confirm-rollout or confirm-promotion; null: not asked. */
      readonly gate: { readonly open: boolean; readonly message: string } | null;
      /** What the open-change webhook has said; null: not asked. */
      readonly opened?: HookAnswer | null;
    }
  | { readonly type: 'commanded'; readonly command: Command };

/** The state before anything is known. */
export function initialState(rollout: Rollout, at: string): RolloutState {
  const message = `New rollout of ${rollout.mesh} from ${rollout.from} to ${rollout.to}`;
  return {
    digest: rollout.digest,
    phase: 'Initializing',
    weight: 0,
    iterations: 0,
    failedChecks: 0,
    paused: false,
    agreed: false,
    condition: conditionOf('Initializing', message, at, null),
    failure: null,
    events: [{ at, type: 'Normal', message }],
    generation: 1,
  };
}

/**
 * The next state; the same object when nothing changes. Never throws. `at`: the time for people, ISO 8601; nothing is decided by it.
 */
export function reduce(rollout: Rollout, state: RolloutState | null, happening: Happening, at: string): RolloutState {
  const known = state ?? initialState(rollout, at);
  if (known.digest !== rollout.digest) return restarted(rollout, known, happening, at);
  switch (happening.type) {
    case 'observed':
      return observed(rollout, known, happening.position, at);
    case 'commanded':
      return commanded(rollout, known, happening.command, at);
    case 'checked':
      if (happening.generation !== known.generation || rollout.suspend || known.paused) return known;
      return checked(rollout, known, happening, at);
  }
}

/** Why a command can not be followed; null when it can. */
export function refusalOf(rollout: Rollout, state: RolloutState, command: Command): string | null {
  const { phase, paused, agreed } = state;
  if (agreed) return 'the files name the new revision as the default already: the rollout is over';
  switch (command) {
    case 'pause':
      if (isOver(phase)) return `the rollout is ${phase}`;
      return paused ? 'the rollout is paused already' : null;
    case 'resume':
      if (!paused) return rollout.suspend ? 'the files suspend the rollout' : 'the rollout is not paused';
      return null;
    case 'promote':
      if (phase === 'Failed') return 'the rollout has failed: it begins anew when its files change';
      return isPromoted(phase) ? `the rollout is ${phase}` : null;
    case 'abort':
      return phase === 'Failed' ? 'the rollout has failed already' : null;
  }
}

function restarted(rollout: Rollout, before: RolloutState, happening: Happening, at: string): RolloutState {
  // A measurement or command of the rollout as it was is nothing to the one that it is now.
  if (happening.type !== 'observed') return before;
  const fresh = initialState(rollout, at);
  const message = `The rollout or one of its revisions has changed: ${before.weight > 0 ? 'restarting' : 'starting'} from weight 0`;
  const renewed = {
    ...fresh,
    generation: before.generation + 1,
    paused: before.paused,
    events: [...before.events, { at, type: 'Normal' as const, message }].slice(-EVENT_LIMIT),
  };
  return observed(rollout, renewed, happening.position, at);
}

function observed(rollout: Rollout, state: RolloutState, position: Position, at: string): RolloutState {
  const { phase } = state;
  if (position === 'to') {
    if (state.agreed) return state;
    const message = `The files name ${rollout.to} as the default of ${rollout.mesh}`;
    return next({ ...state, agreed: true, weight: 0, failure: null }, 'Succeeded', message, at);
  }
  if (phase === 'Initializing') return next(state, 'Initialized', 'Initialization done', at);
  if (state.agreed) {
    // Whoever takes the promotion back in the files does not want it to begin again by itself.
    const message = `the default of ${rollout.mesh} was taken back in the files`;
    const failure = { check: 'files', value: null, limit: '', message };
    return rolledBack(rollout, { ...state, agreed: false, failure }, at);
  }
  if (position === 'elsewhere' && phase !== 'Failed' && phase !== 'Initialized') {
    const fresh = { ...state, weight: 0, iterations: 0, failedChecks: 0, failure: null };
    const message = `The default of ${rollout.mesh} has changed in the files: starting from weight 0`;
    return next(fresh, 'Initialized', message, at);
  }
  return state;
}

function commanded(rollout: Rollout, state: RolloutState, command: Command, at: string): RolloutState {
  if (refusalOf(rollout, state, command) !== null) return state;
  switch (command) {
    case 'pause':
      return next({ ...state, paused: true }, state.phase, 'Paused by command', at);
    case 'resume':
      return next({ ...state, paused: false }, state.phase, 'Resumed by command', at);
    case 'promote':
      return next({ ...state, paused: false }, 'Promoting', `Promoted by command: ${rollout.to} is the default`, at);
    case 'abort': {
      const failure = { check: 'abort', value: null, limit: '', message: 'aborted by command' };
      return rolledBack(rollout, { ...state, paused: false, failure }, at);
    }
  }
}

type Checked = Extract<Happening, { readonly type: 'checked' }>;

function checked(rollout: Rollout, state: RolloutState, happening: Checked, at: string): RolloutState {
  const { rollback, gate } = happening;
  const underWay = state.phase === 'Progressing' || state.phase === 'Waiting' || state.phase === 'WaitingPromotion';
  if (rollback !== null && underWay) {
    const message = `webhook ${rollback} asks to roll back`;
    return rolledBack(rollout, { ...state, failure: { check: rollback, value: null, limit: '', message } }, at);
  }
  switch (state.phase) {
    case 'Initialized':
    case 'Waiting':
      if (rollout.skipAnalysis) return next(state, 'Promoting', 'Promoted without analysis, as the files say', at);
      if (gate !== null && !gate.open) {
        if (state.phase === 'Waiting') return { ...state, generation: state.generation + 1 };
        return next(state, 'Waiting', `Waiting for the approval of ${gate.message}`, at);
      }
      return next(state, 'Progressing', `Starting the analysis of ${rollout.to}`, at);
    case 'Progressing':
    case 'WaitingPromotion':
      return analysed(rollout, state, happening, at);
    case 'Promoting':
      return next(state, 'Finalising', `${rollout.to} is the default of ${rollout.mesh} in every process`, at);
    case 'Finalising': {
      const message = `Promotion completed: set defaultRevision of mesh ${rollout.mesh} to ${rollout.to} in the files`;
      return next(state, 'Succeeded', message, at);
    }
    case 'Succeeded':
      return happening.opened == null ? state : opened(state, happening.opened, at);
    case 'Initializing':
    case 'Failed':
      return state;
  }
}

/** What the webhook has said about the change to commit is told beside the condition of the rollout, which stays. */
function opened(state: RolloutState, { ok, name, message }: HookAnswer, at: string): RolloutState {
  const attempts = (state.opening?.attempts ?? 0) + 1;
  const gaveUp = !ok && attempts >= OPEN_ATTEMPTS;
  const told = ok
    ? `Webhook ${name} has taken the change to commit${message === '' ? '' : `: ${message}`}`
    : `Webhook ${name} has not taken the change to commit: ${message} (${attempts} of ${OPEN_ATTEMPTS})${gaveUp ? '; commit it by hand' : ''}`;
  const status = ok ? 'True' : gaveUp ? 'False' : 'Unknown';
  const before = state.opening?.condition;
  const condition: ChangeCondition = {
    type: 'ChangeOpened',
    status,
    reason: ok ? 'Opened' : gaveUp ? 'GaveUp' : 'Retrying',
    message: told,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : at,
    lastUpdateTime: at,
  };
  const event = { at, type: ok ? ('Normal' as const) : ('Warning' as const), message: told };
  return {
    ...state,
    opening: { attempts, condition },
    events: [...state.events, event].slice(-EVENT_LIMIT),
    generation: state.generation + 1,
  };
}

function analysed(rollout: Rollout, state: RolloutState, { measured, gate }: Checked, at: string): RolloutState {
  const begun = state.weight > 0;
  // Before the first step there is nothing to measure but what pre-rollout webhooks say.
  const verdict = judge(begun ? rollout : { ...rollout, metrics: [] }, measured);
  if (verdict.kind === 'undecided') {
    return next(state, state.phase, `Halt advancement of ${rollout.name}: ${verdict.message}`, at, 'Warning');
  }
  if (verdict.kind === 'failed') return failedOnce(rollout, state, verdict.failure, at);
  const step = nextStep(rollout, state.weight);
  if (step !== null) {
    return next({ ...state, weight: step }, 'Progressing', `Advance ${rollout.name} weight ${step}`, at);
  }
  const iterations = state.iterations + 1;
  if (iterations < rollout.iterations) {
    const message = `Advance ${rollout.name} iteration ${iterations}/${rollout.iterations}`;
    return next({ ...state, iterations }, state.phase, message, at);
  }
  if (gate !== null && !gate.open) {
    if (state.phase === 'WaitingPromotion') return { ...state, generation: state.generation + 1 };
    return next({ ...state, iterations }, 'WaitingPromotion', `Waiting for the approval of ${gate.message}`, at);
  }
  return next({ ...state, iterations }, 'Promoting', `Promoting: ${rollout.to} is the default of ${rollout.mesh}`, at);
}

/** The weight after this one; null at the last. */
export function nextStep({ steps }: Rollout, weight: number): number | null {
  return steps.find((step) => step > weight) ?? null;
}

/** Whether a check that passes leads to the question of promotion. */
export function asksPromotion(rollout: Rollout, { weight, iterations }: RolloutState): boolean {
  return nextStep(rollout, weight) === null && iterations + 1 >= rollout.iterations;
}

function failedOnce(rollout: Rollout, state: RolloutState, failure: FailedCheck, at: string): RolloutState {
  const failedChecks = state.failedChecks + 1;
  const failed = { ...state, failedChecks, failure };
  const message = `Halt advancement of ${rollout.name}: ${failure.message} (${failedChecks} of ${rollout.threshold})`;
  if (failedChecks < rollout.threshold) return next(failed, state.phase, message, at, 'Warning');
  return rolledBack(rollout, next(failed, state.phase, message, at, 'Warning'), at);
}

function rolledBack(rollout: Rollout, state: RolloutState, at: string): RolloutState {
  const why = state.failure?.message ?? '';
  const message = `Rolled back to ${rollout.from} from weight ${isPromoted(state.phase) ? 100 : state.weight}: ${why}`;
  // A change that was opened is nothing to commit any more.
  const { opening: _, ...rest } = state;
  return next({ ...rest, weight: 0 }, 'Failed', message, at, 'Warning');
}

type EventType = 'Normal' | 'Warning';

function next(
  state: RolloutState,
  phase: Phase,
  message: string,
  at: string,
  type: EventType = 'Normal',
): RolloutState {
  return {
    ...state,
    phase,
    condition: conditionOf(phase, message, at, state.condition),
    events: [...state.events, { at, type, message }].slice(-EVENT_LIMIT),
    generation: state.generation + 1,
  };
}

function conditionOf(phase: Phase, message: string, at: string, before: Condition | null): Condition {
  const status = phase === 'Succeeded' ? 'True' : phase === 'Failed' ? 'False' : 'Unknown';
  const same = before !== null && before.status === status && before.reason === phase;
  const lastTransitionTime = same ? before.lastTransitionTime : at;
  return { type: 'Promoted', status, reason: phase, message, lastTransitionTime, lastUpdateTime: at };
}
