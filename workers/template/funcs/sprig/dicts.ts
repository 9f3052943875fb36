/**
 * sprig's dict functions. Go walks maps in random order; `keys` and `values` give the order in which members were added, which is
 * the one that Go gives most often for small maps.
 * Which dicts `set`, `unset` and the merges change in place is said in ../dict.ts.
 */
import type { GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { sameType, typeOf, typeString } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { ANY_MAP, GoNumber, GoRef } from '../../value.ts';
import type { Dict } from '../dict.ts';
import { copyDict, dictData, isOwned, newDict, ownCopy } from '../dict.ts';
import { any, dict, fn1, fn2, fn3, text, variadic0, variadic1 } from '../signature.ts';
import { GoTime } from './calendar.ts';
import { ownedStrings } from './lists.ts';
import { mergeDict, mergeDictStrictly } from './merge.ts';
import { stringValue } from './text-value.ts';

function member(data: Dict | null, key: string): GoValue | undefined {
  return data !== null && Object.hasOwn(data, key) ? (data[key] as GoValue) : undefined;
}

function makeDict(args: readonly GoValue[]): GoValue {
  const out = newDict();
  for (let index = 0; index < args.length; index += 2) {
    const key = args[index] ?? null;
    const value = index + 1 < args.length ? args[index + 1] : '';
    out[typeof key === 'string' ? key : stringValue(key)] = value;
  }
  return out;
}

function set(target: GoValue, key: string, value: GoValue): GoValue {
  const data = dictData(target);
  if (data === null) throw new FuncError('assignment to entry in nil map');
  if (isOwned(data)) {
    data[key] = value;
    return target;
  }
  const copy = copyDict(data);
  copy[key] = value;
  return copy;
}

function unset(target: GoValue, key: string): GoValue {
  const data = dictData(target);
  if (data === null || !Object.hasOwn(data, key)) return target;
  const owned = isOwned(data) ? data : copyDict(data);
  delete owned[key];
  return owned === data ? target : owned;
}

function getMember(source: GoValue, key: string): GoValue {
  const value = member(dictData(source), key);
  return value === undefined ? '' : value;
}

function pluck(key: string, dicts: readonly GoValue[]): GoValue {
  const found: GoValue[] = [];
  for (const each of dicts) {
    const value = member(dictData(each), key);
    if (value !== undefined) found.push(value);
  }
  return found;
}

function keysOf(source: GoValue): string[] {
  return Object.keys(dictData(source) ?? {});
}

function values(source: GoValue): GoValue {
  return Object.values(dictData(source) ?? {});
}

function pick(source: GoValue, keys: readonly string[]): GoValue {
  const data = dictData(source);
  const out = newDict();
  for (const key of keys) {
    const value = member(data, key);
    if (value !== undefined) out[key] = value;
  }
  return out;
}

function omit(source: GoValue, keys: readonly string[]): GoValue {
  const out = newDict();
  const data = dictData(source);
  if (data === null) return out;
  for (const key of Object.keys(data)) {
    if (!keys.includes(key)) out[key] = data[key];
  }
  return out;
}

/** What a Go type assertion to map[string]any yields. */
function assertDict(value: GoValue | undefined): Dict | null {
  const type = typeOf(value);
  if (type === null || !sameType(type, ANY_MAP)) {
    const found = type === null ? 'nil' : typeString(value);
    throw new FuncError(`interface conversion: interface {} is ${found}, not map[string]interface {}`);
  }
  return dictData(value);
}

function dig(args: readonly GoValue[]): GoValue {
  if (args.length < 3) throw new FuncError('dig needs at least three arguments');
  let value: GoValue = args[args.length - 1] ?? null;
  let step = assertDict(value);
  const path = args.slice(0, -2);
  for (const key of path) {
    if (typeof key !== 'string') {
      throw new FuncError(`interface conversion: interface {} is ${typeString(key)}, not string`);
    }
  }
  for (let index = 0; index < path.length; index++) {
    if (index > 0) step = assertDict(value);
    const next = member(step, String(path[index]));
    if (next === undefined) return args[args.length - 2] ?? null;
    value = next;
  }
  return value;
}

/** copystructure does not copy unexported fields, which is all that a version consists of. */
function withoutUnexported(ref: GoRef): GoRef {
  const type = ref.type.kind === 'pointer' ? ref.type.elem : ref.type;
  const { data } = ref;
  if (type.kind !== 'struct' || typeof data !== 'object' || data === null || data instanceof GoTime) return ref;
  const hidden = [...type.fields.values()].filter(({ name }) => !/^\p{Lu}/u.test(name));
  if (hidden.length === 0) return ref;
  const names = new Set(hidden.map(({ jsonName }) => jsonName));
  return new GoRef(ref.type, Object.fromEntries(Object.entries(data).filter(([name]) => !names.has(name))));
}

/** copystructure.Copy, which needs a type to copy. */
function deepCopy(value: GoValue): GoValue {
  if (value === null) throw new FuncError('reflect: call of reflect.Value.Type on zero Value');
  return typeof value === 'object' && !(value instanceof GoNumber) ? ownCopy(value, withoutUnexported) : value;
}

function mutating(func: GoFunc): GoFunc {
  return { ...func, mutates: true };
}

export const dictFuncs: readonly (readonly [string, GoFunc])[] = [
  ['dict', variadic0(any, makeDict)],
  ['get', fn2(dict, text, getMember)],
  ['hasKey', fn2(dict, text, (source, key) => member(dictData(source), key) !== undefined)],
  ['set', mutating(fn3(dict, text, any, set))],
  ['unset', mutating(fn2(dict, text, unset))],
  ['pluck', variadic1(text, dict, pluck)],
  ['keys', variadic0(dict, (dicts) => ownedStrings(dicts.flatMap(keysOf)))],
  ['values', fn1(dict, values)],
  ['pick', variadic1(dict, text, pick)],
  ['omit', variadic1(dict, text, omit)],
  ['dig', variadic0(any, dig)],
  ['merge', mutating(variadic1(dict, dict, (target, sources) => mergeDict(target, sources, false)))],
  ['mergeOverwrite', mutating(variadic1(dict, dict, (target, sources) => mergeDict(target, sources, true)))],
  ['mustMerge', mutating(variadic1(dict, dict, (target, sources) => mergeDictStrictly(target, sources, false)))],
  [
    'mustMergeOverwrite',
    mutating(variadic1(dict, dict, (target, sources) => mergeDictStrictly(target, sources, true))),
  ],
  ['deepCopy', fn1(any, deepCopy)],
  ['mustDeepCopy', fn1(any, deepCopy)],
];
