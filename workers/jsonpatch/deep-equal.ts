import type { JsonObject, JsonValue } from '../template/value.ts';
import { PatchError } from './operation.ts';

/** Deepest nesting that comparing and patching follow; no resource comes near. */
export const MAX_JSON_DEPTH = 500;

/**
 * Whether two JSON values are the same; the order of members does not count. Parts that are the same object are not looked
 * into. Throws PatchError PATCH_LIMIT beyond MAX_JSON_DEPTH.
 */
export function deepEqual(a: JsonValue, b: JsonValue, depth = 0): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (depth > MAX_JSON_DEPTH) throw new PatchError('PATCH_LIMIT', -1, `nested deeper than ${MAX_JSON_DEPTH} levels`);
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b, depth);
  return !Array.isArray(b) && equalObjects(a, b, depth);
}

function equalLists(a: readonly JsonValue[], b: readonly JsonValue[], depth: number): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!deepEqual(a[i] as JsonValue, b[i] as JsonValue, depth + 1)) return false;
  }
  return true;
}

function equalObjects(a: JsonObject, b: JsonObject, depth: number): boolean {
  const keys = Object.keys(a);
  const others = Object.keys(b);
  if (keys.length !== others.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    // Mostly the members come in the same order.
    if (key !== others[i] && !Object.hasOwn(b, key)) return false;
    if (!deepEqual(a[key] as JsonValue, b[key] as JsonValue, depth + 1)) return false;
  }
  return true;
}
