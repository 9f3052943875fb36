/** Lets the thread that calls it run only when the others leave a core idle. */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Only Linux has priorities of threads, and names the caller's in /proc; elsewhere nothing happens. */
export function lowerThreadPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    // 0 would be the whole process.
    if (thread > 0) setPriority(thread, constants.priority.PRIORITY_LOW);
  } catch {
    // What it does is bounded all the same.
  }
}
