/** What reviews came to, counted: outcomes with their reasons and codes. Bounded, for both come from registries. */
import type { Outcome } from '../../workers/protocol.ts';

/** Kept of each, so that somebody can look. */
const MAX_EXAMPLES = 3;

export interface OutcomeCount {
  readonly kind: Outcome['kind'];
  /** All reasons of a skip, or the code; '' of a patched pod. */
  readonly reason: string;
  readonly count: number;
  /** Of the first one that was denied or failed; '' otherwise. */
  readonly message: string;
  readonly examples: readonly string[];
}

export class OutcomeCounts {
  readonly #counts = new Map<string, { first: Outcome; reason: string; count: number; examples: string[] }>();

  add(outcome: Outcome, name: string): void {
    const reason = reasonText(outcome);
    const key = `${outcome.kind}\n${reason}`;
    const known = this.#counts.get(key) ?? { first: outcome, reason, count: 0, examples: [] };
    known.count += 1;
    if (known.examples.length < MAX_EXAMPLES && !known.examples.includes(name)) known.examples.push(name);
    this.#counts.set(key, known);
  }

  /** The most frequent first. */
  list(): readonly OutcomeCount[] {
    const counts = [...this.#counts.values()].map(({ first, reason, count, examples }): OutcomeCount => {
      return { kind: first.kind, reason, count, message: 'message' in first ? first.message : '', examples };
    });
    return counts.sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  }
}

/** Reasons of a skip as they stand, or the code; '' of a patched pod. */
export function reasonText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'patched':
      return '';
    case 'skipped':
      return (outcome.reasons ?? [outcome.reason]).join(', ');
    case 'denied':
    case 'failed':
      return outcome.code;
  }
}
