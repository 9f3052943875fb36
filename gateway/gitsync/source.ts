/**
 * Where snapshots come from: looks at the sources again and again, and publishes what they say once all of it is right.
 *
 * A sync is a list of steps: fetch → verify → list → compose → parse → validate → resolve → compile → test → publish → persist. The first
 * failure ends it; the snapshot that serves stays, and the status tells why. Publishing is one assignment, so that a request sees either
 * snapshot.
 */
import type { Problem, Snapshot, SnapshotEntry, SnapshotSource, SourceControl, SourceStatus } from '../snapshot.ts';
import { type BuildCache, EMPTY_BUILD_CACHE, type TestSnapshot } from './build.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import type { CompileRevision } from './compile-revisions.ts';
import { composedRevision } from './compose.ts';
import { buildComposed, type ComposedBuild } from './composed-build.ts';
import { reportSource } from './conditions.ts';
import type { Environment } from './git-command.ts';
import { START_GRACE_MS, TRIGGER_DEBOUNCE_MS } from './limits.ts';
import { displaySource, sourcesIdentity } from './location.ts';
import { PROBLEM_CODES, type ProblemCode, problem, SourceError } from './problem.ts';
import { findSnapshot } from './rollback.ts';
import { createSchemaCheck } from './schema-check.ts';
import { SourceMember, withJitter } from './source-member.ts';
import type { SourceSpec } from './source-spec.ts';
import { listHistory, loadHeld, loadHistory, loadState, type SnapshotRecord, saveState } from './state.ts';
import type { SyncEvent } from './sync-event.ts';
import { problemsOf, textOf } from './thrown.ts';
import { type Watch, watchPaths } from './watch.ts';

export interface SnapshotSourceOptions {
  /** At least one, the base first; later ones are its overlays. */
  readonly sources: readonly SourceSpec[];
  /** Holds the caches of remotes and the last good snapshots; belongs to one gateway at a time. */
  readonly stateDir: string;
  readonly compile: CompileRevision;
  /** Runs the tests of a snapshot before it is published; left out: they are not run. */
  readonly test?: TestSnapshot | undefined;
  /** The process's environment: what git may need of it (proxies, keys, CA files). */
  readonly environment: Environment;
  readonly report?: (event: SyncEvent) => void;
  readonly clock?: Clock;
  /** Whether local sources are watched besides being looked at every interval. Default true. */
  readonly watch?: boolean;
}

export type { SyncEvent } from './sync-event.ts';

/** Makes a source; nothing is read before `start` or `sync`. `start` rejects with a SourceError, whose code is of PROBLEM_CODES. */
export function createSnapshotSource(options: SnapshotSourceOptions): SnapshotSource & SourceControl {
  return new SyncedSource(options);
}

