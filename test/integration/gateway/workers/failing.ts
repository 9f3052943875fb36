/**
 * A worker entry for tests: the real one, except that a pod's note can make it fail in the ways a worker can.
 */
import { inject as injectForReal } from '../../../../workers/main.ts';
import type { InjectTask } from '../../../../workers/protocol.ts';

export { check, warm } from '../../../../workers/main.ts';

export function inject(tasks: readonly InjectTask[]): ReturnType<typeof injectForReal> {
  for (const { review } of tasks) {
    if (review.includes('fail: exit')) process.exit(7);
    if (review.includes('fail: memory')) exhaustMemory();
    if (review.includes('fail: hang')) for (;;);
    if (review.includes('fail: slow')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  }
  return injectForReal(tasks);
}

/** In small pieces: V8 ends the thread for these, where one large piece ends the whole process. */
function exhaustMemory(): void {
  let last: object | null = null;
  for (;;) last = { last, numbers: [1.5, 2.5, 3.5, 4.5] };
}
