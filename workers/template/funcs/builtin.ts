/**
 * The functions that every template has: Go's text/template builtins. `and` and `or` are compiled, for they do not always evaluate
 * their arguments; here they only have their signature.
 */
import { compareValues, equalValues } from '../compare.ts';
import { displayed } from '../display.ts';
import { escapeHtml, escapeJs, escapeQuery } from '../escape.ts';
import type { FuncMap, GoFunc } from '../func.ts';
import { FuncError } from '../func.ts';
import { indexValue, sliceValue } from '../indexing.ts';
import { sprint, sprintf, sprintln } from '../printf.ts';
import { concrete, indirect, isTrue, kindOf, lengthOf, typeString } from '../reflect.ts';
import type { GoValue } from '../value.ts';
import { ANY, STRING } from '../value.ts';

const BUILTINS: FuncMap = new Map<string, GoFunc>([
  ['and', logic('and')],
  ['or', logic('or')],
  ['not', { params: [ANY], call: ([value]) => !isTrue(value) }],
  [
    'len',
    {
      params: [ANY],
      call: ([value]) => length(value ?? null),
      direct: { count: 1, call: (_context, value) => length(value) },
    },
  ],
  [
    'index',
    {
      params: [ANY],
      variadic: ANY,
      call: (args) => indexValue(args),
      direct: { count: 2, call: (_context, item, key) => indexValue([item, key]) },
    },
  ],
  ['slice', { params: [ANY], variadic: ANY, call: ([item = null, ...bounds]) => sliceValue(item, bounds) }],
  ['call', { params: [ANY], variadic: ANY, call: ([callee]) => callValue(callee ?? null) }],
  ['print', text((args) => sprint(...args))],
  ['println', text((args) => sprintln(...args))],
  [
    'printf',
    {
      params: [STRING],
      variadic: ANY,
      call: ([format, ...args], context) => {
        const made = sprintf(String(format), args);
        context.charge(made.length);
        return made;
      },
    },
  ],
  ['html', text((args) => escapeHtml(textOf(args)))],
  ['js', text((args) => escapeJs(textOf(args)))],
  ['urlquery', text((args) => escapeQuery(textOf(args)))],
  [
    'eq',
    {
      params: [ANY],
      variadic: ANY,
      call: equalsAny,
      direct: { count: 2, call: (_context, a, b) => equalValues(a, b) },
    },
  ],
  ['ne', comparison((a, b) => !equalValues(a, b))],
  ['lt', comparison((a, b) => compareValues(a, b))],
  ['le', comparison((a, b) => compareValues(a, b) || equalValues(a, b))],
  ['gt', comparison((a, b) => !(compareValues(a, b) || equalValues(a, b)))],
  ['ge', comparison((a, b) => !compareValues(a, b))],
]);

/** The builtins by name. */
export function builtinFuncs(): FuncMap {
  return BUILTINS;
}

function logic(name: string): GoFunc {
  return {
    params: [ANY],
    variadic: ANY,
    call: () => {
      throw new Error(`${name} is compiled, not called`);
    },
  };
}

/** A function of any values whose text counts against the budget. */
function text(make: (args: readonly GoValue[]) => string): GoFunc {
  return {
    params: [],
    variadic: ANY,
    call: (args, context) => {
      const made = make(args);
      context.charge(made.length);
      return made;
    },
  };
}

function comparison(compare: (a: GoValue, b: GoValue) => boolean): GoFunc {
  return {
    params: [ANY, ANY],
    call: ([a = null, b = null]) => compare(a, b),
    direct: { count: 2, call: (_context, a, b) => compare(a, b) },
  };
}

function equalsAny(args: readonly GoValue[]): boolean {
  if (args.length < 2) throw new FuncError('missing argument for comparison');
  const [first = null] = args;
  for (let i = 1; i < args.length; i++) {
    if (equalValues(first, args[i] ?? null)) return true;
  }
  return false;
}

function length(value: GoValue): bigint {
  const { value: item, nil } = indirect(value);
  if (nil) throw new FuncError('len of nil pointer');
  const count = lengthOf(item);
  if (count === null) throw new FuncError(`len of type ${typeString(item)}`);
  return BigInt(count);
}

/** No value of ours is a function, so `call` always says so. */
function callValue(callee: GoValue): never {
  if (kindOf(callee) === 'invalid') throw new FuncError('call of nil');
  throw new FuncError(`non-function of type ${typeString(callee)}`);
}

/** The text of values as actions print them. */
function textOf(args: readonly GoValue[]): string {
  const [first] = args;
  if (args.length === 1 && typeof first === 'string') return first;
  return sprint(...args.map((arg) => (concrete(arg) === null ? '<no value>' : (displayed(arg) ?? null))));
}
