/**
 * Declares Go functions: parameter types once, for the engine's argument checks and for TypeScript.
 */
import type { CallContext, DirectCall, GoFunc } from '../func.ts';
import type { GoType, GoValue } from '../value.ts';
import { ANY, ANY_MAP, BOOL, FLOAT64, INT, STRING } from '../value.ts';

/** A parameter's Go type, and as a phantom the form in which the engine hands the argument over. */
export interface Param<T> {
  readonly type: GoType;
  readonly form?: T;
}

export const any: Param<GoValue> = { type: ANY };
export const text: Param<string> = { type: STRING };
export const integer: Param<bigint> = { type: INT };
export const float: Param<number> = { type: FLOAT64 };
export const flag: Param<boolean> = { type: BOOL };
/** map[string]any: a plain object, or a GoRef over one (null in a nil map). */
export const dict: Param<GoValue> = { type: ANY_MAP };

export function param<T extends GoValue>(type: GoType): Param<T> {
  return { type };
}

/** Functions take time in proportion to their texts; a text longer than this costs a step for each so many UTF-16 units. */
const LONG_TEXT = 4_096;
const UNITS_PER_STEP = 32;

/** Charges for long texts, so that a loop over a large one does not run far beyond its render's budget. */
function chargeTexts(args: readonly GoValue[], context: CallContext): void {
  for (let index = 0; index < args.length; index++) chargeText(args[index], context);
}

function chargeText(value: unknown, context: CallContext): void {
  if (typeof value === 'string' && value.length > LONG_TEXT) context.charge(value.length / UNITS_PER_STEP);
}

function at<T>(args: readonly GoValue[], index: number): T {
  return args[index] as unknown as T;
}

function declared(
  params: readonly GoType[],
  run: (args: readonly GoValue[], context: CallContext) => GoValue,
  variadic?: GoType,
): GoFunc {
  const call = (args: readonly GoValue[], context: CallContext): GoValue => {
    chargeTexts(args, context);
    return run(args, context);
  };
  return variadic === undefined ? { params, call } : { params, variadic, call };
}

export function fn0(call: (context: CallContext) => GoValue): GoFunc {
  return declared([], (_args, context) => call(context));
}

/** A value that the engine has brought into the form of its parameter. */
function formed<T>(value: GoValue): T {
  return value as unknown as T;
}

export function fn1<A>(a: Param<A>, call: (a: A, context: CallContext) => GoValue): GoFunc {
  const direct: DirectCall['call'] = (context, first) => {
    chargeText(first, context);
    return call(formed(first), context);
  };
  const { params, call: listed } = declared([a.type], (args, context) => call(at(args, 0), context));
  return { params, call: listed, direct: { count: 1, call: direct } };
}

export function fn2<A, B>(a: Param<A>, b: Param<B>, call: (a: A, b: B, context: CallContext) => GoValue): GoFunc {
  const direct: DirectCall['call'] = (context, first, second) => {
    chargeText(first, context);
    chargeText(second, context);
    return call(formed(first), formed(second), context);
  };
  const { params, call: listed } = declared([a.type, b.type], (args, context) =>
    call(at(args, 0), at(args, 1), context),
  );
  return { params, call: listed, direct: { count: 2, call: direct } };
}

export function fn3<A, B, C>(
  a: Param<A>,
  b: Param<B>,
  c: Param<C>,
  call: (a: A, b: B, c: C, context: CallContext) => GoValue,
): GoFunc {
  return declared([a.type, b.type, c.type], (args, context) => call(at(args, 0), at(args, 1), at(args, 2), context));
}

/** A function that is mostly called with so many arguments, and what it does then. */
export function withDirect(func: GoFunc, count: DirectCall['count'], call: DirectCall['call']): GoFunc {
  const charged: DirectCall['call'] = (context, first, second) => {
    chargeText(first, context);
    chargeText(second, context);
    return call(context, first, second);
  };
  return { ...func, direct: { count, call: charged } };
}

/** Only a variadic parameter. `rest` is the engine's own argument list: read it, do not keep or change it. */
export function variadic0<R>(rest: Param<R>, call: (rest: readonly R[], context: CallContext) => GoValue): GoFunc {
  return declared([], (args, context) => call(args as unknown as readonly R[], context), rest.type);
}

export function variadic1<A, R>(
  a: Param<A>,
  rest: Param<R>,
  call: (a: A, rest: readonly R[], context: CallContext) => GoValue,
): GoFunc {
  return declared(
    [a.type],
    (args, context) => call(at(args, 0), args.slice(1) as unknown as readonly R[], context),
    rest.type,
  );
}

export function variadic2<A, B, R>(
  a: Param<A>,
  b: Param<B>,
  rest: Param<R>,
  call: (a: A, b: B, rest: readonly R[], context: CallContext) => GoValue,
): GoFunc {
  return declared(
    [a.type, b.type],
    (args, context) => call(at(args, 0), at(args, 1), args.slice(2) as unknown as readonly R[], context),
    rest.type,
  );
}
