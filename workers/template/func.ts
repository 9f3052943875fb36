/**
 * The contract between the template engine and the functions it can call (builtins, sprig, Helm, Istio, a user's own).
 */
import type { GoType, GoValue } from './value.ts';

/** What a running template lends to a function: its limits, and the template set for `include` and `tpl`. */
export interface CallContext {
  /** Executes a named template of the set and returns its text (Helm's `include`). Throws TemplateError. */
  include(name: string, data: GoValue): string;
  /** Parses and executes text as a template of the same set (Helm's `tpl`). Throws TemplateError. */
  tpl(text: string, data: GoValue): string;
  /**
   * Charges the step budget: call it before work whose size a template chooses (repeat, until, seq, big joins), with the
   * number of items or bytes that will be made. Throws TemplateError with code TEMPLATE_LIMIT when the budget is used up.
   */
  charge(amount: number): void;
}

/**
 * A Go function's signature. The engine checks and converts arguments as text/template's evalArg does, so `call` gets values of
 * the declared types: string → string, bool → boolean, int → bigint, float64 → number, int64 … → GoNumber, interface → any
 * GoValue, slices and maps → as they are (array, plain object or GoRef).
 */
export interface GoFunc {
  readonly params: readonly GoType[];
  /** Element type of a final variadic parameter. */
  readonly variadic?: GoType;
  /**
   * The function changes a dict that it is given, in place where the template owns it (funcs/dict.ts). Go's templates then see the
   * change wherever that dict is read; a template that calls such a function has to run on its own copy of shared data.
   */
  readonly mutates?: true;
  /** Throws FuncError for Go's `error` result; any other exception is an internal fault. */
  readonly call: (args: readonly GoValue[], context: CallContext) => GoValue;
  /** The same for one number of arguments, without a list of them. */
  readonly direct?: DirectCall;
}

export interface DirectCall {
  readonly count: 1 | 2;
  readonly call: (context: CallContext, first: GoValue, second: GoValue) => GoValue;
}

export type FuncMap = ReadonlyMap<string, GoFunc>;

/** The error a Go function would have returned, or its panic. */
export class FuncError extends Error {
  override readonly name = 'FuncError';
}
