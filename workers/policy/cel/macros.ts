/** CEL's macros: expressions that are evaluated for each element, or only sometimes. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { compileNode, type Evaluate, type Frame, type Names, truth } from './compile.ts';
import { noSuchOverload } from './error.ts';
import { optionalOf } from './functions/optional.ts';
import { CelList, type CelValue, entriesOf, isAbsorbed, isList, isMap, itemsOf } from './value.ts';

/** Null for what is an ordinary call. */
export function compileMacro(name: string, receiver: ASTNode, args: readonly ASTNode[], names: Names): Evaluate | null {
  const [first, second, third] = args;
  if (first === undefined) return null;
  if (args.length === 1) return compileAlternative(name, receiver, first, names);
  if (first.op !== 'id' || second === undefined) return null;
  const loop = new Loop(receiver, first.args, names);
  if (args.length === 2) return compileLoop(name, loop, second);
  if (name !== 'map' || third === undefined) return null;
  return mapped(loop, loop.compile(second), loop.compile(third));
}

function compileLoop(name: string, loop: Loop, body: ASTNode): Evaluate | null {
  switch (name) {
    case 'all':
      return quantified(loop, loop.compile(body), false);
    case 'exists':
      return quantified(loop, loop.compile(body), true);
    case 'exists_one':
    case 'existsOne':
      return exactlyOne(loop, loop.compile(body));
    case 'map':
      return mapped(loop, null, loop.compile(body));
    case 'filter':
      return filtered(loop, loop.compile(body));
    default:
      return null;
  }
}

/** `or` and `orValue`, whose argument counts only for an empty optional. */
function compileAlternative(name: string, receiver: ASTNode, argument: ASTNode, names: Names): Evaluate | null {
  if (name !== 'or' && name !== 'orValue') return null;
  const of = compileNode(receiver, names);
  const otherwise = compileNode(argument, names);
  return (frame) => {
    const optional = optionalOf(of(frame));
    if (optional.value !== undefined) return name === 'or' ? optional : optional.value;
    return name === 'or' ? optionalOf(otherwise(frame)) : otherwise(frame);
  };
}

/** A range and the variable that stands for each of its elements: the items of a list, the keys of a map. */
class Loop {
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

  /** Evaluates a body for one element. */
  with(frame: Frame, item: CelValue, body: Evaluate): CelValue {
    frame.budget.spend(1);
    frame.locals[this.#place] = item;
    return body(frame);
  }
}

/** `exists` (`decides` is true) and `all`: an element that decides makes the errors of others disappear. */
function quantified(loop: Loop, body: Evaluate, decides: boolean): Evaluate {
  return (frame) => {
    let failed: Error | undefined;
    for (const item of loop.items(frame)) {
      try {
        if (truth(loop.with(frame, item, body)) === decides) return decides;
      } catch (error) {
        if (!isAbsorbed(error)) throw error;
        failed ??= error;
      }
    }
    if (failed !== undefined) throw failed;
    return !decides;
  };
}

function exactlyOne(loop: Loop, body: Evaluate): Evaluate {
  return (frame) => {
    let count = 0;
    for (const item of loop.items(frame)) if (truth(loop.with(frame, item, body))) count += 1;
    return count === 1;
  };
}

function mapped(loop: Loop, condition: Evaluate | null, body: Evaluate): Evaluate {
  return (frame) => {
    const made: CelValue[] = [];
    for (const item of loop.items(frame)) {
      if (condition === null || truth(loop.with(frame, item, condition))) made.push(loop.with(frame, item, body));
    }
    frame.budget.admitList(made.length);
    return new CelList(made);
  };
}

function filtered(loop: Loop, body: Evaluate): Evaluate {
  return (frame) => {
    const made = loop.items(frame).filter((item) => truth(loop.with(frame, item, body)));
    frame.budget.admitList(made.length);
    return new CelList(made);
  };
}
