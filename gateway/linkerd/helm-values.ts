/** Values files as Helm lays them over each other. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';

/** Values within values. */
const MAX_DEPTH = 100;

/** Values over others: mappings member by member, null takes a member away, anything else replaces. Throws RangeError beyond MAX_DEPTH. */
export function mergeHelmValues(base: JsonObject, over: JsonObject): JsonObject {
  return merge(base, over, 0);
}

function merge(base: JsonObject, over: JsonObject, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw new RangeError(`values are nested deeper than ${MAX_DEPTH} levels`);
  const merged = new Map<string, JsonValue>(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const before = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isJsonObject(value) && isJsonObject(before) ? merge(before, value, depth + 1) : value);
  }
  return Object.fromEntries(merged);
}
