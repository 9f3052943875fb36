/** The state folder as a source sees it: what serves is saved, and what served can be had again. */
import type { Snapshot, SnapshotEntry } from '../snapshot.ts';
import { problem, SourceError } from './problem.ts';
import { findSnapshot } from './rollback.ts';
import {
  type LoadedState,
  listHistory,
  loadHeld,
  loadHistory,
  loadState,
  type SnapshotRecord,
  saveState,
} from './state.ts';
import type { SyncEvent } from './sync-event.ts';
import { textOf } from './thrown.ts';

export class SnapshotStore {
  readonly #directory: string;
  readonly #identity: string;
  readonly #report: (event: SyncEvent) => void;
  #record: SnapshotRecord | null = null;
  /** Why the last snapshot could not be saved; null when it could. */
  fault: string | null = null;

  /** @param identity of the sources: what others have saved in the folder is not theirs. */
  constructor(directory: string, identity: string, report: (event: SyncEvent) => void) {
    this.#directory = directory;
    this.#identity = identity;
    this.#report = report;
  }

  /** Whether anything was saved since the start. */
  get isUsed(): boolean {
    return this.#record !== null;
  }

  /** The revision that a rollback before the last stop keeps from serving. */
  held(): Promise<string | null> {
    return loadHeld(this.#directory, this.#identity);
  }

  /** What served last. A folder that can not be used is reported. */
  async load(): Promise<Extract<LoadedState, { kind: 'loaded' }> | null> {
    const state = await loadState(this.#directory, this.#identity);
    if (state.kind === 'ignored' && state.problem !== null) {
      this.#report({ type: 'state-ignored', problem: state.problem });
    }
    return state.kind === 'loaded' ? state : null;
  }

  /** The newest first. */
  async list(): Promise<readonly SnapshotEntry[]> {
    const records = await listHistory(this.#directory, this.#identity);
    return records.map((record) => ({ ...record, serving: record.id === this.#record?.id }));
  }

  /** Throws SourceError SNAPSHOT_UNKNOWN, STATE_CORRUPT. `to` as findSnapshot takes it. */
  async find(to: string | null): Promise<{ readonly entry: SnapshotEntry; readonly snapshot: Snapshot }> {
    const entry = findSnapshot(await this.list(), to);
    const state = await loadHistory(this.#directory, this.#identity, entry.id);
    if (state.kind === 'loaded') return { entry, snapshot: state.snapshot };
    const [why] = state.kind === 'ignored' && state.problem !== null ? [state.problem] : [];
    throw new SourceError([why ?? problem('SNAPSHOT_UNKNOWN', '', `the snapshot ${entry.id} is gone`)]);
  }

  /** A snapshot that can not be saved serves all the same; why is in `fault`. */
  async save(snapshot: Snapshot, held: string | null): Promise<void> {
    try {
      this.#record = await saveState(this.#directory, this.#identity, snapshot, held);
      this.fault = null;
    } catch (error) {
      this.fault = textOf(error);
      this.#report({ type: 'state-not-saved', message: this.fault });
    }
  }
}
