/**
 * sprig's list functions. Lists are never changed in place, but for a []string that a template function made: `sortAlpha` sorts
 * that one where it lies, as in Go.
 */
import type { CallContext, GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { deepEqual } from '../../go-equal.ts';
import { elementsOf, isNil, isTrue, kindOf, sameType, sortStrings } from '../../reflect.ts';
import type { GoSliceType, GoType, GoValue } from '../../value.ts';
import { ANY, GoRef, STRING } from '../../value.ts';
import { any, fn1, fn2, integer, variadic0, variadic1 } from '../signature.ts';
import { toInt64 } from './cast.ts';
import { stringsOf, stringValue } from './text-value.ts';

const ANY_SLICE: GoType = { kind: 'slice', elem: ANY };
const ANY_SLICES: GoType = { kind: 'slice', elem: ANY_SLICE };
/** []string like any other; its identity tells that a template function made the list. */
const OWNED_STRINGS: GoSliceType = { kind: 'slice', elem: STRING };

/** A nil []any, which prints as `[]` and is null in JSON. */
const NIL_LIST: GoValue = new GoRef(ANY_SLICE, null);

/** A []string that belongs to the template. */
export function ownedStrings(items: readonly string[]): GoRef {
  return new GoRef(OWNED_STRINGS, items);
}

function nilPointer(): FuncError {
  return new FuncError('runtime error: invalid memory address or nil pointer dereference');
}

/** The elements of a list argument. Throws FuncError (Go's error or panic) when it is none. */
function itemsOf(list: GoValue, failure: string): readonly GoValue[] {
  const items = elementsOf(list);
  if (items !== null) return items;
  const kind = kindOf(list);
  throw kind === 'invalid' ? nilPointer() : new FuncError(`${failure} ${kind}`);
}

function inList(items: readonly GoValue[], needle: GoValue, context: CallContext): boolean {
  context.charge(items.length);
  for (const item of items) {
    if (typeof needle === 'string' ? item === needle : deepEqual(needle, item)) return true;
  }
  return false;
}

function uniq(list: GoValue, context: CallContext): GoValue {
  const texts = new Set<string>();
  const others: GoValue[] = [];
  return itemsOf(list, 'Cannot find uniq on type').filter((item) => {
    // Values of different types are never equal, so texts need only be compared with texts.
    if (typeof item === 'string') {
      if (texts.has(item)) return false;
      texts.add(item);
      return true;
    }
    if (inList(others, item, context)) return false;
    others.push(item);
    return true;
  });
}

function without(list: GoValue, omit: readonly GoValue[], context: CallContext): GoValue {
  return itemsOf(list, 'Cannot find without on type').filter((item) => !inList(omit, item, context));
}

function has(needle: GoValue, haystack: GoValue, context: CallContext): boolean {
  return haystack !== null && inList(itemsOf(haystack, 'Cannot find has on type'), needle, context);
}

function first(list: GoValue): GoValue {
  return itemsOf(list, 'Cannot find first on type')[0] ?? null;
}

function last(list: GoValue): GoValue {
  return itemsOf(list, 'Cannot find last on type').at(-1) ?? null;
}

function rest(list: GoValue): GoValue {
  const items = itemsOf(list, 'Cannot find rest on type');
  return items.length === 0 ? NIL_LIST : items.slice(1);
}

function initial(list: GoValue): GoValue {
  const items = itemsOf(list, 'Cannot find initial on type');
  return items.length === 0 ? NIL_LIST : items.slice(0, -1);
}

function sortAlpha(list: GoValue): GoValue {
  if (elementsOf(list) === null) return ownedStrings([stringValue(list)]);
  if (list instanceof GoRef && list.type === OWNED_STRINGS) {
    sortStrings(list.data as string[]);
    return list;
  }
  const isStrings = list instanceof GoRef && sameType(list.type, OWNED_STRINGS);
  return isStrings && isNil(list) ? list : ownedStrings(sortStrings([...stringsOf(list)]));
}

/** list[start:end]. Go would let a slice grow into its spare capacity; here its length is the end. */
function slice(list: GoValue, [from, to]: readonly GoValue[]): GoValue {
  const items = itemsOf(list, 'list should be type of slice or array but');
  if (items.length === 0) return null;
  const start = from === undefined ? 0 : Number(toInt64(from));
  const end = to === undefined ? items.length : Number(toInt64(to));
  if (start < 0 || end < start || end > items.length) {
    throw new FuncError('reflect.Value.Slice: slice index out of bounds');
  }
  return list instanceof GoRef ? new GoRef(list.type, items.slice(start, end)) : items.slice(start, end);
}

function concat(lists: readonly GoValue[], context: CallContext): GoValue {
  const out: GoValue[] = [];
  for (const list of lists) {
    const items = elementsOf(list);
    if (items === null) {
      const kind = kindOf(list);
      throw kind === 'invalid' ? nilPointer() : new FuncError(`Cannot concat type ${kind} as list`);
    }
    context.charge(items.length);
    for (const item of items) out.push(item);
  }
  return out.length === 0 ? NIL_LIST : out;
}

/**
 * Lists of `size` elements, the last one shorter. The arithmetic is floating point as in sprig, which decides what sizes below 1
 * do: no chunks for some lengths, an error for the others.
 */
function chunk(size: bigint, list: GoValue): GoValue {
  const items = itemsOf(list, 'Cannot chunk type');
  const width = Number(size);
  const count = Math.floor((items.length - 1) / width) + 1;
  if (!(count >= 0 && count <= items.length)) throw new FuncError('runtime error: makeslice: len out of range');
  const chunks: GoValue[][] = [];
  for (let index = 0; index < count; index++) {
    const length = index < count - 1 ? width : items.length % width || width;
    const start = index * width;
    if (length < 0) throw new FuncError('runtime error: makeslice: len out of range');
    if (start < 0 || start + length > items.length) throw new FuncError('reflect: slice index out of range');
    chunks.push(items.slice(start, start + length));
  }
  return new GoRef(ANY_SLICES, chunks);
}

const listOf: GoFunc = variadic0(any, (values) => [...values]);
const append: GoFunc = fn2(any, any, (list, value, context) => {
  const items = itemsOf(list, 'Cannot push on type');
  context.charge(items.length);
  return [...items, value];
});
const prepend: GoFunc = fn2(any, any, (list, value, context) => {
  const items = itemsOf(list, 'Cannot prepend on type');
  context.charge(items.length);
  return [value, ...items];
});
const reverse: GoFunc = fn1(any, (list) => [...itemsOf(list, 'Cannot find reverse on type')].reverse());
const compact: GoFunc = fn1(any, (list) => itemsOf(list, 'Cannot compact on type').filter((item) => isTrue(item)));

/** The plain functions panic where the `must` ones return an error; in a template both are errors. */
export const listFuncs: readonly (readonly [string, GoFunc])[] = [
  ['list', listOf],
  ['tuple', listOf],
  ['append', append],
  ['push', append],
  ['mustAppend', append],
  ['mustPush', append],
  ['prepend', prepend],
  ['mustPrepend', prepend],
  ['first', fn1(any, first)],
  ['mustFirst', fn1(any, first)],
  ['last', fn1(any, last)],
  ['mustLast', fn1(any, last)],
  ['rest', fn1(any, rest)],
  ['mustRest', fn1(any, rest)],
  ['initial', fn1(any, initial)],
  ['mustInitial', fn1(any, initial)],
  ['reverse', reverse],
  ['mustReverse', reverse],
  ['compact', compact],
  ['mustCompact', compact],
  ['uniq', fn1(any, uniq)],
  ['mustUniq', fn1(any, uniq)],
  ['without', variadic1(any, any, without)],
  ['mustWithout', variadic1(any, any, without)],
  ['has', fn2(any, any, has)],
  ['mustHas', fn2(any, any, has)],
  ['slice', variadic1(any, any, slice)],
  ['mustSlice', variadic1(any, any, slice)],
  ['concat', variadic0(any, concat)],
  ['chunk', fn2(integer, any, chunk)],
  ['mustChunk', fn2(integer, any, chunk)],
  ['sortAlpha', fn1(any, sortAlpha)],
];
