/** What is told of the sources, and what of it decides whether the same commits are worth another look. */
import type { Problem, SourceStatus } from '../snapshot.ts';
import type { MemberSet } from './member-set.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { SyncEvent } from './sync-event.ts';
import { type GoodOutcome, isTransient, type Outcome } from './sync-outcome.ts';

const NOTHING_YET: SourceStatus = {
  serving: null,
  fromState: false,
  observed: null,
  lastAttemptAt: null,
  lastSuccessAt: null,
  problems: [],
  held: null,
  sources: [],
};

export class SyncStatus {
  readonly #members: MemberSet;
  readonly #report: (event: SyncEvent) => void;
  #now: SourceStatus = NOTHING_YET;
  /** Whether the observed revision's problems are in its files, so that only another revision can be better. */
  #conclusive = false;
  /** Builds that failed in a row for a reason that is not in the files. */
  failures = 0;

  constructor(members: MemberSet, report: (event: SyncEvent) => void) {
    this.#members = members;
    this.#report = report;
  }

  get now(): SourceStatus {
    return this.#now;
  }

  set(change: Partial<SourceStatus>): void {
    this.#now = { ...this.#now, ...change };
  }

  /** Whether all that these commits come to is known. */
  isSettled(observed: string): boolean {
    return observed === this.#now.observed && this.#conclusive;
  }

  /** Each source by itself, as conditions. */
  describe(store: Pick<SnapshotStore, 'fault' | 'isUsed'>, now: Date): void {
    const { serving, held, fromState, sources: before } = this.#now;
    const state = {
      now,
      syncing: false,
      fromState,
      rolledBackTo: held === null ? null : serving,
      storageFault: store.fault,
      stored: store.isUsed,
    };
    this.set({ sources: this.#members.report(state, before) });
  }

  /** Takes in what an attempt came to. A good one is published by `publish`, between the new status and the report of it. */
  conclude(outcome: Outcome, attemptedAt: Date, publish: (good: GoodOutcome) => void): void {
    const before = this.#now;
    const attempted = { ...before, lastAttemptAt: attemptedAt };
    switch (outcome.kind) {
      case 'unchanged':
        this.failures = 0;
        // The observed revision serves, or is held back, or its problems are still the same.
        this.#now =
          before.problems.length === 0 || this.#observedServes() || before.held !== null
            ? { ...attempted, observed: outcome.observed, problems: [], lastSuccessAt: attemptedAt }
            : attempted;
        if (before.held !== null) this.#conclusive = true;
        this.#report({ type: 'unchanged', revision: outcome.observed });
        return;
      case 'same': {
        const { observed, problems } = outcome;
        this.failures = 0;
        this.#conclusive = true;
        this.#now = { ...attempted, observed, problems, lastSuccessAt: attemptedAt };
        if (problems.length > 0) this.#reportRejected(observed, problems);
        return;
      }
      case 'good':
        this.failures = 0;
        this.#conclusive = true;
        this.#concludeGood(outcome, attemptedAt, publish);
        return;
      case 'rejected': {
        // Problems that may vanish by themselves are worth another try of the same commit.
        this.#conclusive = !outcome.problems.some(isTransient);
        this.failures = this.#conclusive ? 0 : this.failures + 1;
        this.#now = { ...attempted, observed: outcome.revision, problems: outcome.problems };
        this.#reportRejected(outcome.revision, outcome.problems);
        return;
      }
      case 'unreadable':
        this.#conclusive = this.#conclusive && (this.#observedServes() || !this.#members.isSingle);
        this.#now = { ...attempted, problems: outcome.problems };
        this.#reportRejected(null, outcome.problems);
    }
  }

  #concludeGood(good: GoodOutcome, attemptedAt: Date, publish: (good: GoodOutcome) => void): void {
    const { snapshot, observed, problems: warnings, work } = good;
    const { revision, meshes } = snapshot;
    const rejected = [...this.#members.rejections(), ...this.#members.faults()];
    this.set({
      serving: revision,
      fromState: false,
      observed,
      lastAttemptAt: attemptedAt,
      lastSuccessAt: attemptedAt,
      problems: rejected,
      warnings,
      held: null,
    });
    publish(good);
    const revisions = [...meshes.values()].reduce((sum, mesh) => sum + mesh.revisions.size, 0);
    this.#report({ type: 'published', revision, meshes: meshes.size, revisions, ...work, warnings });
    if (rejected.length > 0) this.#reportRejected(observed, rejected);
  }

  #observedServes(): boolean {
    const { observed, serving, fromState } = this.#now;
    return observed !== null && observed === serving && !fromState;
  }

  #reportRejected(revision: string | null, problems: readonly Problem[]): void {
    const retryInMs = this.#members.retryInMs(this.failures);
    this.#report({ type: 'rejected', revision, serving: this.#now.serving, problems, retryInMs });
  }
}
