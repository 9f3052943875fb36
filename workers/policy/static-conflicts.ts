/** Policies that would fight over a pod, as far as their texts alone show it. */
import { isJsonObject, type JsonValue } from '../template/value.ts';
import type { MutationSource, PolicySource } from './policy-source.ts';
import type { PolicyPath, PolicyProblems } from './problem.ts';

interface Setting {
  readonly pointer: string;
  readonly value: string;
  readonly path: PolicyPath;
}

/** Depth of overlays is bounded where they are read. */
function overlaySettings(value: JsonValue, pointer: string, path: PolicyPath, into: Setting[]): void {
  if (!isJsonObject(value)) {
    // Lists merge by their keys, which only the pod tells.
    if (!Array.isArray(value)) into.push({ pointer, value: JSON.stringify(value), path });
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith('$')) continue;
    const escaped = name.replaceAll('~', '~0').replaceAll('/', '~1');
    overlaySettings(member, `${pointer}/${escaped}`, [...path, name], into);
  }
}

function settingsOf(mutation: MutationSource, path: PolicyPath): readonly Setting[] {
  const found: Setting[] = [];
  if (mutation.type === 'merge') overlaySettings(mutation.overlay, '', [...path, 'overlay'], found);
  if (mutation.type === 'jsonPatch') {
    for (const [index, operation] of mutation.operations.entries()) {
      if (operation.op !== 'add' && operation.op !== 'replace') continue;
      if (/\/(?:-|\d+)$/.test(operation.path)) continue;
      const value = JSON.stringify(operation.value);
      found.push({ pointer: operation.path, value, path: [...path, 'operations', index, 'value'] });
    }
  }
  return found;
}

/** Warns of each two active policies of one phase that set one place of a pod to different values. */
export function findStaticConflicts(policies: readonly PolicySource[], problems: PolicyProblems): void {
  const set = new Map<string, { readonly policy: string; readonly value: string }>();
  for (const [index, policy] of policies.entries()) {
    if (policy.suspend) continue;
    for (const [place, mutation] of policy.mutations.entries()) {
      for (const { pointer, value, path } of settingsOf(mutation, ['mutations', place])) {
        const key = `${policy.phase} ${pointer}`;
        const before = set.get(key);
        set.set(key, { policy: policy.name, value });
        if (before === undefined || before.policy === policy.name || before.value === value) continue;
        const message = `policies ${before.policy} and ${policy.name} set ${pointer} to different values; where both match, the later one wins`;
        problems.warn(index, 'POLICY_CONFLICT', message, path);
      }
    }
  }
}
