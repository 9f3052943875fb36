/**
 * The memory that a worker thread shares with the pool that waits for it: a count of what it has begun and ended, a bell, and the mailboxes
 * for reviews and answers. The pool makes it and hands it over as the thread's data; elsewhere than in a pool's thread nobody looks at it.
 */
import { workerData } from 'node:worker_threads';
import { Mailbox } from './mailbox.ts';

/** Element of the bell: how often it was rung. The worker sleeps on it. */
export const RUNG = 0;
/** Element of the bell: 1 while the worker is to be ready for other tasks than batches. */
export const PAUSED = 1;
const BELL_ELEMENTS = 2;

export interface SharedMemory {
  /** One element: reviews that were begun, and batches that were ended. */
  readonly progress: Int32Array;
  /** Two elements: RUNG and PAUSED. */
  readonly bell: Int32Array;
  readonly reviews: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

/** The pool's side of it. */
export function createSharedMemory(): SharedMemory {
  return {
    progress: sharedNumbers(1),
    bell: sharedNumbers(BELL_ELEMENTS),
    reviews: new Mailbox().memory,
    answers: new Mailbox().memory,
  };
}

/** The thread's side: what the pool handed over, or memory of its own. */
export function ownSharedMemory(): SharedMemory {
  return isSharedMemory(workerData) ? workerData : createSharedMemory();
}

function sharedNumbers(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}

function isSharedMemory(value: unknown): value is SharedMemory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'progress' in value &&
    value.progress instanceof Int32Array &&
    'bell' in value &&
    value.bell instanceof Int32Array &&
    'reviews' in value &&
    value.reviews instanceof SharedArrayBuffer &&
    'answers' in value &&
    value.answers instanceof SharedArrayBuffer
  );
}
