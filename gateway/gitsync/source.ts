/**
 * Where snapshots come from: looks at a source again and again, and publishes what it says once all of it is right.
 *
 * A sync is a list of steps: fetch → list → parse → validate → resolve → compile → persist → publish. The first failure ends it;
 * the snapshot that serves stays, and the status tells why. Publishing is one assignment, so that a request sees either snapshot.
 */
import type { Problem, Snapshot, SnapshotSource, SourceStatus } from '../snapshot.ts';
import { type BuildCache, buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import type { CompileRevision } from './compile-revisions.ts';
import type { Environment } from './git-command.ts';
import { JITTER, RETRY_BASE_MS, RETRY_MAX_MS, START_GRACE_MS } from './limits.ts';
import { displaySource, redactUrls, sourceIdentity } from './location.ts';
import { type OriginOptions, openOrigin } from './origin.ts';
import { orderProblems, PROBLEM_CODES, type ProblemCode, problem, SourceError } from './problem.ts';
import { createSchemaCheck } from './schema-check.ts';
import { loadState, saveState } from './state.ts';
import type { SyncEvent } from './sync-event.ts';
import type { TreeOrigin } from './tree.ts';
import { type Watch, watchPaths } from './watch.ts';

export interface SnapshotSourceOptions {
  /** A folder, a repository on this machine, or the URL of one. */
  readonly source: string;
  /** Branch, tag or full commit; left out: what HEAD points to. */
  readonly ref?: string | undefined;
  /** Folder within the source; left out: all of it. */
  readonly path?: string | undefined;
  readonly intervalMs: number;
  /** Holds the cache of a remote and the last good snapshot; belongs to one gateway at a time. */
  readonly stateDir: string;
  readonly compile: CompileRevision;
  /** The process's environment: what git may need of it (proxies, keys, CA files). */
  readonly environment: Environment;
  readonly report?: (event: SyncEvent) => void;
  readonly clock?: Clock;
  /** Whether local sources are watched besides being looked at every interval. Default true. */
  readonly watch?: boolean;
}

export type { SyncEvent } from './sync-event.ts';

/** Makes a source; nothing is read before `start` or `sync`. `start` rejects with a SourceError, whose code is of PROBLEM_CODES. */
export function createSnapshotSource(options: SnapshotSourceOptions): SnapshotSource {
  return new SyncedSource(options);
}

class SyncedSource implements SnapshotSource {
  readonly #options: SnapshotSourceOptions;
  readonly #clock: Clock;
  readonly #identity: string;
  readonly #check = createSchemaCheck();
  readonly #publishListeners = new Set<(snapshot: Snapshot) => void>();
  readonly #statusListeners = new Set<(status: SourceStatus) => void>();
  readonly #abort = new AbortController();
  #origin: TreeOrigin | null = null;
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
  };
  /** Whether the observed revision's problems are in its files, so that only another revision can be better. */
  #conclusive = false;
  #failures = 0;
  #running: Promise<SourceStatus> | null = null;
  /** A watched file changed while a sync was under way. */
  #stale = false;
  #started = false;
  #cancelTimer: (() => void) | null = null;

  constructor(options: SnapshotSourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#identity = sourceIdentity(options.source, options.ref, options.path);
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
   * The source has a few seconds to answer; then the saved snapshot serves, if there is one, and the source is still tried. With
   * neither, rejects with what is wrong, and nothing goes on behind it.
   */
  async start(): Promise<void> {
    this.#throwIfStopped();
    this.#started = true;
    if (/^http:\/\//i.test(this.#options.source)) {
      this.#report({ type: 'insecure-transport', source: displaySource(this.#options.source) });
    }
    const first = this.sync();
    await this.#withinGrace(first);
    if (this.#current === null) await this.#serveFromState();
    if (this.#current === null) await first;
    this.#throwIfStopped();
    if (this.#current === null) {
      this.#started = false;
      this.#cancelTimer?.();
      const [problem_, ...others] = this.#status.problems;
      throw new SourceError([problem_ ?? problem('SOURCE_FAILED', '', 'there is no snapshot to serve'), ...others]);
    }
    await this.#startWatching();
  }

  sync(): Promise<SourceStatus> {
    if (this.#abort.signal.aborted) return Promise.resolve(this.#status);
    this.#running ??= this.#syncOnce().finally(() => {
      this.#running = null;
      this.#scheduleNext();
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelTimer?.();
    await this.#running?.catch(() => undefined);
    await this.#watch?.close();
    this.#watch = null;
    this.#publishListeners.clear();
    this.#statusListeners.clear();
  }

  async #syncOnce(): Promise<SourceStatus> {
    this.#stale = false;
    this.#cancelTimer?.();
    const attemptedAt = this.#clock.now();
    let outcome: Outcome;
    try {
      outcome = await this.#attempt(this.#abort.signal);
    } catch (error) {
      outcome = { kind: 'unreadable', problems: problemsOf(error) };
    }
    // Whatever a stopped attempt came to, nobody is to hear of it.
    if (this.#abort.signal.aborted) return this.#status;
    this.#conclude(outcome, attemptedAt);
    for (const listener of this.#statusListeners) this.#notify(() => listener(this.#status));
    return this.#status;
  }

  /** The steps. Throws SourceError where the source can not be read. */
  async #attempt(signal: AbortSignal): Promise<Outcome> {
    this.#origin ??= openOrigin(this.#originOptions());
    const found = await this.#origin.resolve(signal);
    if (found.revision === this.#status.observed && this.#conclusive) return { kind: 'unchanged' };
    const tree = await found.load(signal);
    const build = await buildSnapshot(tree, this.#cache, {
      check: this.#check,
      compile: (source) => untilAborted(this.#options.compile(source), signal),
      loadedAt: this.#clock.now(),
      signal,
    });
    this.#cache = build.cache;
    const problems = orderProblems(build.problems);
    if (build.snapshot === null) return { kind: 'rejected', revision: found.revision, problems };
    signal.throwIfAborted();
    await this.#persist(build.snapshot);
    signal.throwIfAborted();
    return { kind: 'good', snapshot: build.snapshot, warnings: problems, ...build.work };
  }

  #conclude(outcome: Outcome, attemptedAt: Date): void {
    const before = this.#status;
    const attempted = { ...before, lastAttemptAt: attemptedAt };
    switch (outcome.kind) {
      case 'unchanged':
        this.#failures = 0;
        // The observed revision serves, or its problems are still the same.
        this.#status =
          before.problems.length === 0 || this.#observedServes()
            ? { ...attempted, problems: [], lastSuccessAt: attemptedAt }
            : attempted;
        this.#report({ type: 'unchanged', revision: before.observed ?? '' });
        return;
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
        this.#failures += 1;
        this.#conclusive = this.#conclusive && this.#observedServes();
        this.#status = { ...attempted, problems: outcome.problems };
        this.#reportRejected(null, outcome.problems);
    }
  }

  #observedServes(): boolean {
    return this.#status.observed !== null && this.#status.observed === this.#status.serving && !this.#status.fromState;
  }

  #publishGood(
    { snapshot, warnings, parsedFiles, compiledRevisions }: Extract<Outcome, { kind: 'good' }>,
    attemptedAt: Date,
  ): void {
    const { revision, meshes } = snapshot;
    this.#status = {
      serving: revision,
      fromState: false,
      observed: revision,
      lastAttemptAt: attemptedAt,
      lastSuccessAt: attemptedAt,
      problems: [],
      warnings,
    };
    this.#publish(snapshot);
    const revisions = [...meshes.values()].reduce((sum, mesh) => sum + mesh.revisions.size, 0);
    const size = { meshes: meshes.size, revisions };
    this.#report({ type: 'published', revision, ...size, parsedFiles, compiledRevisions, warnings });
  }

  /** A snapshot that can not be saved serves all the same. */
  async #persist(snapshot: Snapshot): Promise<void> {
    try {
      await saveState(this.#options.stateDir, this.#identity, snapshot);
    } catch (error) {
      this.#report({ type: 'state-not-saved', message: textOf(error) });
    }
  }

  async #serveFromState(): Promise<void> {
    const state = await loadState(this.#options.stateDir, this.#identity);
    if (state.kind === 'ignored' && state.problem !== null)
      this.#report({ type: 'state-ignored', problem: state.problem });
    // The source may have answered in the meantime.
    if (state.kind !== 'loaded' || this.#current !== null || this.#abort.signal.aborted) return;
    const { snapshot } = state;
    this.#status = { ...this.#status, serving: snapshot.revision, fromState: true };
    this.#publish(snapshot);
    this.#report({ type: 'served-from-state', revision: snapshot.revision });
    for (const listener of this.#statusListeners) this.#notify(() => listener(this.#status));
  }

  #publish(snapshot: Snapshot): void {
    this.#current = snapshot;
    for (const listener of this.#publishListeners) this.#notify(() => listener(snapshot));
  }

  async #withinGrace(first: Promise<unknown>): Promise<void> {
    let cancel: (() => void) | undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#clock.after(START_GRACE_MS, resolve);
    });
    await Promise.race([first, grace]);
    cancel?.();
  }

  #scheduleNext(): void {
    this.#cancelTimer?.();
    if (!this.#started || this.#abort.signal.aborted) return;
    const delay = this.#stale ? 0 : this.#nextDelayMs() * (1 - JITTER + 2 * JITTER * this.#clock.random());
    this.#cancelTimer = this.#clock.after(delay, () => void this.sync());
  }

  /** The interval; after failures sooner, then ever later. */
  #nextDelayMs(): number {
    const { intervalMs } = this.#options;
    if (this.#failures === 0) return intervalMs;
    const base = Math.min(intervalMs, RETRY_BASE_MS);
    return Math.min(base * 2 ** Math.min(this.#failures - 1, 20), Math.max(intervalMs, RETRY_MAX_MS));
  }

  async #startWatching(): Promise<void> {
    if (this.#options.watch === false || this.#watch !== null) return;
    try {
      const paths = this.#origin === null ? [] : await this.#origin.watched();
      if (paths.length === 0) return;
      const onError = (error: unknown) => this.#report({ type: 'watch-failed', message: textOf(error) });
      const opened = await watchPaths(paths, () => this.#onChange(), onError);
      if (this.#abort.signal.aborted) await opened.close();
      else this.#watch = opened;
    } catch (error) {
      this.#report({ type: 'watch-failed', message: textOf(error) });
    }
  }

  #onChange(): void {
    if (this.#running === null) void this.sync();
    else this.#stale = true;
  }

  #reportRejected(revision: string | null, problems: readonly Problem[]): void {
    const retryInMs = this.#failures > 0 ? this.#nextDelayMs() : null;
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

  #originOptions(): OriginOptions {
    const { source, ref, path, stateDir, environment } = this.#options;
    const onRepair = (message: string) => this.#report({ type: 'repaired', message });
    return { source, ref, path, stateDir, environment, onRepair };
  }
}

type Outcome =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'good';
      readonly snapshot: Snapshot;
      readonly warnings: readonly Problem[];
      readonly parsedFiles: number;
      readonly compiledRevisions: number;
    }
  | { readonly kind: 'rejected'; readonly revision: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'unreadable'; readonly problems: readonly Problem[] };

function isTransient({ code }: Problem): boolean {
  return Object.hasOwn(PROBLEM_CODES, code) && PROBLEM_CODES[code as ProblemCode].remedy === 'retry';
}

function problemsOf(error: unknown): readonly Problem[] {
  return error instanceof SourceError ? orderProblems(error.problems) : [problem('SOURCE_FAILED', '', textOf(error))];
}

function textOf(error: unknown): string {
  return redactUrls(error instanceof Error ? error.message : String(error));
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
