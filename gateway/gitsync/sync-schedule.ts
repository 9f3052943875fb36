/** When sources are looked at again: by their intervals, when a file changes, and when somebody asks. One sync runs at a time. */
import type { Clock } from './clock.ts';
import { TRIGGER_DEBOUNCE_MS } from './limits.ts';
import { type SourceMember, withJitter } from './source-member.ts';

export interface ScheduleOptions {
  readonly members: readonly SourceMember[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Looks at these members; never rejects. */
  readonly sync: (due: readonly SourceMember[]) => Promise<unknown>;
}

export class SyncSchedule {
  readonly #options: ScheduleOptions;
  /** Sources that became due while a sync was under way. */
  readonly #stale = new Set<SourceMember>();
  #cancelTrigger: (() => void) | null = null;
  #isBusy = false;
  /** Without it nothing is looked at by itself. */
  isStarted = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** A sync of these begins: whatever was due of them is done with it. */
  begin(due: readonly SourceMember[]): void {
    this.#isBusy = true;
    for (const member of due) {
      this.#stale.delete(member);
      member.cancelTimer?.();
    }
    this.#cancelTrigger?.();
    this.#cancelTrigger = null;
  }

  /** A sync of these has ended. `failures`: builds that failed in a row. */
  end(synced: readonly SourceMember[], failures: number): void {
    this.#isBusy = false;
    const { clock, signal } = this.#options;
    if (!this.isStarted || signal.aborted) return;
    for (const member of synced) {
      member.cancelTimer?.();
      const delay = this.#stale.has(member) ? 0 : withJitter(member.delayMs(failures), clock.random());
      member.cancelTimer = clock.after(delay, () => this.due([member]));
    }
  }

  /** These are looked at now, or as soon as the sync that runs has ended. */
  due(members: readonly SourceMember[] = this.#options.members): void {
    if (!this.#isBusy) void this.#options.sync(members);
    else for (const member of members) this.#stale.add(member);
  }

  /** All are looked at soon; calls that come close together are one. */
  trigger(): void {
    const { members, clock, signal, sync } = this.#options;
    if (this.#isBusy) {
      for (const member of members) this.#stale.add(member);
      return;
    }
    if (this.#cancelTrigger !== null || signal.aborted) return;
    this.#cancelTrigger = clock.after(TRIGGER_DEBOUNCE_MS, () => void sync(members));
  }

  cancel(): void {
    this.#cancelTrigger?.();
    for (const member of this.#options.members) member.cancelTimer?.();
  }
}
