/**
 * Workloads that have cost the pool a worker: after the second time their reviews are refused, for a while.
 */
import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import { type Suspect, type Workload, workloadOf } from './fingerprint.ts';

/** Lost workers after which a workload is in quarantine. */
export const STRIKES = 2;
/** Workloads that are remembered; of more, those that were seen last. */
export const REMEMBERED_LIMIT = 1_000;
/** How long a lost worker is remembered, and how long a quarantine lasts. */
export const QUARANTINE_MS = 10 * 60_000;

export interface QuarantineEntry extends Workload {
  /** Workers that it has cost. */
  readonly strikes: number;
  /** The last time, and when it is forgotten; milliseconds since the epoch. */
  readonly atMs: number;
  readonly untilMs: number;
}

export interface QuarantineClock {
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly date: () => number;
}

const SYSTEM_CLOCK: QuarantineClock = { now: () => performance.now(), date: Date.now };

export class Quarantine {
  readonly #clock: QuarantineClock;
  readonly #remembered: LRUCache<string, QuarantineEntry>;
  /** Namespaces that have had a workload in quarantine: no other review has to be looked at. */
  #namespaces: ReadonlySet<string> = new Set();
  /** When, at the latest, nothing is remembered any more. */
  #emptyAtMs = 0;

  constructor(clock: QuarantineClock = SYSTEM_CLOCK) {
    this.#clock = clock;
    const perf = { now: clock.now };
    this.#remembered = new LRUCache({ max: REMEMBERED_LIMIT, ttl: QUARANTINE_MS, ttlResolution: 0, perf });
  }

  /** Counts a lost worker; the entry is in quarantine when its strikes reach STRIKES. */
  strike(suspect: Suspect): QuarantineEntry {
    const workload = workloadOf(suspect);
    const atMs = this.#clock.date();
    const strikes = (this.#remembered.get(workload.fingerprint)?.strikes ?? 0) + 1;
    const entry = { ...workload, strikes, atMs, untilMs: atMs + QUARANTINE_MS };
    this.#remembered.set(workload.fingerprint, entry);
    this.#emptyAtMs = this.#clock.now() + QUARANTINE_MS;
    this.#namespaces = new Set(this.list().map(({ namespace }) => namespace));
    return entry;
  }

  /** Whether anything at all is in quarantine in a namespace: a cheap look before the exact one. */
  concerns(namespace: string): boolean {
    if (this.#namespaces.size === 0) return false;
    if (this.#clock.now() >= this.#emptyAtMs) this.#namespaces = new Set();
    return this.#namespaces.has(namespace);
  }

  /** The entry that keeps a review out; null when none does. */
  find(suspect: Suspect): QuarantineEntry | null {
    if (!this.concerns(suspect.namespace)) return null;
    const entry = this.#remembered.get(workloadOf(suspect).fingerprint);
    return entry !== undefined && entry.strikes >= STRIKES ? entry : null;
  }

  /** What is in quarantine, the latest first. */
  list(): readonly QuarantineEntry[] {
    this.#remembered.purgeStale();
    return [...this.#remembered.values()].filter(({ strikes }) => strikes >= STRIKES);
  }
}
