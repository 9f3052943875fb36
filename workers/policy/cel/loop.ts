/** Loops of macros: a range, and the variables that stand for each of its elements. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { compileNode, type Evaluate, type Frame, type Names } from './compile.ts';
import { noSuchOverload } from './error.ts';
import { type CelValue, entriesOf, isList, isMap, itemsOf } from './value.ts';

export interface Loop<Item> {
  /** An expression that sees the loop's variables. */
  compile(body: ASTNode): Evaluate;
  /** Throws CelError for a range that is neither list nor map. */
  items(frame: Frame): readonly Item[];
  /** Evaluates a body for one element. */
  with(frame: Frame, item: Item, body: Evaluate): CelValue;
}

/** One variable: the items of a list, the keys of a map. */
export class ElementLoop implements Loop<CelValue> {
  readonly #range: Evaluate;
  readonly #inner: Names;
  readonly #place: number;

  constructor(range: ASTNode, variable: string, names: Names) {
    this.#range = compileNode(range, names);
    this.#place = names.locals.length;
    this.#inner = { ...names, locals: [...names.locals, variable] };
  }

  compile(body: ASTNode): Evaluate {
    return compileNode(body, this.#inner);
  }

  items(frame: Frame): readonly CelValue[] {
    const range = this.#range(frame);
    if (isList(range)) return itemsOf(range);
    if (isMap(range)) return Array.from(entriesOf(range), ([key]) => key);
    throw noSuchOverload();
  }

  with(frame: Frame, item: CelValue, body: Evaluate): CelValue {
    frame.budget.spend(1);
    frame.locals[this.#place] = item;
    return body(frame);
  }
}

/** The index of a list or the key of a map, and what is there. */
export type Entry = readonly [key: CelValue, value: CelValue];

/** Two variables: index and item of a list, key and value of a map. */
export class EntryLoop implements Loop<Entry> {
  readonly #range: Evaluate;
  readonly #inner: Names;
  readonly #place: number;

  constructor(range: ASTNode, variables: readonly [key: string, value: string], names: Names) {
    this.#range = compileNode(range, names);
    this.#place = names.locals.length;
    this.#inner = { ...names, locals: [...names.locals, ...variables] };
  }

  compile(body: ASTNode): Evaluate {
    return compileNode(body, this.#inner);
  }

  items(frame: Frame): readonly Entry[] {
    const range = this.#range(frame);
    if (isList(range)) return itemsOf(range).map((item, index) => [BigInt(index), item]);
    if (isMap(range)) return [...entriesOf(range)];
    throw noSuchOverload();
  }

  with(frame: Frame, [key, value]: Entry, body: Evaluate): CelValue {
    frame.budget.spend(1);
    frame.locals[this.#place] = key;
    frame.locals[this.#place + 1] = value;
    return body(frame);
  }
}
