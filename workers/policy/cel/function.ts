/** How functions of CEL are told to the parser's checker and to the evaluator. */
import type { Budget } from './budget.ts';
import { noSuchOverload } from './error.ts';
import type { Patterns } from './patterns.ts';
import { CelList, type CelValue, isList } from './value.ts';
import type { Zones } from './zones.ts';

export interface CallContext {
  readonly budget: Budget;
  readonly patterns: Patterns;
  readonly zones: Zones;
}

export interface CelFunction {
  /** Declarations for the checker, as it writes them (`string.find(string): string`); none for what it knows itself. */
  readonly declares: readonly string[];
  /** The receiver, where there is one, is the first argument. Throws CelError, `no such overload` for wrong types. */
  readonly call: (args: readonly CelValue[], context: CallContext) => CelValue;
}

/** `.find` is a method, `quantity` a function, `sets.contains` a function of a name space. */
export type FunctionTable = ReadonlyMap<string, CelFunction>;

export function declared(declares: readonly string[], call: CelFunction['call']): CelFunction {
  return { declares, call };
}

export function known(call: CelFunction['call']): CelFunction {
  return { declares: [], call };
}

export function asText(value: CelValue | undefined): string {
  if (typeof value !== 'string') throw noSuchOverload();
  return value;
}

export function asInteger(value: CelValue | undefined): bigint {
  if (typeof value !== 'bigint') throw noSuchOverload();
  return value;
}

/** An index or count as a number; what is beyond any text or list stays beyond. */
export function asIndex(value: CelValue | undefined): number {
  return Number(asInteger(value));
}

export function asBool(value: CelValue | undefined): boolean {
  if (typeof value !== 'boolean') throw noSuchOverload();
  return value;
}

export function asList(value: CelValue | undefined): CelValue {
  if (value === undefined || !isList(value)) throw noSuchOverload();
  return value;
}

export function listOf(items: readonly CelValue[], { budget }: CallContext): CelList {
  budget.admitList(items.length);
  return new CelList(items);
}

/** A text that a function made. */
export function madeText(text: string, { budget }: CallContext): string {
  budget.admitText(text.length);
  return text;
}