class SyncedSource implements SnapshotSource, SourceControl {
  readonly #options: SnapshotSourceOptions;
  readonly #clock: Clock;
  readonly #identity: string;
  readonly #members: readonly SourceMember[];
  readonly #check = createSchemaCheck();
  readonly #publishListeners = new Set<(snapshot: Snapshot) => void>();
  readonly #statusListeners = new Set<(status: SourceStatus) => void>();
  readonly #abort = new AbortController();
  #watch: Watch | null = null;
  #cache: BuildCache = EMPTY_BUILD_CACHE;
  #current: Snapshot | null = null;
  #status: SourceStatus = {
    serving: null,
    fromState: false,
    observed: null,
    lastAttemptAt: null,
    lastSuccessAt: null,
    problems: [],
    held: null,
    sources: [],
  };
  /** Whether the observed revision's problems are in its files, so that only another revision can be better. */
  #conclusive = false;
  /** Builds that failed in a row for a reason that is not in the files. */
  #failures = 0;
  #running: Promise<SourceStatus> | null = null;
  /** Sources that became due while a sync was under way. */
  readonly #stale = new Set<SourceMember>();
  #started = false;
  #cancelTrigger: (() => void) | null = null;
  #storageFault: string | null = null;
  #record: SnapshotRecord | null = null;

  constructor(options: SnapshotSourceOptions) {
    const { sources, stateDir, environment } = options;
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#identity = sourcesIdentity(sources);
    const onRepair = (message: string) => this.#report({ type: 'repaired', message });
    this.#members = sources.map((spec) => new SourceMember({ spec, stateDir, environment, onRepair }));
  }

  current(): Snapshot | null {
    return this.#current;
  }

  status(): SourceStatus {
    return this.#status;
  }

  onPublish(listener: (snapshot: Snapshot) => void): () => void {
    this.#publishListeners.add(listener);
    return () => this.#publishListeners.delete(listener);
  }

  onStatus(listener: (status: SourceStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /**
   * The sources have a few seconds to answer; then the saved snapshot serves, if there is one, and they are still tried. With neither,
   * rejects with what is wrong, and nothing goes on behind it.
   */
  async start(): Promise<void> {
    this.#throwIfStopped();
    this.#started = true;
    for (const { spec } of this.#members) {
      if (/^http:\/\//i.test(spec.url)) this.#report({ type: 'insecure-transport', source: displaySource(spec.url) });
    }
    // What was rolled back before a restart stays so.
    this.#status = { ...this.#status, held: await loadHeld(this.#options.stateDir, this.#identity) };
    const first = this.sync();
    await this.#withinGrace(first);
    if (this.#current === null) await this.#serveFromState();
    if (this.#current === null) await first;
    this.#throwIfStopped();
    if (this.#current === null) {
      this.#started = false;
      this.#cancelTimers();
      const [problem_, ...others] = this.#status.problems;
      throw new SourceError([problem_ ?? problem('SOURCE_FAILED', '', 'there is no snapshot to serve'), ...others]);
    }
    await this.#startWatching();
  }

  sync(): Promise<SourceStatus> {
    return this.#sync(this.#members);
  }

  trigger(): void {
    if (this.#running !== null) {
      for (const member of this.#members) this.#stale.add(member);
      return;
    }
    if (this.#cancelTrigger !== null || this.#abort.signal.aborted) return;
    this.#cancelTrigger = this.#clock.after(TRIGGER_DEBOUNCE_MS, () => void this.sync());
  }

  async snapshots(): Promise<readonly SnapshotEntry[]> {
    const records = await listHistory(this.#options.stateDir, this.#identity);
    return records.map((record) => ({ ...record, serving: record.id === this.#record?.id }));
  }

  async rollback(to: string | null): Promise<SnapshotEntry> {
    await this.#running?.catch(() => undefined);
    const { stateDir } = this.#options;
    const wanted = findSnapshot(await this.snapshots(), to);
    const state = await loadHistory(stateDir, this.#identity, wanted.id);
    if (state.kind !== 'loaded') {
      const [why] = state.kind === 'ignored' && state.problem !== null ? [state.problem] : [];
      throw new SourceError([why ?? problem('SNAPSHOT_UNKNOWN', '', `the snapshot ${wanted.id} is gone`)]);
    }
    const held = this.#status.observed ?? this.#status.serving;
    const { revision } = state.snapshot;
    this.#status = { ...this.#status, serving: revision, fromState: false, problems: [], held };
    this.#publish(state.snapshot);
    this.#report({ type: 'rolled-back', revision, held });
    await this.#persist(state.snapshot, held);
    this.#describeSources();
    this.#tellStatus();
    return { ...wanted, serving: true };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelTimers();
    await this.#running?.catch(() => undefined);
    await this.#watch?.close();
    this.#watch = null;
    this.#publishListeners.clear();
    this.#statusListeners.clear();
  }

  #sync(due: readonly SourceMember[]): Promise<SourceStatus> {
    if (this.#abort.signal.aborted) return Promise.resolve(this.#status);
    this.#running ??= this.#syncOnce(due).finally(() => {
      this.#running = null;
      this.#scheduleNext(due);
    });
    return this.#running;
  }

  async #syncOnce(due: readonly SourceMember[]): Promise<SourceStatus> {
    for (const member of due) {
      this.#stale.delete(member);
      member.cancelTimer?.();
    }
    this.#cancelTrigger?.();
    this.#cancelTrigger = null;
    const attemptedAt = this.#clock.now();
    const { signal } = this.#abort;
    let outcome: Outcome;
    try {
      outcome = await this.#attempt(due, attemptedAt, signal);
    } catch (error) {
      outcome = { kind: 'unreadable', problems: problemsOf(error) };
    }
    // Whatever a stopped attempt came to, nobody is to hear of it.
    if (signal.aborted) return this.#status;
    this.#conclude(outcome, attemptedAt);
    if (outcome.kind === 'good') await this.#keep(outcome, signal);
    this.#describeSources();
    this.#tellStatus();
    return this.#status;
  }

  /** The steps. Throws SourceError where the sources can not be read. */
  async #attempt(due: readonly SourceMember[], now: Date, signal: AbortSignal): Promise<Outcome> {
    await Promise.all(due.map((member) => member.fetch(now, signal)));
    if (this.#members.some(({ latest }) => latest === null)) return { kind: 'unreadable', problems: this.#faults() };
    const observed = this.#observed();
    if (observed === this.#status.held) {
      if (this.#current === null) await this.#serveFromState();
      // A rollback whose snapshot is gone is over.
      if (this.#current !== null) return this.#unchanged(observed);
    }
    if (observed === this.#status.observed && this.#conclusive) return this.#unchanged(observed);
    const build = await buildComposed(this.#members, this.#cache, {
      check: this.#check,
      compile: (source) => untilAborted(this.#options.compile(source), signal),
      test: this.#options.test,
      loadedAt: now,
      signal,
    });
    if (build === null) return { kind: 'unreadable', problems: this.#faults() };
    this.#cache = build.cache;
    signal.throwIfAborted();
    const { snapshot, problems } = build;
    if (snapshot === null) return { kind: 'rejected', revision: observed, problems: [...problems, ...this.#faults()] };
    if (snapshot.revision === this.#status.serving && !this.#status.fromState && this.#status.held === null) {
      return this.#members.length === 1 && this.#status.problems.length > 0
        ? { kind: 'good', ...build, snapshot, observed }
        : { kind: 'same', observed, problems: [...this.#rejections(), ...this.#faults()] };
    }
    return { kind: 'good', ...build, snapshot, observed };
  }

  #unchanged(observed: string): Outcome {
    const problems = this.#faults();
    return problems.length === 0 ? { kind: 'unchanged', observed } : { kind: 'unreadable', problems };
  }

  /** What all sources have now, as one revision. */
  #observed(): string {
    return composedRevision(
      this.#members.map(({ spec, latest }) => ({ name: spec.name, revision: latest?.revision ?? '' })),
    );
  }

  #faults(): readonly Problem[] {
    return this.#members.flatMap(({ spec, problems }) => problems.map((each) => this.#named(spec, each)));
  }

  #rejections(): readonly Problem[] {
    return this.#members.flatMap(({ rejected }) => rejected?.problems ?? []);
  }

  /** With several sources it has to be told whose fault it is. */
  #named({ name }: SourceSpec, fault: Problem): Problem {
    return this.#members.length === 1 ? fault : { ...fault, message: `source ${name}: ${fault.message}` };
  }

  #conclude(outcome: Outcome, attemptedAt: Date): void {
    const before = this.#status;
    const attempted = { ...before, lastAttemptAt: attemptedAt };
    switch (outcome.kind) {
      case 'unchanged':
        this.#failures = 0;
        // The observed revision serves, or is held back, or its problems are still the same.
        this.#status =
          before.problems.length === 0 || this.#observedServes() || before.held !== null
            ? { ...attempted, observed: outcome.observed, problems: [], lastSuccessAt: attemptedAt }
            : attempted;
        if (before.held !== null) this.#conclusive = true;
        this.#report({ type: 'unchanged', revision: outcome.observed });
        return;
      case 'same': {
        const { observed, problems } = outcome;
        this.#failures = 0;
        this.#conclusive = true;
        this.#status = { ...attempted, observed, problems, lastSuccessAt: attemptedAt };
        if (problems.length > 0) this.#reportRejected(observed, problems);
        return;
      }
      case 'good':
        this.#failures = 0;
        this.#conclusive = true;
        this.#publishGood(outcome, attemptedAt);
        return;
      case 'rejected': {
        // Problems that may vanish by themselves are worth another try of the same commit.
        this.#conclusive = !outcome.problems.some(isTransient);
        this.#failures = this.#conclusive ? 0 : this.#failures + 1;
        this.#status = { ...attempted, observed: outcome.revision, problems: outcome.problems };
        this.#reportRejected(outcome.revision, outcome.problems);
        return;
      }
      case 'unreadable':
        this.#conclusive = this.#conclusive && (this.#observedServes() || this.#members.length > 1);
        this.#status = { ...attempted, problems: outcome.problems };
        this.#reportRejected(null, outcome.problems);
    }
  }

  #observedServes(): boolean {
    return this.#status.observed !== null && this.#status.observed === this.#status.serving && !this.#status.fromState;
  }

  #publishGood({ snapshot, observed, problems: warnings, work }: GoodOutcome, attemptedAt: Date): void {
    const { revision, meshes } = snapshot;
    const rejected = [...this.#rejections(), ...this.#faults()];
    this.#status = {
      ...this.#status,
      serving: revision,
      fromState: false,
      observed,
      lastAttemptAt: attemptedAt,
      lastSuccessAt: attemptedAt,
      problems: rejected,
      warnings,
      held: null,
    };
    this.#publish(snapshot);
    const revisions = [...meshes.values()].reduce((sum, mesh) => sum + mesh.revisions.size, 0);
    const size = { meshes: meshes.size, revisions };
    this.#report({ type: 'published', revision, ...size, ...work, warnings });
    if (rejected.length > 0) this.#reportRejected(observed, rejected);
  }

  /** What serves is saved, and its commits are remembered. A snapshot that can not be saved serves all the same. */
  async #keep({ snapshot, trees }: GoodOutcome, signal: AbortSignal): Promise<void> {
    await this.#persist(snapshot, null);
    for (const [member, tree] of trees) {
      await member.keep(tree, signal).catch((error: unknown) => {
        this.#report({ type: 'state-not-saved', message: textOf(error) });
      });
    }
  }

  async #persist(snapshot: Snapshot, held: string | null): Promise<void> {
    try {
      this.#record = await saveState(this.#options.stateDir, this.#identity, snapshot, held);
      this.#storageFault = null;
    } catch (error) {
      this.#storageFault = textOf(error);
      this.#report({ type: 'state-not-saved', message: this.#storageFault });
    }
  }

  async #serveFromState(): Promise<void> {
    const state = await loadState(this.#options.stateDir, this.#identity);
    if (state.kind === 'ignored' && state.problem !== null)
      this.#report({ type: 'state-ignored', problem: state.problem });
    // The source may have answered in the meantime.
    if (state.kind !== 'loaded' || this.#current !== null || this.#abort.signal.aborted) return;
    const { snapshot } = state;
    this.#status = { ...this.#status, serving: snapshot.revision, fromState: state.held === null };
    this.#publish(snapshot);
    this.#report({ type: 'served-from-state', revision: snapshot.revision });
    this.#describeSources();
    this.#tellStatus();
  }

  #publish(snapshot: Snapshot): void {
    this.#current = snapshot;
    for (const listener of this.#publishListeners) this.#notify(() => listener(snapshot));
  }

  #tellStatus(): void {
    for (const listener of this.#statusListeners) this.#notify(() => listener(this.#status));
  }

  #describeSources(): void {
    const { serving, held, fromState, sources: before } = this.#status;
    const state = {
      now: this.#clock.now(),
      syncing: false,
      fromState,
      rolledBackTo: held === null ? null : serving,
      storageFault: this.#storageFault,
      stored: this.#record !== null,
    };
    const sources = this.#members.map((member) => {
      return reportSource(member, state, before?.find(({ name }) => name === member.spec.name) ?? null);
    });
    this.#status = { ...this.#status, sources };
  }

  async #withinGrace(first: Promise<unknown>): Promise<void> {
    let cancel: (() => void) | undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#clock.after(START_GRACE_MS, resolve);
    });
    await Promise.race([first, grace]);
    cancel?.();
  }

  #scheduleNext(synced: readonly SourceMember[]): void {
    if (!this.#started || this.#abort.signal.aborted) return;
    for (const member of synced) {
      member.cancelTimer?.();
      const delay = this.#stale.has(member) ? 0 : withJitter(member.delayMs(this.#failures), this.#clock.random());
      member.cancelTimer = this.#clock.after(delay, () => this.#onDue([member]));
    }
  }

  #onDue(members: readonly SourceMember[]): void {
    if (this.#running === null) void this.#sync(members);
    else for (const member of members) this.#stale.add(member);
  }

  #cancelTimers(): void {
    this.#cancelTrigger?.();
    for (const member of this.#members) member.cancelTimer?.();
  }

  async #startWatching(): Promise<void> {
    if (this.#options.watch === false || this.#watch !== null) return;
    try {
      const paths = (await Promise.all(this.#members.map((member) => member.watched()))).flat();
      if (paths.length === 0) return;
      const onError = (error: unknown) => this.#report({ type: 'watch-failed', message: textOf(error) });
      const opened = await watchPaths(paths, () => this.#onDue(this.#members), onError);
      if (this.#abort.signal.aborted) await opened.close();
      else this.#watch = opened;
    } catch (error) {
      this.#report({ type: 'watch-failed', message: textOf(error) });
    }
  }

  #reportRejected(revision: string | null, problems: readonly Problem[]): void {
    const delays = this.#members
      .filter(({ failures }) => failures > 0 || this.#failures > 0)
      .map((member) => member.delayMs(this.#failures));
    const retryInMs = delays.length > 0 ? Math.min(...delays) : null;
    this.#report({ type: 'rejected', revision, serving: this.#status.serving, problems, retryInMs });
  }

  #report(event: SyncEvent): void {
    this.#options.report?.(event);
  }

  #notify(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#report({ type: 'listener-failed', message: textOf(error) });
    }
  }

  #throwIfStopped(): void {
    if (this.#abort.signal.aborted) throw new SourceError([problem('SOURCE_FAILED', '', 'the source was stopped')]);
  }
}

type GoodOutcome = Omit<ComposedBuild, 'snapshot'> & {
  readonly kind: 'good';
  readonly snapshot: Snapshot;
  readonly observed: string;
};

type Outcome =
  | GoodOutcome
  | { readonly kind: 'unchanged'; readonly observed: string }
  /** The sources have moved on, but what can serve of them serves already. */
  | { readonly kind: 'same'; readonly observed: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'rejected'; readonly revision: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'unreadable'; readonly problems: readonly Problem[] };

function isTransient({ code }: Problem): boolean {
  return Object.hasOwn(PROBLEM_CODES, code) && PROBLEM_CODES[code as ProblemCode].remedy === 'retry';
}

/** A compiler can not be interrupted, but need not be waited for. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw signal.reason;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
