/**
 * What becomes of a patch's value that meets nothing in the object: it is taken over, without what was meant as an
 * instruction.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { setMember } from './member.ts';
import type { MergeRun } from './merge-run.ts';

/** Stands for "this value is an instruction itself, and not taken over". */
export const DROPPED = Symbol('dropped');

/** Whether members that are null are left out (they say "delete", and there is nothing to delete). */
export type Nulls = 'drop' | 'keep';

/**
 * The value without objects that carry `$patch`, at any depth, and without null members; null elements of lists stay.
 * Returns the same value when nothing had to go. With `keep`, null members stay, and a `$patch: null` counts as one that
 * is carried.
 */
export function takeValue(run: MergeRun, value: JsonValue, nulls: Nulls): JsonValue | typeof DROPPED {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? takeList(run, value, nulls) : takeObject(run, value, nulls);
}

export function takeList(run: MergeRun, list: readonly JsonValue[], nulls: Nulls): JsonValue[] {
  let out: JsonValue[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const element = list[i] as JsonValue;
    run.enter(i);
    const taken = takeValue(run, element, nulls);
    run.leave();
    if (taken !== element && out === undefined) out = list.slice(0, i);
    if (out !== undefined && taken !== DROPPED) out.push(taken);
  }
  return out ?? (list as JsonValue[]);
}

function takeObject(run: MergeRun, object: JsonObject, nulls: Nulls): JsonObject | typeof DROPPED {
  if (Object.hasOwn(object, '$patch') && (nulls === 'keep' || object.$patch !== null)) return DROPPED;
  const keys = Object.keys(object);
  let changed: Map<string, JsonValue | typeof DROPPED> | undefined;
  for (const key of keys) {
    const member = object[key] as JsonValue;
    run.enter(key);
    const taken = member === null && nulls === 'drop' ? DROPPED : takeValue(run, member, nulls);
    run.leave();
    if (taken !== member) {
      changed ??= new Map();
      changed.set(key, taken);
    }
  }
  if (changed === undefined) return object;
  const out: JsonObject = {};
  for (const key of keys) {
    const taken = changed.get(key) ?? (object[key] as JsonValue);
    if (taken !== DROPPED) setMember(out, key, taken);
  }
  return out;
}
