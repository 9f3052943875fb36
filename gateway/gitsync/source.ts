/**
 * Where snapshots come from: looks at the sources again and again, and publishes what they say once all of it is right.
 *
 * A sync is a list of steps: fetch → verify → list → compose → parse → validate → resolve → compile → test → publish → persist. The first
 * failure ends it; the snapshot that serves stays, and the status tells why. Publishing is one assignment, so that a request sees either
 * snapshot.
 */
import type { Snapshot, SnapshotEntry, SnapshotSource, SourceControl, SourceStatus } from '../snapshot.ts';
import { type BuildCache, EMPTY_BUILD_CACHE, type TestSnapshot } from './build.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import type { CompileRevision } from './compile-revisions.ts';
import { buildComposed } from './composed-build.ts';
import type { Environment } from './git-command.ts';
import { START_GRACE_MS } from './limits.ts';
import { sourcesIdentity } from './location.ts';
import { MemberSet } from './member-set.ts';
import { problem, SourceError } from './problem.ts';
import { createSchemaCheck } from './schema-check.ts';
import { SnapshotStore } from './snapshot-store.ts';
import type { SourceMember } from './source-member.ts';
import type { SourceSpec } from './source-spec.ts';
import type { SyncEvent } from './sync-event.ts';
import type { Outcome } from './sync-outcome.ts';
import { SyncSchedule } from './sync-schedule.ts';
import { SyncStatus } from './sync-status.ts';
import { problemsOf, textOf } from './thrown.ts';
import { untilAborted } from './until-aborted.ts';
import { type Watch, watchPaths } from './watch.ts';

export interface SnapshotSourceOptions {
  /** At least one, the base first; later ones are its overlays. */
  readonly sources: readonly SourceSpec[];
  /** Holds the caches of remotes and the last good snapshots; belongs to one gateway at a time. */
  readonly stateDir: string;
  readonly compile: CompileRevision;
  /** Told when there is, or may be, a new revision of the sources, so that what compiles is ready when its files have been read. */
  readonly prepare?: () => void;
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
  readonly #members: MemberSet;
  readonly #store: SnapshotStore;
  readonly #status: SyncStatus;
  readonly #schedule: SyncSchedule;
  readonly #check = createSchemaCheck();
  readonly #publishListeners = new Set<(snapshot: Snapshot) => void>();
  readonly #statusListeners = new Set<(status: SourceStatus) => void>();
  readonly #abort = new AbortController();
  #watch: Watch | null = null;
  #cache: BuildCache = EMPTY_BUILD_CACHE;
  #current: Snapshot | null = null;
  #running: Promise<SourceStatus> | null = null;

