/** The rollouts' states as this process knows them, which is as they are stored: no change counts before it is on disk. */
import type { RolloutStates } from './state-text.ts';
import { NOTHING_STORED, type StateStore, type StoredStates } from './store.ts';

/** Tries to store a change while others store theirs. */
const COMMIT_TRIES = 20;

export interface LedgerParts {
  readonly store: StateStore;
  /** Stored states that could not be read. */
  readonly onProblem: (problem: string) => void;
  /** A change that could not be stored holds even so. */
  readonly onUnsaved: (error: unknown) => void;
}

/** Calls have to follow one another. */
export class Ledger {
  readonly #parts: LedgerParts;
  #stored: StoredStates = NOTHING_STORED;
  #unsaved = false;
  /** Whether the disk was ever looked at. */
  loaded = false;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  get states(): RolloutStates {
    return this.#stored.states;
  }

  /** Takes what others have stored. Rejects with the file system's error. */
  async refresh(): Promise<void> {
    const { store, onProblem } = this.#parts;
    if (this.loaded && (await store.newest()) === this.#stored.version) return;
    const { stored, problems, unsaved = false } = await store.load();
    for (const problem of problems) onProblem(problem);
    this.#stored = stored;
    this.loaded = true;
    this.#unsaved = unsaved;
  }

  /** Stores what had to hold without. Rejects with the file system's error. */
  async save(): Promise<void> {
    if (!this.#unsaved) return;
    const { version, states } = this.#stored;
    if (!(await this.#parts.store.commit(version, states))) return;
    this.#stored = { version: version + 1, states };
    this.#unsaved = false;
  }

  /**
   * Stores what `change` makes of the states; where others were first it is asked again. Rejects with the file system's error, and
   * nothing has changed then, unless the change is `urgent`: that holds even so, and is stored by `save`.
   */
  async change(
    change: (states: RolloutStates) => RolloutStates,
    urgent: (before: RolloutStates, after: RolloutStates) => boolean = () => false,
  ): Promise<void> {
    for (let tries = 0; tries < COMMIT_TRIES; tries++) {
      const { version, states: before } = this.#stored;
      const states = change(before);
      if (states === before) return;
      try {
        if (await this.#parts.store.commit(version, states)) {
          this.#stored = { version: version + 1, states };
          this.#unsaved = false;
          return;
        }
      } catch (error) {
        if (!urgent(before, states)) throw error;
        this.#parts.onUnsaved(error);
        this.#stored = { version, states };
        this.#unsaved = true;
        return;
      }
      await this.refresh();
    }
    throw new Error('others change the rollouts without pause');
  }
}
