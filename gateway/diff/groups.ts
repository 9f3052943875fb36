/**
 * Differences of many pods, grouped: by kind and place, and within a place by the values before and after. Pure, and bounded however
 * many pods are added.
 */
import type { JsonValue } from '../../workers/template/value.ts';
import { CHANGE_KINDS, type Change, type ChangeAction, type ChangeKind, pointerOf } from './change.ts';
import { patternOf, type Subject } from './value-pattern.ts';

/** Places that are kept apart; changes at further ones are only counted. */
export const MAX_GROUPS = 1_000;
/** Pairs of values that are kept of a place. */
export const MAX_VALUES = 20;
/** Pairs of values that are told apart at a place, kept or not. */
export const MAX_COUNTED_VALUES = 1_000;
/** Workloads that are told apart. */
export const MAX_WORKLOADS = 20_000;
/** Pods whose names are kept as examples, for each pair of values. */
export const MAX_EXAMPLES = 3;
/** Of a value as it is shown and kept. */
export const MAX_VALUE_LENGTH = 1_000;

export interface ValueGroup {
  /** JSON for what is not text; null for nothing. Where pods differ in nothing but their names, these are `{pod}`, `{namespace}` … */
  readonly from: string | null;
  readonly to: string | null;
  readonly pods: number;
  readonly workloads: number;
  /** Pods, such as `shop/web`. */
  readonly examples: readonly string[];
}

export interface DifferenceGroup {
  readonly kind: ChangeKind;
  readonly action: ChangeAction;
  readonly path: readonly string[];
  /** The path as a JSON pointer; '' for outcomes. */
  readonly pointer: string;
  readonly pods: number;
  readonly workloads: number;
  readonly examples: readonly string[];
  /** Most frequent first, no more than MAX_VALUES. */
  readonly values: readonly ValueGroup[];
  /** All there are, up to MAX_COUNTED_VALUES. */
  readonly valueCount: number;
}

export interface DifferenceSummary {
  /** Pods that were compared, and those that come out different. */
  readonly pods: number;
  readonly differentPods: number;
  readonly differentWorkloads: number;
  /** In the order of kinds, the most frequent first. */
  readonly groups: readonly DifferenceGroup[];
  /** Changes at places beyond MAX_GROUPS. */
  readonly omittedChanges: number;
}

class Count {
  pods = 0;
  readonly workloads = new Set<number>();
  readonly examples: string[] = [];

  add(subject: Subject, workload: number | undefined): void {
    this.pods++;
    if (workload !== undefined) this.workloads.add(workload);
    if (this.examples.length < MAX_EXAMPLES && !this.examples.includes(subject.name)) this.examples.push(subject.name);
  }
}

class Values extends Count {
  from: string | null;
  to: string | null;
  readonly #patterns: readonly [string | null, string | null];

  constructor(from: string | null, to: string | null, patterns: readonly [string | null, string | null]) {
    super();
    this.from = from;
    this.to = to;
    this.#patterns = patterns;
  }

  /** Once another pod has other values of the same pattern, the pattern is what they have in common. */
  meet(from: string | null, to: string | null): void {
    if (from !== this.from) this.from = this.#patterns[0];
    if (to !== this.to) this.to = this.#patterns[1];
  }
}

class Group extends Count {
  /** By their pattern, and by the values that they were first met with. */
  readonly values = new Map<string, Values>();
  readonly #met = new Map<string, Values>();
  /** Pairs beyond MAX_VALUES, up to MAX_COUNTED_VALUES. */
  readonly uncounted = new Set<string>();
  readonly change: Change;

  constructor(change: Change) {
    super();
    this.change = change;
  }

  /** The values that a change counts with; null beyond MAX_VALUES. */
  valuesOf({ from: before, to: after }: Change, { names }: Subject): Values | null {
    const [from, to] = [textOf(before), textOf(after)];
    const met = this.#met.get(JSON.stringify([from, to]));
    if (met !== undefined) return met;
    const patterns = [from, to].map((text) => (text === null ? null : patternOf(text, names)));
    const key = JSON.stringify(patterns);
    const known = this.values.get(key);
    if (known !== undefined) {
      known.meet(from, to);
      return known;
    }
    if (this.values.size >= MAX_VALUES) {
      if (this.values.size + this.uncounted.size < MAX_COUNTED_VALUES) this.uncounted.add(key);
      return null;
    }
    const values = new Values(from, to, [patterns[0] ?? null, patterns[1] ?? null]);
    this.values.set(key, values);
    this.#met.set(JSON.stringify([from, to]), values);
    return values;
  }
}

/** Gathers what compareResults finds, pod by pod. */
export class DifferenceGroups {
  readonly #groups = new Map<string, Group>();
  readonly #workloads = new Map<string, number>();
  readonly #different = new Set<number>();
  #pods = 0;
  #differentPods = 0;
  #omitted = 0;

  /** Adds one pod and its differences (none: it comes out the same). */
  add(subject: Subject, changes: readonly Change[]): void {
    this.#pods++;
    if (changes.length === 0) return;
    this.#differentPods++;
    const workload = this.#workloadOf(subject.workload);
    if (workload !== undefined) this.#different.add(workload);
    const counted = new Set<Count>();
    const count = (each: Count): void => {
      if (!counted.has(each)) each.add(subject, workload);
      counted.add(each);
    };
    for (const change of changes) {
      const group = this.#groupOf(change);
      if (group === null) continue;
      count(group);
      const values = group.valuesOf(change, subject);
      if (values !== null) count(values);
    }
  }

  summary(): DifferenceSummary {
    const groups = [...this.#groups.values()].map(groupOf);
    return {
      pods: this.#pods,
      differentPods: this.#differentPods,
      differentWorkloads: this.#different.size,
      groups: groups.sort(
        (a, b) => CHANGE_KINDS.indexOf(a.kind) - CHANGE_KINDS.indexOf(b.kind) || b.pods - a.pods || order(a, b),
      ),
      omittedChanges: this.#omitted,
    };
  }

  #groupOf(change: Change): Group | null {
    const key = JSON.stringify([change.kind, change.action, change.path]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= MAX_GROUPS) {
      this.#omitted++;
      return null;
    }
    const group = new Group(change);
    this.#groups.set(key, group);
    return group;
  }

  #workloadOf(name: string): number | undefined {
    const known = this.#workloads.get(name);
    if (known !== undefined || this.#workloads.size >= MAX_WORKLOADS) return known;
    this.#workloads.set(name, this.#workloads.size);
    return this.#workloads.get(name);
  }
}

function textOf(value: JsonValue | undefined): string | null {
  if (value === undefined) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`;
}

function groupOf(group: Group): DifferenceGroup {
  const { kind, action, path } = group.change;
  const values = [...group.values.values()].sort((a, b) => b.pods - a.pods);
  return {
    kind,
    action,
    path,
    pointer: kind === 'outcome' ? '' : pointerOf(path),
    ...counts(group),
    values: values.map((each) => ({ from: each.from, to: each.to, ...counts(each) })),
    valueCount: group.values.size + group.uncounted.size,
  };
}

function counts({ pods, workloads, examples }: Count) {
  return { pods, workloads: workloads.size, examples: [...examples] };
}

function order(a: DifferenceGroup, b: DifferenceGroup): number {
  return a.pointer < b.pointer ? -1 : a.pointer > b.pointer ? 1 : 0;
}
