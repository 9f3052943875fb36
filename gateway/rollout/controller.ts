/**
 * Carries out what reduce.ts decides: looks at each rollout again and again, measures when it is time, stores every change before it
 * acts on it, and tells the routers. Of several gateways on one state folder the one that has the lock does this; the others follow
 * what it stores, and take commands.
 *
 * Time between checks is measured by the monotonic clock from when this process first saw a state, so neither a jump of the
 * wall clock nor a restart makes an interval shorter.
 */

import { GatewayError } from '../errors.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Assignment } from './assignment.ts';
import { type ChangeToCommit, commitOf, revisionOfSource } from './change.ts';
import type { ControllerLock } from './file-lock.ts';
import { type FurtherMetrics, investigate } from './investigate.ts';
import { Ledger } from './ledger.ts';
import type { ChangeOfRepository, Outbound } from './outbound.ts';
import { planOf } from './plan.ts';
import { type Command, type Happening, type Position, reduce, refusalOf } from './reduce.ts';
import type { Tally } from './revision-tally.ts';
import type { Metric, Rollout } from './rollout.ts';
import { isOver, isPromoted, type RolloutState } from './state.ts';
import type { RolloutStates } from './state-text.ts';
import type { StateStore } from './store.ts';
import { TallyWindow } from './tally-window.ts';

/** How often states and plans are looked at: what another process has stored is seen within it. */
const TURN_MS = 100;
/** How often the lock is touched, or tried for. */
const LOCK_MS = 1_000;
/** How often counts are asked for while they matter: what a process counted after that goes with it when it ends. */
const COUNT_MS = 1_000;
export interface RolloutControllerParts {
  readonly store: StateStore;
  readonly lock: ControllerLock;
  readonly outbound: Pick<Outbound, 'query' | 'callWebhook' | 'openChange' | 'close'>;
  /** URL of a source, without credentials; null names the only one. */
  readonly repository: (source: string | null) => string;
  readonly further: FurtherMetrics;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Those who route. */
  readonly fleet: {
    assign(assignments: readonly Assignment[]): Promise<void>;
    tallies(): Promise<readonly Tally[]>;
  };
}

/** What is known about a rollout since this process saw its present state. */
interface Watched {
  readonly digest: string;
  readonly generation: number;
  readonly sinceMs: number;
  readonly window: TallyWindow;
}

export class RolloutController {
  readonly #parts: RolloutControllerParts;
  readonly #ledger: Ledger;
  #snapshot: Snapshot | null = null;
  #assigned = '[]';
  /** Assignments for the snapshot that is about to go. */
  #outgoing: readonly Assignment[] = [];
  readonly #watched = new Map<string, Watched>();
  readonly #running = new Set<string>();
  #holding = false;
  /** Requests are answered, so that there is something to measure. */
  #serving = false;
  #triedLockMs = Number.NEGATIVE_INFINITY;
  #countedMs = Number.NEGATIVE_INFINITY;
  #work: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  /** The last fault that was told: one that lasts is told once. */
  #fault = '';