  constructor(options: SnapshotSourceOptions) {
    const { sources, stateDir, environment } = options;
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const report = (event: SyncEvent): void => this.#report(event);
    const onRepair = (message: string): void => report({ type: 'repaired', message });
    this.#members = new MemberSet({ sources, stateDir, environment, onRepair });
    this.#store = new SnapshotStore(stateDir, sourcesIdentity(sources), report);
    this.#status = new SyncStatus(this.#members, report);
    this.#schedule = new SyncSchedule({
      members: this.#members.all,
      clock: this.#clock,
      signal: this.#abort.signal,
      sync: (due) => this.#sync(due),
    });
  }

  current(): Snapshot | null {
    return this.#current;
  }

  status(): SourceStatus {
    return this.#status.now;
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
    this.#schedule.isStarted = true;
    for (const source of this.#members.insecure()) this.#report({ type: 'insecure-transport', source });
    // What was rolled back before a restart stays so.
    this.#status.set({ held: await this.#store.held() });
    const first = this.sync();
    await this.#withinGrace(first);
    if (this.#current === null) await this.#serveFromState();
    if (this.#current === null) await first;
    this.#throwIfStopped();
    if (this.#current === null) {
      this.#schedule.isStarted = false;
      this.#schedule.cancel();
      const [problem_, ...others] = this.#status.now.problems;
      throw new SourceError([problem_ ?? problem('SOURCE_FAILED', '', 'there is no snapshot to serve'), ...others]);
    }
    await this.#startWatching();
  }

  sync(): Promise<SourceStatus> {
    return this.#sync(this.#members.all);
  }

  trigger(): void {
    // While it is fetched.
    this.#options.prepare?.();
    this.#schedule.trigger();
  }

  snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#store.list();
  }

  async rollback(to: string | null): Promise<SnapshotEntry> {
    await this.#running?.catch(() => undefined);
    const { entry, snapshot } = await this.#store.find(to);
    const { observed, serving } = this.#status.now;
    const held = observed ?? serving;
    const { revision } = snapshot;
    this.#status.set({ serving: revision, fromState: false, problems: [], held });
    this.#publish(snapshot);
    this.#report({ type: 'rolled-back', revision, held });
    await this.#store.save(snapshot, held);
    this.#tellStatus();
    return { ...entry, serving: true };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#schedule.cancel();
    await this.#running?.catch(() => undefined);
    await this.#watch?.close();
    this.#watch = null;
    this.#publishListeners.clear();
    this.#statusListeners.clear();
  }

  #sync(due: readonly SourceMember[]): Promise<SourceStatus> {
    if (this.#abort.signal.aborted) return Promise.resolve(this.#status.now);
    this.#running ??= this.#syncOnce(due).finally(() => {
      this.#running = null;
      this.#schedule.end(due, this.#status.failures);
    });
    return this.#running;
  }

  async #syncOnce(due: readonly SourceMember[]): Promise<SourceStatus> {
    this.#schedule.begin(due);
    const attemptedAt = this.#clock.now();
    const { signal } = this.#abort;
    let outcome: Outcome;
    try {
      outcome = await this.#attempt(due, attemptedAt, signal);
    } catch (error) {
      outcome = { kind: 'unreadable', problems: problemsOf(error) };
    }
    // Whatever a stopped attempt came to, nobody is to hear of it.
    if (signal.aborted) return this.#status.now;
    this.#status.conclude(outcome, attemptedAt, ({ snapshot }) => this.#publish(snapshot));
    if (outcome.kind === 'good') {
      // What serves is saved, and its commits are remembered.
      await this.#store.save(outcome.snapshot, null);
      await this.#members.keep(outcome.trees, signal, (error) => {
        this.#report({ type: 'state-not-saved', message: textOf(error) });
      });
    }
    this.#tellStatus();
    return this.#status.now;
  }

  /** The steps. Throws SourceError where the sources can not be read. */
  async #attempt(due: readonly SourceMember[], now: Date, signal: AbortSignal): Promise<Outcome> {
    const members = this.#members;
    await Promise.all(due.map((member) => member.fetch(now, signal)));
    if (!members.isComplete) return { kind: 'unreadable', problems: members.faults() };
    const observed = members.observed();
    if (observed === this.#status.now.held) {
      if (this.#current === null) await this.#serveFromState();
      // A rollback whose snapshot is gone is over.
      if (this.#current !== null) return this.#unchanged(observed);
    }
    if (this.#status.isSettled(observed)) return this.#unchanged(observed);
    this.#options.prepare?.();
    const build = await buildComposed(members.all, this.#cache, {
      check: this.#check,
      compile: (source) => untilAborted(this.#options.compile(source), signal),
      test: this.#options.test,
      loadedAt: now,
      signal,
    });
    if (build === null) return { kind: 'unreadable', problems: members.faults() };
    this.#cache = build.cache;
    signal.throwIfAborted();
    const { snapshot, problems } = build;
    if (snapshot === null) {
      return { kind: 'rejected', revision: observed, problems: [...problems, ...members.faults()] };
    }
    const status = this.#status.now;
    if (snapshot.revision === status.serving && !status.fromState && status.held === null) {
      return members.isSingle && status.problems.length > 0
        ? { kind: 'good', ...build, snapshot, observed }
        : { kind: 'same', observed, problems: [...members.rejections(), ...members.faults()] };
    }
    return { kind: 'good', ...build, snapshot, observed };
  }

  #unchanged(observed: string): Outcome {
    const problems = this.#members.faults();
    return problems.length === 0 ? { kind: 'unchanged', observed } : { kind: 'unreadable', problems };
  }

  async #serveFromState(): Promise<void> {
    const state = await this.#store.load();
    // The source may have answered in the meantime.
    if (state === null || this.#current !== null || this.#abort.signal.aborted) return;
    const { snapshot } = state;
    this.#status.set({ serving: snapshot.revision, fromState: state.held === null });
    this.#publish(snapshot);
    this.#report({ type: 'served-from-state', revision: snapshot.revision });
    this.#tellStatus();
  }

  #publish(snapshot: Snapshot): void {
    this.#current = snapshot;
    for (const listener of this.#publishListeners) this.#notify(() => listener(snapshot));
  }

  #tellStatus(): void {
    this.#status.describe(this.#store, this.#clock.now());
    for (const listener of this.#statusListeners) this.#notify(() => listener(this.#status.now));
  }

  async #withinGrace(first: Promise<unknown>): Promise<void> {
    let cancel: (() => void) | undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#clock.after(START_GRACE_MS, resolve);
    });
    await Promise.race([first, grace]);
    cancel?.();
  }

  async #startWatching(): Promise<void> {
    if (this.#options.watch === false || this.#watch !== null) return;
    try {
      const paths = await this.#members.watched();
      if (paths.length === 0) return;
      const onError = (error: unknown): void => this.#report({ type: 'watch-failed', message: textOf(error) });
      const opened = await watchPaths(paths, () => this.#schedule.due(), onError);
      if (this.#abort.signal.aborted) await opened.close();
      else this.#watch = opened;
    } catch (error) {
      this.#report({ type: 'watch-failed', message: textOf(error) });
    }
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
