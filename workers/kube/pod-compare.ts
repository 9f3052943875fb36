/**
 * When two pods are the same, whoever wrote them: members that are null, `[]` or `{}` count as absent (but `emptyDir: {}` is a
 * volume's source), and quantities compare in their canonical form. Order counts in every list, and strings count byte for
 * byte. The same rule serves whole resources (a Deployment, a List).
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { formatQuantity, QuantityError, quantityFromJson } from './quantity.ts';

export interface Difference {
  /** Member names and element positions, e.g. `spec.containers[0].image`; '' for the values themselves. */
  readonly path: string;
  /** What the sides hold there; undefined for nothing. */
  readonly a: JsonValue | undefined;
  readonly b: JsonValue | undefined;
}

/** Deeper values are compared no further: MAX_COMPARE_DEPTH is far beyond what any resource nests. */
export const MAX_COMPARE_DEPTH = 500;

/** Objects whose members are quantities, and members that are one. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set([
  'limits',
  'requests',
  'overhead',
  'capacity',
  'allocatedResources',
]);
const QUANTITIES: ReadonlySet<string> = new Set(['sizeLimit', 'divisor']);
/** Members with keys that users choose, which mean nothing to the API. */
const FREE_MAPS: ReadonlySet<string> = new Set(['labels', 'annotations', 'matchLabels', 'nodeSelector']);

/**
 * The first difference in document order (of `a`, then what only `b` has), or null when the two are the same. Throws RangeError
 * for values nested deeper than MAX_COMPARE_DEPTH.
 */
export function firstDifference(a: JsonValue, b: JsonValue): Difference | null {
  return compare(a, b, '', 'plain', 0);
}

/** What a member's name says about the values below it. */
type Meaning = 'plain' | 'quantity' | 'quantityMap' | 'freeMap';

function compare(
  a: JsonValue | undefined,
  b: JsonValue | undefined,
  path: string,
  meaning: Meaning,
  depth: number,
): Difference | null {
  if (a === b) return null;
  if (depth > MAX_COMPARE_DEPTH) throw new RangeError(`nested deeper than ${MAX_COMPARE_DEPTH} levels`);
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b, path, depth);
  if (isObject(a) && isObject(b)) return compareObjects(a, b, path, meaning, depth);
  if (meaning === 'quantity' && canonical(a) === canonical(b)) return null;
  return { path, a, b };
}

function compareLists(
  a: readonly JsonValue[],
  b: readonly JsonValue[],
  path: string,
  depth: number,
): Difference | null {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = compare(a[i], b[i], `${path}[${i}]`, 'plain', depth + 1);
    if (difference !== null) return difference;
  }
  return null;
}

function compareObjects(
  a: JsonObject,
  b: JsonObject,
  path: string,
  meaning: Meaning,
  depth: number,
): Difference | null {
  for (const key of Object.keys(a)) {
    const difference = compareMember(a, b, key, path, meaning, depth);
    if (difference !== null) return difference;
  }
  for (const key of Object.keys(b)) {
    if (Object.hasOwn(a, key)) continue;
    const difference = compareMember(a, b, key, path, meaning, depth);
    if (difference !== null) return difference;
  }
  return null;
}

function compareMember(
  a: JsonObject,
  b: JsonObject,
  key: string,
  path: string,
  meaning: Meaning,
  depth: number,
): Difference | null {
  const left = present(a, key, depth);
  const right = present(b, key, depth);
  if (left === right) return null;
  return compare(left, right, joinPath(path, key), meaningOf(key, meaning), depth + 1);
}

function meaningOf(key: string, parent: Meaning): Meaning {
  if (parent === 'quantityMap') return 'quantity';
  if (parent === 'freeMap') return 'plain';
  if (QUANTITY_MAPS.has(key)) return 'quantityMap';
  if (QUANTITIES.has(key)) return 'quantity';
  return FREE_MAPS.has(key) ? 'freeMap' : 'plain';
}

function present(object: JsonObject, key: string, depth: number): JsonValue | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return value === undefined || isBlank(value, key, depth) ? undefined : value;
}

/** null, `[]`, and objects of which nothing is left once such members are gone. */
function isBlank(value: JsonValue, key: string, depth: number): boolean {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  if (key === 'emptyDir') return false;
  if (depth > MAX_COMPARE_DEPTH) throw new RangeError(`nested deeper than ${MAX_COMPARE_DEPTH} levels`);
  return Object.keys(value).every((member) => isBlank(value[member] as JsonValue, member, depth + 1));
}

/** The canonical text of a quantity; anything else as it is. */
function canonical(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  try {
    return formatQuantity(quantityFromJson(value));
  } catch (error) {
    if (error instanceof QuantityError) return value;
    throw error;
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const PLAIN_NAME = /^[\w$-]+$/;

function joinPath(path: string, key: string): string {
  if (!PLAIN_NAME.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
