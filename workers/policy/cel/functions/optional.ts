/** CEL's optional values: made, asked and opened. What depends on evaluating an argument only sometimes is in macros.ts. */
import { noSuchOverload, runtimeError } from '../error.ts';
import { asList, type CallContext, declared, type FunctionTable, known, listOf } from '../function.ts';
import { CelOptional, CelUint, type CelValue, isList, isMap, itemsOf, NONE, sizeOfMap } from '../value.ts';

export function optionalOf(value: CelValue | undefined): CelOptional {
  if (!(value instanceof CelOptional)) throw noSuchOverload();
  return value;
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return true;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  if (isList(value)) return itemsOf(value).length === 0;
  return isMap(value) && sizeOfMap(value) === 0;
}

/** The values of those that have one. */
function unwrap([list]: readonly CelValue[], context: CallContext): CelValue {
  const held = itemsOf(asList(list)).map((item) => optionalOf(item).value);
  return listOf(
    held.filter((value) => value !== undefined),
    context,
  );
}

export const OPTIONAL_FUNCTIONS: FunctionTable = new Map([
  ['optional.none', known(() => NONE)],
  ['optional.of', known(([value]) => new CelOptional(value))],
  [
    'optional.ofNonZeroValue',
    declared(['OptionalNamespace.ofNonZeroValue(A): optional<A>'], ([value]) =>
      value === undefined || isZero(value) ? NONE : new CelOptional(value),
    ),
  ],
  ['optional.unwrap', declared(['OptionalNamespace.unwrap(list<optional<A>>): list<A>'], unwrap)],
  ['.unwrapOpt', declared(['list<optional<A>>.unwrapOpt(): list<A>'], unwrap)],
  ['.hasValue', known(([value]) => optionalOf(value).value !== undefined)],
  [
    '.value',
    known(([value]) => {
      const held = optionalOf(value).value;
      if (held === undefined) throw runtimeError('optional.none() dereference');
      return held;
    }),
  ],
]);
