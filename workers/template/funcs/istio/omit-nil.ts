/** Istio's omitNil: data without its nil members, and without what is empty once they are gone. */
import { limitError } from '../../errors.ts';
import { MAX_VALUE_DEPTH } from '../../limits.ts';
import type { GoValue } from '../../value.ts';
import { GoRef } from '../../value.ts';

type Data = Readonly<Record<string, unknown>>;

/**
 * Removes nil from maps and lists of `any`, at every depth; typed maps and lists stay as they are, as do parts without nil. A map or
 * list that loses members and has none left is nil itself.
 */
export function omitNil(value: GoValue): GoValue {
  return withoutNil(value, 0) as GoValue;
}

function withoutNil(value: unknown, depth: number): unknown {
  if (depth > MAX_VALUE_DEPTH) throw limitError('value is nested too deeply');
  const data = untypedData(value);
  if (data === null) return value;
  const kept = Array.isArray(data) ? listWithoutNil(data, depth) : mapWithoutNil(data as Data, depth);
  return kept === data ? value : kept;
}

/** The data of a map[string]any or []any; null for every other value. */
function untypedData(value: unknown): object | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!(value instanceof GoRef)) return Array.isArray(value) || isPlain(value) ? value : null;
  const { type, data } = value;
  if (type.name !== undefined || (type.kind !== 'map' && type.kind !== 'slice')) return null;
  if (type.elem.kind !== 'interface' || type.elem.name !== undefined) return null;
  return typeof data === 'object' ? data : null;
}

/** Instances of classes (GoNumber, times …) are values of their own. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype as object) === null && !Object.hasOwn(prototype as object, 'constructor');
}

function listWithoutNil(list: readonly unknown[], depth: number): unknown {
  let changed = false;
  const kept: unknown[] = [];
  for (const item of list) {
    const left = withoutNil(item, depth + 1) ?? null;
    changed ||= left !== item;
    if (left !== null) kept.push(left);
    else changed = true;
  }
  if (!changed) return list;
  return kept.length === 0 ? null : kept;
}

function mapWithoutNil(map: Data, depth: number): unknown {
  let changed = false;
  let size = 0;
  const kept: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(map)) {
    const item = map[key];
    const left = withoutNil(item, depth + 1) ?? null;
    changed ||= left !== item || left === null;
    if (left === null) continue;
    kept[key] = left;
    size++;
  }
  if (!changed) return map;
  return size === 0 ? null : kept;
}
