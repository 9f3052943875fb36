/**
 * sprig's defaults, conditions and reflection.
 */
import type { GoFunc } from '../../func.ts';
import { deepEqual } from '../../go-equal.ts';
import { isTrue, kindOf, typeString } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { any, flag, fn1, fn2, fn3, text, variadic0, variadic1, withDirect } from '../signature.ts';

/** Empty is what text/template takes for false: zero, "", nil, no elements; never a struct. */
function coalesce(values: readonly GoValue[]): GoValue {
  for (const value of values) {
    if (isTrue(value)) return value;
  }
  return null;
}

export const defaultFuncs: readonly (readonly [string, GoFunc])[] = [
  [
    'default',
    withDirect(
      variadic1(any, any, (fallback, given) => (given.length > 0 && isTrue(given[0]) ? (given[0] ?? null) : fallback)),
      2,
      (_context, fallback, given) => (isTrue(given) ? given : fallback),
    ),
  ],
  ['empty', fn1(any, (value) => !isTrue(value))],
  ['coalesce', variadic0(any, coalesce)],
  ['all', variadic0(any, (values) => values.every((value) => isTrue(value)))],
  ['any', variadic0(any, (values) => values.some((value) => isTrue(value)))],
  ['ternary', fn3(any, any, flag, (yes, no, condition) => (condition ? yes : no))],
];

export const reflectionFuncs: readonly (readonly [string, GoFunc])[] = [
  ['typeOf', fn1(any, typeString)],
  ['typeIs', fn2(text, any, (name, value) => typeString(value) === name)],
  ['typeIsLike', fn2(text, any, (name, value) => typeString(value) === name || typeString(value) === `*${name}`)],
  ['kindOf', fn1(any, kindOf)],
  ['kindIs', fn2(text, any, (name, value) => kindOf(value) === name)],
  ['deepEqual', fn2(any, any, (a, b) => deepEqual(a, b))],
];
