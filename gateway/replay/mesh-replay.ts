/** Reviews of one mesh through one commit, and through another one beside it. */
import { createHistogram } from 'node:perf_hooks';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { compareResults, type InjectionResult } from '../diff/compare-results.ts';
import type { ComparedEnd, End, Trial } from '../diff/end.ts';
import { DifferenceGroups, type DifferenceSummary } from '../diff/groups.ts';
import { objectOfReview, subjectOf } from '../diff/subject.ts';
import type { ReviewRecord } from '../record/recorded-review.ts';
import { type OutcomeCount, OutcomeCounts, reasonText } from './outcome-counts.ts';

/** What one commit made of the reviews. */
export interface ReplayedEnd extends ComparedEnd {
  readonly outcomes: readonly OutcomeCount[];
  /** Of one injection, in this process, one after the other; milliseconds. */
  readonly timing: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
}

export interface MeshReplayReport {
  readonly mesh: string;
  readonly reviews: number;
  readonly replayed: ReplayedEnd;
  /** Reviews with a recorded outcome, and how many of them now have another one. */
  readonly recorded: { readonly reviews: number; readonly otherOutcome: number };
  /** Null where there is no other commit; `from` is the other one. */
  readonly against: { readonly end: ReplayedEnd; readonly differences: DifferenceSummary } | null;
}

export class MeshReplay {
  readonly #mesh: string;
  readonly #end: TimedEnd;
  readonly #against: TimedEnd | null;
  readonly #groups = new DifferenceGroups();
  #reviews = 0;
  #recorded = 0;
  #otherOutcome = 0;

  constructor(mesh: string, end: End, against: End | null, now: () => number) {
    this.#mesh = mesh;
    this.#end = new TimedEnd(end, now);
    this.#against = against === null ? null : new TimedEnd(against, now);
  }

  add(trial: Trial, record: ReviewRecord | null): void {
    const { object, namespace } = objectOfReview(trial.review);
    const subject = subjectOf(object, namespace);
    this.#reviews += 1;
    // In turn, so that neither pays for what the first to go has to warm up.
    const first = this.#reviews % 2 === 0 ? this.#against?.inject(trial, object, subject.name) : undefined;
    const made = this.#end.inject(trial, object, subject.name);
    if (record !== null) {
      this.#recorded += 1;
      const { outcome } = record;
      const same = outcome.kind === made.outcome.kind && reasonText(outcome) === reasonText(made.outcome);
      if (!same) this.#otherOutcome += 1;
    }
    if (this.#against === null) return;
    const other = first ?? this.#against.inject(trial, object, subject.name);
    this.#groups.add(subject, compareResults(object, other, made));
  }

  report(): MeshReplayReport {
    return {
      mesh: this.#mesh,
      reviews: this.#reviews,
      replayed: this.#end.report(),
      recorded: { reviews: this.#recorded, otherOutcome: this.#otherOutcome },
      against: this.#against === null ? null : { end: this.#against.report(), differences: this.#groups.summary() },
    };
  }
}

const NS_IN_MS = 1_000_000;

class TimedEnd {
  readonly #end: End;
  readonly #now: () => number;
  readonly #times = createHistogram();
  readonly #outcomes = new OutcomeCounts();

  constructor(end: End, now: () => number) {
    this.#end = end;
    this.#now = now;
  }

  inject(trial: Trial, object: JsonObject, name: string): InjectionResult {
    const start = this.#now();
    const { outcome, patch } = this.#end.answer(trial);
    // A histogram holds whole numbers from 1 on.
    this.#times.record(Math.max(1, Math.round((this.#now() - start) * NS_IN_MS)));
    this.#outcomes.add(outcome, name);
    return { outcome, pod: applyPatch(object, patch) as JsonObject };
  }

  report(): ReplayedEnd {
    const ms = (ns: number) => Math.round(ns / 1_000) / 1_000;
    const times = this.#times;
    return {
      ...this.#end.described,
      outcomes: this.#outcomes.list(),
      timing: { p50Ms: ms(times.percentile(50)), p99Ms: ms(times.percentile(99)), maxMs: ms(times.max) },
    };
  }
}
