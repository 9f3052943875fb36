/** What runs in the thread of compile-bench.ts: the worker's own check. Requests come first where both want a core. */
import { lowerThreadPriority } from '../tap/low-priority.ts';

export { check, missing } from '../../workers/main.ts';

lowerThreadPriority();
