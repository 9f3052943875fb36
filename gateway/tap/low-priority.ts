/** Gives the thread that calls it a tenth of the time that another one gets, where both want a core: so that it is late, not they. */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Only Linux has priorities of threads, and names the caller's in /proc; elsewhere nothing happens. */
export function lowerThreadPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    // 0 would be the whole process.
    if (thread > 0) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // What it does is bounded all the same.
  }
}
