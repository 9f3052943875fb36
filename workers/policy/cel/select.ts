/** Reading a member or an element, presence tests, and their optional forms. */
import { noSuchOverload, runtimeError } from './error.ts';
import type { CallContext } from './function.ts';
import {
  asKey,
  CelOptional,
  CelUint,
  type CelValue,
  fromJson,
  isJsonList,
  isList,
  isMap,
  itemsOf,
  LazyObject,
  lookUp,
  NONE,
} from './value.ts';

/** The member or element at a key; undefined where there is none. Throws CelError for what has no members. */
function find(value: CelValue, key: CelValue): CelValue | undefined {
  if (value instanceof LazyObject) return typeof key === 'string' ? value.member(key) : undefined;
  if (isMap(value)) return lookUp(value, key);
  if (!isList(value)) throw noSuchOverload();
  const index = key instanceof CelUint ? key.value : asKey(key);
  if (typeof index !== 'bigint') throw noSuchOverload();
  const at = Number(index);
  if (!isJsonList(value)) return itemsOf(value)[at];
  const item = value[at];
  return item === undefined ? undefined : fromJson(item);
}

/** `a.b` and `a[b]`. An optional on the left makes the result optional. */
export function select(value: CelValue, key: CelValue, { budget }: CallContext): CelValue {
  budget.spend(1);
  if (value instanceof CelOptional) return inOptional(value, key);
  const found = find(value, key);
  if (found !== undefined) return found;
  throw runtimeError(isList(value) ? `index out of bounds: ${String(key)}` : `no such key: ${keyText(key)}`);
}

function keyText(key: CelValue): string {
  return key instanceof CelUint ? String(key.value) : String(key);
}

function inOptional(value: CelOptional, key: CelValue): CelOptional {
  const found = value.value === undefined ? undefined : find(value.value, key);
  return found === undefined ? NONE : new CelOptional(found);
}

/** `a.?b` and `a[?b]`. */
export function selectOptional(value: CelValue, key: CelValue, { budget }: CallContext): CelValue {
  budget.spend(1);
  return inOptional(value instanceof CelOptional ? value : new CelOptional(value), key);
}

/** `has(a.b)`. */
export function testPresence(value: CelValue, name: string, { budget }: CallContext): boolean {
  budget.spend(1);
  if (value instanceof CelOptional) return inOptional(value, name).value !== undefined;
  if (isList(value)) throw noSuchOverload();
  return find(value, name) !== undefined;
}