  constructor(parts: RolloutControllerParts) {
    this.#parts = parts;
    const { store, logger } = parts;
    this.#ledger = new Ledger({
      store,
      onProblem: (problem) => logger.error({ code: 'STATE_CORRUPT' }, `rollouts: ${problem}`),
      onUnsaved: (error) => logger.error({ err: error }, 'a roll-back could not be stored; it holds all the same'),
    });
  }

  /**
   * Learns of a snapshot before it is adopted, so that its rollouts are as far as they were from the first request on. What held for the
   * snapshot before holds until `settle`. Never rejects.
   */
  async prepare(snapshot: Snapshot): Promise<void> {
    const before = this.#assignments();
    this.#snapshot = snapshot;
    if (this.#isIdle || this.#stopped) return;
    this.#outgoing = before;
    await this.#guarded(() => this.#serially(() => this.#lookAround()));
  }

  /** The prepared snapshot serves. */
  async settle(): Promise<void> {
    this.#outgoing = [];
    if (this.#isIdle) return;
    await this.#guarded(() => this.#assign());
    if (this.#timer === null && !this.#stopped) this.#schedule();
  }

  /** From now on requests are answered: analyses go on. */
  begin(): void {
    this.#serving = true;
  }

  /** States of the snapshot's rollouts; null for one that nothing is known about yet. */
  list(): readonly { readonly rollout: Rollout; readonly state: RolloutState | null }[] {
    return rolloutsOf(this.#snapshot).map((rollout) => ({ rollout, state: this.#stateOf(rollout) }));
  }

  assignments(): readonly Assignment[] {
    return this.#assignments();
  }

  /** Whether this process is the one that measures and decides. */
  get controls(): boolean {
    return this.#holding;
  }

  position(rollout: Rollout): Position {
    const current = this.#snapshot?.meshes.get(rollout.mesh)?.defaultRevision;
    return current === rollout.from ? 'from' : current === rollout.to ? 'to' : 'elsewhere';
  }

  /** What its promotion leaves to commit; null where that is not known. */
  changeOf({ name }: Rollout): ChangeToCommit | null {
    return this.#snapshot?.changes?.get(name) ?? null;
  }

  /**
   * Carries out a command, whichever process has the lock. Rejects with ROLLOUT_UNKNOWN, ROLLOUT_REFUSED, or ROLLOUT_UNSAVED where it
   * could not be stored.
   */
  async command(name: string, command: Command): Promise<void> {
    const rollout = this.#snapshot?.rollouts?.get(name);
    if (rollout === undefined)
      throw new GatewayError('ROLLOUT_UNKNOWN', `There is no rollout ${JSON.stringify(name)}.`);
    const refusal = await this.#serially(() => this.#obey(rollout, command)).catch((error: unknown) => {
      const message = `The command could not be stored: ${textOf(error)}.`;
      throw new GatewayError('ROLLOUT_UNSAVED', message, { cause: error });
    });
    if (refusal === null) return;
    throw new GatewayError('ROLLOUT_REFUSED', `Can not ${command} ${name}: ${refusal}.`);
  }

  /** Why the command can not be followed; null when it was. */
  async #obey(rollout: Rollout, command: Command): Promise<string | null> {
    let refusal: string | null = null;
    await this.#ledger.refresh();
    await this.#advance(rollout, { type: 'commanded', command }, (before) => {
      const known = before !== null && before.digest === rollout.digest;
      refusal = known ? refusalOf(rollout, before, command) : 'it has not been looked at yet';
      return refusal === null;
    });
    await this.#assign();
    return refusal;
  }

  /** Ends measuring and deciding; how far rollouts are stays. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#work.catch(() => undefined);
    if (this.#holding) await this.#parts.lock.release().catch(() => undefined);
    await this.#parts.outbound.close();
  }

  /** No rollout, and none before: then nothing is looked at. */
  get #isIdle(): boolean {
    return !this.#ledger.loaded && rolloutsOf(this.#snapshot).length === 0;
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.#guarded(() => this.#serially(() => this.#lookAround()));
      if (!this.#stopped) this.#schedule();
    }, TURN_MS);
  }

  /** One turn: what others have stored, who controls, what the files say, what there is to measure. */
  async #lookAround(): Promise<void> {
    await this.#ledger.refresh();
    await this.#holdLock();
    if (this.#holding) {
      await this.#ledger.save();
      await this.#observe();
    }
    await this.#assign();
    if (this.#serving && this.#holding && this.#outgoing.length === 0) await this.#measureWhatIsDue();
  }

  async #holdLock(): Promise<void> {
    const { lock, logger } = this.#parts;
    const nowMs = performance.now();
    if (nowMs - this.#triedLockMs < LOCK_MS) return;
    this.#triedLockMs = nowMs;
    const held = await lock.hold();
    if (held !== this.#holding)
      logger.info({ controls: held }, held ? 'controls the rollouts' : 'follows the rollouts of another gateway');
    // What was measured before somebody else had the lock says nothing now.
    if (held && !this.#holding) this.#watched.clear();
    this.#holding = held;
  }

  async #observe(): Promise<void> {
    const rollouts = rolloutsOf(this.#snapshot);
    const names = new Set(rollouts.map(({ name }) => name));
    if ([...this.#ledger.states.keys()].some((name) => !names.has(name))) {
      await this.#ledger.change((states) => new Map([...states].filter(([name]) => names.has(name))));
    }
    for (const rollout of rollouts) {
      await this.#advance(rollout, { type: 'observed', position: this.position(rollout) }, () => true);
    }
  }

  async #measureWhatIsDue(): Promise<void> {
    for (const rollout of rolloutsOf(this.#snapshot)) {
      const state = this.#stateOf(rollout);
      const plan = state === null ? null : planOf(rollout, state, this.position(rollout) === 'from');
      if (state === null || plan === null) {
        this.#watched.delete(rollout.name);
        continue;
      }
      const watched = await this.#watch(rollout, state);
      if (plan.metrics) await this.#count();
      if (this.#running.has(rollout.name) || performance.now() - watched.sinceMs < plan.afterMs) continue;
      this.#running.add(rollout.name);
      void this.#guarded(() => this.#check(rollout, state, watched)).finally(() => this.#running.delete(rollout.name));
    }
  }

  async #watch(rollout: Rollout, state: RolloutState): Promise<Watched> {
    const { generation, weight } = state;
    const { name, digest } = rollout;
    const before = this.#watched.get(name);
    if (before !== undefined && before.digest === digest && before.generation === generation) return before;
    const fresh = before === undefined || before.digest !== digest || weight === 0;
    const window = fresh ? new TallyWindow() : before.window;
    if (!isPromoted(state.phase)) await this.#parts.further.begin(rollout);
    const tallies = await this.#parts.fleet.tallies();
    const watched = { digest, generation, sinceMs: performance.now(), window };
    window.add(watched.sinceMs, state, tallies);
    this.#watched.set(name, watched);
    return watched;
  }

  async #count(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#countedMs < COUNT_MS) return;
    this.#countedMs = nowMs;
    await this.#parts.fleet.tallies();
  }

  /** Measures beside the turns, for it may take long. */
  async #check(rollout: Rollout, state: RolloutState, { window }: Watched): Promise<void> {
    const { outbound, further, fleet } = this.#parts;
    const plan = planOf(rollout, state, true);
    if (plan === null) return;
    const tallies = plan.metrics ? await fleet.tallies() : [];
    const nowMs = performance.now();
    const counts = (metric: Metric) => window.read(rollout, metric, nowMs, tallies);
    const change = plan.opens ? this.#changeOfRepository(rollout) : null;
    const checked = await investigate(rollout, state, plan, { outbound, further, counts, change });
    if (this.#stopped) return;
    await this.#serially(async () => {
      await this.#ledger.refresh();
      // Files or lock may be another's by now.
      const current = this.#snapshot?.rollouts?.get(rollout.name);
      if (!this.#holding || current?.digest !== rollout.digest || this.position(current) !== 'from') return;
      try {
        await this.#advance(current, checked, () => true);
      } catch (error) {
        this.#watched.delete(rollout.name);
        throw error;
      }
      await this.#assign();
      const after = this.#stateOf(current);
      if (after !== null) await this.#watch(current, after);
    });
  }

  #changeOfRepository(rollout: Rollout): ChangeOfRepository | null {
    const found = this.changeOf(rollout);
    if (found === null || this.#snapshot === null) return null;
    const { source, ...change } = found;
    const revision = revisionOfSource(this.#snapshot.revision, source);
    return { repository: this.#parts.repository(source), revision, commit: commitOf(revision), ...change };
  }

  /**
   * Takes a rollout to the state that follows, and stores it before anything acts on it; resolves with the state. Tries again from what
   * others have stored meanwhile. Rejects with the file system's error; a roll-back holds even so.
   */
  async #advance(
    rollout: Rollout,
    happening: Happening,
    wanted: (before: RolloutState | null) => boolean,
  ): Promise<RolloutState | null> {
    const at = new Date().toISOString();
    let before: RolloutState | null = null;
    await this.#ledger.change((states) => {
      before = states.get(rollout.name) ?? null;
      if (!wanted(before)) return states;
      const after = reduce(rollout, before, happening, at);
      return after === before ? states : new Map([...states, [rollout.name, after]]);
    }, rollsBack);
    const after = this.#ledger.states.get(rollout.name) ?? null;
    if (after !== null && after !== before) this.#tell(rollout, before, after);
    return after;
  }

  /** Logs what is new, and tells the post-rollout webhooks of the end. */
  #tell(rollout: Rollout, before: RolloutState | null, after: RolloutState): void {
    const { logger, outbound } = this.#parts;
    const told = new Set(before?.events ?? []);
    const facts = { rollout: rollout.name, mesh: rollout.mesh, phase: after.phase, weight: after.weight };
    for (const event of after.events) {
      if (told.has(event)) continue;
      if (event.type === 'Warning') logger.warn(facts, event.message);
      else logger.info(facts, event.message);
    }
    if (!isOver(after.phase) || after.phase === before?.phase || after.agreed) return;
    for (const webhook of rollout.webhooks.filter(({ type }) => type === 'post-rollout')) {
      void outbound.callWebhook(webhook, rollout, after).then(({ ok, name, message }) => {
        if (!ok) logger.warn(facts, `post-rollout webhook ${name} says no: ${message}`);
      });
    }
  }

  #stateOf(rollout: Rollout): RolloutState | null {
    const state = this.#ledger.states.get(rollout.name);
    return state === undefined || state.digest !== rollout.digest ? null : state;
  }

  #assignments(): readonly Assignment[] {
    return rolloutsOf(this.#snapshot).flatMap((rollout) => {
      const state = this.#stateOf(rollout);
      if (state === null) return [];
      const { digest, weight, phase } = state;
      return [{ rollout: rollout.name, digest, weight, promoted: isPromoted(phase) }];
    });
  }

  async #assign(): Promise<void> {
    const own = this.#assignments();
    const kept = this.#outgoing.filter(({ rollout, digest }) => {
      return !own.some((each) => each.rollout === rollout && each.digest === digest);
    });
    const all = [...own, ...kept];
    const text = JSON.stringify(all);
    if (text === this.#assigned) return;
    await this.#parts.fleet.assign(all);
    this.#assigned = text;
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work, work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#fault = '';
    } catch (error) {
      const fault = textOf(error);
      if (fault !== this.#fault) this.#parts.logger.error({ err: error }, 'the rollouts stay as they are');
      this.#fault = fault;
    }
  }
}

function rolloutsOf(snapshot: Snapshot | null): readonly Rollout[] {
  return [...(snapshot?.rollouts?.values() ?? [])];
}

function rollsBack(before: RolloutStates, after: RolloutStates): boolean {
  return [...after].some(([name, state]) => state.phase === 'Failed' && before.get(name)?.phase !== 'Failed');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
