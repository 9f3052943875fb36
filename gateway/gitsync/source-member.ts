/** One of the sources that compose the gateway's snapshot: what it has now, what of it served last, and when it is looked at again. */
import type { Problem } from '../snapshot.ts';
import type { Environment } from './git-command.ts';
import { JITTER, RETRY_BASE_MS, RETRY_MAX_MS } from './limits.ts';
import { openOrigin } from './origin.ts';
import { sourceError } from './problem.ts';
import type { SourceSpec } from './source-spec.ts';
import { problemsOf } from './thrown.ts';
import type { FoundTree, SourceTree, TreeOrigin } from './tree.ts';

export interface MemberOptions {
  readonly spec: SourceSpec;
  readonly stateDir: string;
  readonly environment: Environment;
  readonly onRepair: (message: string) => void;
}

/** A commit of a source whose files are not good enough to serve. */
export interface RejectedCommit {
  readonly revision: string;
  readonly problems: readonly Problem[];
}

export class SourceMember {
  readonly spec: SourceSpec;
  readonly #options: MemberOptions;
  #origin: TreeOrigin | null = null;
  #tree: SourceTree | null = null;
  /** The newest that could be fetched and verified. */
  latest: FoundTree | null = null;
  /** What of it is in the snapshot that serves. */
  good: SourceTree | null = null;
  /** Why the source could not be read at the last attempt. */
  problems: readonly Problem[] = [];
  rejected: RejectedCommit | null = null;
  /** Its tests that fail by what others have changed, although it serves; only where it is told to report them. */
  failingTests: readonly Problem[] = [];
  lastAttemptAt: Date | null = null;
  failures = 0;
  cancelTimer: (() => void) | null = null;

  constructor(options: MemberOptions) {
    this.spec = options.spec;
    this.#options = options;
  }

  /** Looks at the source; what is wrong is in `problems` afterwards. Rejects only when the signal says so. */
  async fetch(now: Date, signal: AbortSignal): Promise<void> {
    this.lastAttemptAt = now;
    try {
      this.latest = await this.#find(signal);
      this.problems = [];
      this.failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      this.#fail(error);
    }
  }

  /** The files of the newest commit; null when they can not be read, which is in `problems` then. */
  async load(signal: AbortSignal): Promise<SourceTree | null> {
    const { latest } = this;
    if (latest === null) return null;
    if (this.#tree?.revision === latest.revision) return this.#tree;
    try {
      this.#tree = await latest.load(signal);
      return this.#tree;
    } catch (error) {
      signal.throwIfAborted();
      this.#fail(error);
      return null;
    }
  }

  /** What served last, also before a restart, where that can still be read. */
  async lastGood(signal: AbortSignal): Promise<SourceTree | null> {
    if (this.good !== null) return this.good;
    const kept = (await this.#origin?.kept?.(signal)) ?? null;
    this.good = kept === null ? null : await kept.load(signal).catch(() => null);
    return this.good;
  }

  /** Remembers what serves, also over a restart. */
  async keep(tree: SourceTree, signal: AbortSignal): Promise<void> {
    const before = this.good?.revision;
    this.good = tree;
    if (before !== tree.revision) await this.#origin?.keep?.(tree.revision, signal);
  }

  /** Without jitter: the interval; after failures sooner, then ever later. `failures` counts those of the whole gateway. */
  delayMs(failures: number): number {
    const { intervalMs } = this.spec;
    const count = Math.max(this.failures, failures);
    if (count === 0) return intervalMs;
    const base = Math.min(intervalMs, RETRY_BASE_MS);
    return Math.min(base * 2 ** Math.min(count - 1, 20), Math.max(intervalMs, RETRY_MAX_MS));
  }

  async watched(): Promise<readonly string[]> {
    return this.spec.suspend === true ? [] : ((await this.#origin?.watched()) ?? []);
  }

  /** Forgets what was found, after a read that failed half-way. */
  distrust(error: unknown): void {
    this.#tree = null;
    this.#fail(error);
  }

  async #find(signal: AbortSignal): Promise<FoundTree> {
    const { spec: source, ...options } = this.#options;
    this.#origin ??= openOrigin({ source, ...options });
    if (source.suspend !== true) return this.#origin.resolve(signal);
    const kept = this.latest ?? (await this.#origin.kept?.(signal)) ?? null;
    if (kept !== null) return kept;
    throw sourceError('SOURCE_SUSPENDED', '', `the source ${source.name} is suspended, and nothing of it is at hand`);
  }

  #fail(error: unknown): void {
    this.failures += 1;
    this.problems = problemsOf(error);
  }
}

/** Of a delay, what is random. `chance` is in [0, 1). */
export function withJitter(delayMs: number, chance: number): number {
  return delayMs * (1 - JITTER + 2 * JITTER * chance);
}
