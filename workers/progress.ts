/**
 * How far a worker thread is, for the pool that waits for it: a count in shared memory of the reviews that were begun, and of the
 * batches that were ended. Elsewhere than in a pool's thread nobody looks at it.
 */
import { workerData } from 'node:worker_threads';

const count = workerData instanceof Int32Array ? workerData : new Int32Array(1);

/** A review is begun. */
export function countBegun(): void {
  Atomics.add(count, 0, 1);
}

/** All reviews of a batch are done. */
export function countEnded(): void {
  Atomics.add(count, 0, 1);
}
