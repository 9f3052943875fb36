/** What a conformance run comes to: counts for each set, and the first difference of each case that fails. */
import type { Failure } from './review-case.ts';

export interface FailedCase extends Failure {
  readonly set: string;
  readonly id: string;
}

export interface SetCount {
  readonly set: string;
  passed: number;
  failed: number;
  /** Cases that are not compared, by reason. */
  readonly excluded: Record<string, number>;
}

export class Tally {
  readonly #sets = new Map<string, SetCount>();
  readonly failures: FailedCase[] = [];

  get sets(): readonly SetCount[] {
    return [...this.#sets.values()];
  }

  exclude(set: string, reason: string): void {
    const { excluded } = this.#count(set);
    excluded[reason] = (excluded[reason] ?? 0) + 1;
  }

  add(set: string, id: string, failure: Failure | null): void {
    const count = this.#count(set);
    if (failure === null) count.passed++;
    else {
      count.failed++;
      this.failures.push({ set, id, ...failure });
    }
  }

  #count(set: string): SetCount {
    const count = this.#sets.get(set) ?? { set, passed: 0, failed: 0, excluded: {} };
    this.#sets.set(set, count);
    return count;
  }
}

/** Longest value that a line shows. */
const MAX_SHOWN = 300;

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** `set id: path: expected …, got …`. */
export function failureLine({ set, id, path, expected, actual }: FailedCase): string {
  return `${set} ${id}: ${path}: expected ${shown(expected)}, got ${shown(actual)}`;
}

/** `istio/classic: 300 of 300; 2 not compared (the recorded patch is not valid)`. */
export function countLine({ set, passed, failed, excluded }: SetCount): string {
  const left = Object.entries(excluded).map(([reason, count]) => `${count} not compared (${reason})`);
  return [`${set}: ${passed} of ${passed + failed}`, ...left].join('; ');
}
