import type { JsonValue } from '../template/value.ts';
import { applyPatch } from './apply.ts';
import { deepEqual } from './deep-equal.ts';
import { type Operation, PatchError } from './operation.ts';

/**
 * Whether the patch applies to `before`, with the apiserver's rules, and makes `after` of it. The apiserver rejects a pod whose
 * patch does not apply whatever the failure policy, so each patch is proved before it is sent. Cheap where `after` shares with
 * `before`: shared parts are not looked into.
 */
export function provePatch(before: JsonValue, after: JsonValue, patch: readonly Operation[]): boolean {
  try {
    return deepEqual(applyPatch(before, patch), after);
  } catch (error) {
    if (error instanceof PatchError) return false;
    throw error;
  }
}
