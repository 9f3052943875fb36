/** Kubernetes' functions on lists, CEL's list extension, and its sets. */
import type { Budget } from '../budget.ts';
import { equals, ordered } from '../compare.ts';
import { limitError, noSuchOverload, runtimeError } from '../error.ts';
import { asIndex, asList, type CallContext, declared, type FunctionTable, listOf } from '../function.ts';
import { MAX_LIST_LENGTH, MAX_VALUE_DEPTH } from '../limits.ts';
import { BINARY_OPERATIONS } from '../operators.ts';
import { CelDuration, CelOptional, CelUint, type CelValue, isList, itemsOf, NONE } from '../value.ts';

function elements(value: CelValue | undefined, { budget }: CallContext): readonly CelValue[] {
  const items = itemsOf(asList(value));
  budget.spendUnits(items.length);
  return items;
}

function isSorted(args: readonly CelValue[], context: CallContext): boolean {
  const items = elements(args[0], context);
  return items.every((item, index) => index === 0 || ordered(items[index - 1] as CelValue, item) <= 0);
}

function sum(args: readonly CelValue[], context: CallContext): CelValue {
  const items = elements(args[0], context);
  const add = BINARY_OPERATIONS.get('+');
  const [first, ...rest] = items;
  if (first === undefined) return 0n;
  const summable =
    typeof first === 'bigint' || typeof first === 'number' || first instanceof CelUint || first instanceof CelDuration;
  if (!summable || add === undefined) throw noSuchOverload();
  return rest.reduce((total, item) => add(total, item, context.budget), first);
}

/** The first of the least (or greatest) elements. */
function extreme(args: readonly CelValue[], context: CallContext, sign: number): CelValue {
  const items = elements(args[0], context);
  const [first, ...rest] = items;
  if (first === undefined) throw runtimeError(`${sign < 0 ? 'min' : 'max'} called on empty list`);
  return rest.reduce((best, item) => (ordered(item, best) * sign > 0 ? item : best), first);
}

function slice(args: readonly CelValue[], context: CallContext): CelValue {
  const items = elements(args[0], context);
  const start = asIndex(args[1]);
  const end = asIndex(args[2]);
  if (start < 0 || end < 0) throw runtimeError(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end)
    throw runtimeError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (end > items.length) throw runtimeError(`cannot slice(${start}, ${end}), list is length ${items.length}`);
  return listOf(items.slice(start, end), context);
}

function flatten(args: readonly CelValue[], context: CallContext): CelValue {
  const depth = args[1] === undefined ? 1 : asIndex(args[1]);
  if (depth < 0) throw runtimeError('level must be non-negative');
  const out: CelValue[] = [];
  const visit = (value: CelValue, left: number, nested: number) => {
    if (nested > MAX_VALUE_DEPTH) throw limitError(`a list nested deeper than ${MAX_VALUE_DEPTH} levels is flattened`);
    for (const item of elements(value, context)) {
      if (left > 0 && isList(item)) visit(item, left - 1, nested + 1);
      else out.push(item);
    }
  };
  visit(asList(args[0]), depth, 0);
  return listOf(out, context);
}

function sort(args: readonly CelValue[], context: CallContext): CelValue {
  const items = [...elements(args[0], context)];
  items.sort((a, b) => {
    context.budget.spend(1);
    return ordered(a, b);
  });
  return listOf(items, context);
}

/** An optional with what a list has at an index, as `Array.prototype.at` counts. */
function at(args: readonly CelValue[], context: CallContext, index: number): CelOptional {
  const item = elements(args[0], context).at(index);
  return item === undefined ? NONE : new CelOptional(item);
}

function distinct(args: readonly CelValue[], context: CallContext): CelValue {
  const kept: CelValue[] = [];
  for (const item of elements(args[0], context)) if (!includes(kept, item, context.budget)) kept.push(item);
  return listOf(kept, context);
}

function includes(items: readonly CelValue[], wanted: CelValue, budget: Budget): boolean {
  return items.some((item) => equals(item, wanted, budget));
}

function range(args: readonly CelValue[], context: CallContext): CelValue {
  const length = asIndex(args[0]);
  if (length > MAX_LIST_LENGTH) throw limitError(`a list of more than ${MAX_LIST_LENGTH} elements is made`);
  return listOf(
    Array.from({ length: Math.max(0, length) }, (_, index) => BigInt(index)),
    context,
  );
}

function containsAll(all: readonly CelValue[], some: readonly CelValue[], budget: Budget): boolean {
  return some.every((item) => includes(all, item, budget));
}

export const LIST_FUNCTIONS: FunctionTable = new Map([
  ['.isSorted', declared(['list.isSorted(): bool'], isSorted)],
  [
    '.sum',
    declared(
      [
        'list<int>.sum(): int',
        'list<double>.sum(): double',
        'list<uint>.sum(): uint',
        'list<dyn>.sum(): dyn',
        'list<google.protobuf.Duration>.sum(): google.protobuf.Duration',
      ],
      sum,
    ),
  ],
  ['.min', declared(['list<A>.min(): A'], (args, context) => extreme(args, context, -1))],
  ['.max', declared(['list<A>.max(): A'], (args, context) => extreme(args, context, 1))],
  ['.slice', declared(['list<A>.slice(int, int): list<A>'], slice)],
  ['.flatten', declared(['list.flatten(): list', 'list.flatten(int): list'], flatten)],
  ['.sort', declared(['list<A>.sort(): list<A>'], sort)],
  ['.first', declared(['list<A>.first(): optional<A>'], (args, context) => at(args, context, 0))],
  ['.last', declared(['list<A>.last(): optional<A>'], (args, context) => at(args, context, -1))],
  ['.distinct', declared(['list<A>.distinct(): list<A>'], distinct)],
  [
    '.reverse',
    declared(['list<A>.reverse(): list<A>'], (args, context) =>
      listOf([...elements(args[0], context)].reverse(), context),
    ),
  ],
  ['lists.range', declared(['ListsNamespace.range(int): list<int>'], range)],
  [
    'sets.contains',
    declared(['SetsNamespace.contains(list, list): bool'], (args, context) =>
      containsAll(elements(args[0], context), elements(args[1], context), context.budget),
    ),
  ],
  [
    'sets.equivalent',
    declared(['SetsNamespace.equivalent(list, list): bool'], (args, context) => {
      const [a, b] = [elements(args[0], context), elements(args[1], context)];
      return containsAll(a, b, context.budget) && containsAll(b, a, context.budget);
    }),
  ],
  [
    'sets.intersects',
    declared(['SetsNamespace.intersects(list, list): bool'], (args, context) => {
      const b = elements(args[1], context);
      return elements(args[0], context).some((item) => includes(b, item, context.budget));
    }),
  ],
]);
