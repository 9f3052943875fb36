/**
 * Dicts that templates make, and who may change them.
 *
 * sprig's `set`, `unset` and `merge` change a dict in place, and templates rely on it. Pods and values, however, are shared
 * between requests and must never change. So a dict that a template function makes is *owned*: it has a prototype of its own, and
 * only such dicts are changed in place; for a foreign dict the function changes and returns an owned copy. A template that is to
 * see its changes of foreign data afterwards, as in Go, runs on an `ownCopy` of that data (functions that change dicts are marked
 * `mutates`, so an engine can tell which templates need it).
 *
 * The prototype chain holds nothing, so no key, `__proto__` included, means anything but itself.
 */
import type { GoValue } from '../value.ts';
import { GoNumber, GoRef } from '../value.ts';

export type Dict = Record<string, unknown>;

const OWNED_PROTOTYPE: object = Object.freeze(Object.create(null));

/** An empty dict that templates may change. */
export function newDict(): Dict {
  return Object.create(OWNED_PROTOTYPE) as Dict;
}

/** Whether a template made this dict, so that it may be changed in place. */
export function isOwned(data: object): boolean {
  return Object.getPrototypeOf(data) === OWNED_PROTOTYPE;
}

/** The object behind a map argument; null for a nil map. */
export function dictData(value: GoValue | undefined): Dict | null {
  const data = value instanceof GoRef ? value.data : value;
  return typeof data === 'object' && data !== null ? (data as Dict) : null;
}

/** An owned dict with the same members. */
export function copyDict(data: Dict): Dict {
  const copy = newDict();
  for (const key of Object.keys(data)) copy[key] = data[key];
  return copy;
}

/**
 * A deep copy whose dicts templates may change. What was one object stays one object. Instances of classes (a time, a version)
 * are values and stay as they are. Needs no recursion, so any depth is fine. `copyRef` may replace what a typed value holds.
 */
export function ownCopy(value: GoValue, copyRef: (ref: GoRef) => GoRef = sameRef): GoValue {
  const copies = new Map<object, object>();
  const pending: (readonly [source: object, copy: object])[] = [];

  function copyOf(item: unknown): unknown {
    if (typeof item !== 'object' || item === null) return item;
    const known = copies.get(item);
    if (known !== undefined) return known;
    if (item instanceof GoNumber) return item;
    if (item instanceof GoRef) {
      const given = copyRef(item);
      const ref = new GoRef(given.type, copyOf(given.data));
      copies.set(item, ref);
      return ref;
    }
    const copy = emptyLike(item);
    if (copy === null) return item;
    copies.set(item, copy);
    pending.push([item, copy]);
    return copy;
  }

  const result = copyOf(value);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const source = next[0] as Dict;
    const copy = next[1] as Dict;
    for (const key of Object.keys(source)) copy[key] = copyOf(source[key]);
  }
  return result as GoValue;
}

function sameRef(ref: GoRef): GoRef {
  return ref;
}

function emptyLike(item: object): object | null {
  if (Array.isArray(item)) return [];
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype === null || prototype === Object.prototype || prototype === OWNED_PROTOTYPE ? newDict() : null;
}
