/** Sorting lists, by their elements or by what is made of each. */
import { ordered } from '../compare.ts';
import { runtimeError } from '../error.ts';
import { asList, type CallContext, listOf } from '../function.ts';
import { type CelValue, itemsOf, typeNameOf } from '../value.ts';

/** Stable, as for short lists upstream. Throws CelError for keys of different types, or without order. */
export function sortByKeys(list: CelValue, keyOf: (item: CelValue) => CelValue, context: CallContext): CelValue {
  const items = itemsOf(asList(list));
  context.budget.spendUnits(items.length);
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  const type = keyed[0] === undefined ? '' : typeNameOf(keyed[0].key);
  if (keyed.some(({ key }) => typeNameOf(key) !== type)) throw runtimeError('list elements must have the same type');
  keyed.sort((a, b) => {
    context.budget.spend(1);
    return ordered(a.key, b.key);
  });
  return listOf(
    keyed.map(({ item }) => item),
    context,
  );
}
