/**
 * Injectors work on a pod as Go's types see it, where fields that they do not know are gone and values have one spelling
 * (`1024Mi` is `1Gi`). The patch is for the pod as it came. Grafting puts the two together: what injection did not touch stays
 * as it came, unknown fields stay with the container, volume … they belong to, whatever place that has now.
 */
import { deepEqual } from '../jsonpatch/deep-equal.ts';
import { ownMember, setMember } from '../merge/member.ts';
import type { JsonObject, JsonValue } from '../template/value.ts';

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param raw the value as it came
 * @param typed the same value as Go's types see it
 * @param result what injection made of `typed`
 * @returns `result` in the spelling of `raw`, with the unknown fields of `raw`. No argument is changed; parts are shared.
 */
export function graft(raw: JsonValue | undefined, typed: JsonValue | undefined, result: JsonValue): JsonValue {
  if (raw === undefined || typed === undefined || raw === typed) return result;
  if (result === typed || deepEqual(result, typed)) return raw;
  if (isObject(raw) && isObject(typed) && isObject(result)) return graftObject(raw, typed, result);
  if (Array.isArray(raw) && Array.isArray(typed) && Array.isArray(result) && raw.length === typed.length) {
    return graftList(raw, typed, result);
  }
  return result;
}

function graftObject(raw: JsonObject, typed: JsonObject, result: JsonObject): JsonObject {
  const grafted: JsonObject = {};
  for (const key in result) {
    const came = ownMember(raw, key);
    const before = ownMember(typed, key);
    const after = result[key] as JsonValue;
    // What only the types add (`status: {}`) is no change.
    if (came !== undefined) setMember(grafted, key, graft(came, before, after));
    else if (before === undefined || !(before === after || deepEqual(before, after))) setMember(grafted, key, after);
  }
  for (const key in raw) {
    if (ownMember(typed, key) === undefined && ownMember(result, key) === undefined) {
      setMember(grafted, key, raw[key] as JsonValue);
    }
  }
  return grafted;
}

function nameOf(value: JsonValue | undefined): string | undefined {
  const name = isObject(value) ? ownMember(value, 'name') : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** An element belongs to the one it was before: the same object, or the one of that name. */
function graftList(raw: readonly JsonValue[], typed: readonly JsonValue[], result: readonly JsonValue[]): JsonValue[] {
  const byIdentity = new Map<JsonValue, number>();
  const byName = new Map<string, number>();
  typed.forEach((value, index) => {
    if (isObject(value) && !byIdentity.has(value)) byIdentity.set(value, index);
    const name = nameOf(value);
    if (name !== undefined && !byName.has(name)) byName.set(name, index);
  });
  return result.map((value, index) => {
    const at =
      byIdentity.get(value) ?? byName.get(nameOf(value) ?? '') ?? (typed.length === result.length ? index : -1);
    return graft(raw[at], typed[at], value);
  });
}
