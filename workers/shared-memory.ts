/**
 * The memory that a worker thread shares with the pool that waits for it: a count of what it has begun and ended, and the mailboxes for
 * reviews and answers. The pool makes it and hands it over as the thread's data; elsewhere than in a pool's thread nobody looks at it.
 */
import { workerData } from 'node:worker_threads';
import { Mailbox } from './mailbox.ts';

export interface SharedMemory {
  /** One element: reviews that were begun, and batches that were ended. */
  readonly progress: Int32Array;
  readonly reviews: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

/** The pool's side of it. */
export function createSharedMemory(): SharedMemory {
  return {
    progress: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    reviews: new Mailbox().memory,
    answers: new Mailbox().memory,
  };
}

/** The thread's side: what the pool handed over, or memory of its own. */
export function ownSharedMemory(): SharedMemory {
  return isSharedMemory(workerData) ? workerData : createSharedMemory();
}

function isSharedMemory(value: unknown): value is SharedMemory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'progress' in value &&
    value.progress instanceof Int32Array &&
    'reviews' in value &&
    value.reviews instanceof SharedArrayBuffer &&
    'answers' in value &&
    value.answers instanceof SharedArrayBuffer
  );
}
