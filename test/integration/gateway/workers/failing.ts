/**
 * A worker entry for tests: the real one, except that a pod's note can make it fail in the ways a worker can, when it begins with
 * that pod.
 */
import { batchEntry } from '../../../../workers/batch.ts';
import { injectOne } from '../../../../workers/main.ts';
import type { InjectTask } from '../../../../workers/protocol.ts';

export { adopt, check, missing, prepare, rehearse, rest, retire, settle, warm } from '../../../../workers/main.ts';

const FOREVER = new Int32Array(new SharedArrayBuffer(4));

export const serve = batchEntry((task) => injectOne(failing(task)));

/** A task that fails when its review is read, so that the time it takes to fail counts as the worker's. */
function failing(task: InjectTask): InjectTask {
  let read = false;
  return {
    ...task,
    get review() {
      if (!read) fail(task.review);
      read = true;
      return task.review;
    },
  };
}

function fail(review: string): void {
  if (review.includes('fail: exit')) process.exit(7);
  if (review.includes('fail: memory')) exhaustMemory();
  if (review.includes('fail: hang')) for (;;);
  const slow = /fail: slow(?: (\d+))?/.exec(review);
  if (slow !== null) Atomics.wait(FOREVER, 0, 0, Number(slow[1] ?? 300));
}

/** In small pieces: V8 ends the thread for these, where one large piece ends the whole process. */
function exhaustMemory(): void {
  let last: object | null = null;
  for (;;) last = { last, numbers: [1.5, 2.5, 3.5, 4.5] };
}
