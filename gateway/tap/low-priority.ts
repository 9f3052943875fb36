/** Gives threads a tenth of the time that others get, where both want a core: so that they are late, not what they work beside. */
import { readdirSync, readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** The thread that calls it. Only Linux has priorities of threads, and names the caller's in /proc; elsewhere nothing happens. */
export function lowerThreadPriority(): void {
  try {
    lower(Number(readlinkSync('/proc/thread-self').split('/').at(-1)));
  } catch {
    // What it does is bounded all the same.
  }
}

/** All threads of the process, those that collect garbage and compile among them; threads and processes that they start inherit it. */
export function lowerProcessPriority(): void {
  try {
    for (const thread of readdirSync('/proc/self/task')) lower(Number(thread));
  } catch {
    // As above: a thread may also have ended in between.
  }
}

function lower(thread: number): void {
  // 0 would be the whole process.
  if (thread > 0) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
}
