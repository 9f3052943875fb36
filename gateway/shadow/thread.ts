/** What runs in the thread of shadow/shadow-thread.ts. */
import { lowerThreadPriority } from '../tap/low-priority.ts';
import { type ShadowDifferences, ShadowLab, type ShadowReply, type ShadowTask } from './lab.ts';

lowerThreadPriority();
const lab = new ShadowLab();

export function compare(task: ShadowTask): Promise<ShadowReply> {
  return lab.compare(task);
}

export function differences(key: string): ShadowDifferences {
  return lab.differences(key);
}

export function forget(key: string): void {
  lab.forget(key);
}
