import type { Operation } from '../jsonpatch/operation.ts';

/** Finds policies of one phase that set one place to different values: the later wins, and both authors should know. */
export class Conflicts {
  readonly #set = new Map<string, { readonly policy: string; readonly value: string }>();
  readonly found: string[] = [];

  /** @param changes what a policy made of the pod, as the difference from before it */
  add(policy: string, changes: readonly Operation[]): void {
    for (const change of changes) {
      if (change.op !== 'add' && change.op !== 'replace') continue;
      // An element that is put into a list moves others; its place says nothing.
      if (/\/(?:-|\d+)$/.test(change.path) && change.op === 'add') continue;
      const value = JSON.stringify(change.value);
      const before = this.#set.get(change.path);
      if (before !== undefined && before.policy !== policy && before.value !== value) {
        this.found.push(`policies ${before.policy} and ${policy} both set ${change.path}; ${policy} wins`);
      }
      this.#set.set(change.path, { policy, value });
    }
  }
}
