/** CEL's macros: expressions that are evaluated for each element, or only sometimes. What they take is checked in check-macros.ts. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { compileNode, type Evaluate, type Frame, type Names, truth } from './compile.ts';
import { noSuchOverload, runtimeError } from './error.ts';
import { optionalOf } from './functions/optional.ts';
import { sortByKeys } from './functions/sort.ts';
import { ElementLoop, EntryLoop, type Loop } from './loop.ts';
import {
  asKey,
  CelList,
  CelMap,
  CelOptional,
  type CelValue,
  entriesOf,
  isAbsorbed,
  isMap,
  lookUp,
  NONE,
} from './value.ts';

/** Null for what is an ordinary call. */
export function compileMacro(name: string, receiver: ASTNode, args: readonly ASTNode[], names: Names): Evaluate | null {
  const [first, second, third, fourth] = args;
  if (first === undefined) return null;
  if (args.length === 1) return compileAlternative(name, receiver, first, names);
  if (first.op !== 'id' || second === undefined) return null;
  if (args.length === 2) return compileElements(name, receiver, [first.args, second], names);
  if (third === undefined) return null;
  if (name === 'map') {
    const loop = new ElementLoop(receiver, first.args, names);
    return mapped(loop, loop.compile(second), loop.compile(third));
  }
  if (second.op !== 'id') return null;
  const loop = new EntryLoop(receiver, [first.args, second.args], names);
  return compileEntries(name, loop, third, fourth);
}

function compileElements(
  name: string,
  receiver: ASTNode,
  [variable, body]: readonly [string, ASTNode],
  names: Names,
): Evaluate | null {
  if (name === 'optMap' || name === 'optFlatMap') return opened(name, receiver, [variable, body], names);
  const loop = new ElementLoop(receiver, variable, names);
  switch (name) {
    case 'all':
      return quantified(loop, loop.compile(body), false);
    case 'exists':
      return quantified(loop, loop.compile(body), true);
    case 'exists_one':
      return exactlyOne(loop, loop.compile(body));
    case 'map':
      return mapped(loop, null, loop.compile(body));
    case 'filter':
      return filtered(loop, loop.compile(body));
    case 'sortBy':
      return sorted(receiver, loop.compile(body), names);
    default:
      return null;
  }
}

/** Macros of two variables. With `fourth`, `third` says which entries count. */
function compileEntries(name: string, loop: EntryLoop, third: ASTNode, fourth: ASTNode | undefined): Evaluate | null {
  if (fourth === undefined) {
    switch (name) {
      case 'all':
        return quantified(loop, loop.compile(third), false);
      case 'exists':
        return quantified(loop, loop.compile(third), true);
      case 'exists_one':
      case 'existsOne':
        return exactlyOne(loop, loop.compile(third));
      default:
        break;
    }
  }
  const condition = fourth === undefined ? null : loop.compile(third);
  const body = loop.compile(fourth ?? third);
  switch (name) {
    case 'transformList':
      return mapped(loop, condition, body);
    case 'transformMap':
      return transformed(loop, condition, ([key], frame, made) => insert(made, key, body(frame)));
    case 'transformMapEntry':
      return transformed(loop, condition, (_, frame, made) => {
        const entries = body(frame);
        if (!isMap(entries)) throw noSuchOverload();
        for (const [key, value] of entriesOf(entries)) insert(made, key, value);
      });
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

/** `optMap` and `optFlatMap`: a body for what an optional holds; the second gives an optional itself. */
function opened(
  name: 'optMap' | 'optFlatMap',
  receiver: ASTNode,
  [variable, body]: readonly [string, ASTNode],
  names: Names,
): Evaluate {
  const of = compileNode(receiver, names);
  const place = names.locals.length;
  const make = compileNode(body, { ...names, locals: [...names.locals, variable] });
  return (frame) => {
    frame.budget.spend(1);
    const { value } = optionalOf(of(frame));
    if (value === undefined) return NONE;
    frame.locals[place] = value;
    const made = make(frame);
    return name === 'optMap' ? new CelOptional(made) : made;
  };
}

/** `exists` (`decides` is true) and `all`: an element that decides makes the errors of others disappear. */
function quantified<Item>(loop: Loop<Item>, body: Evaluate, decides: boolean): Evaluate {
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

function exactlyOne<Item>(loop: Loop<Item>, body: Evaluate): Evaluate {
  return (frame) => {
    let count = 0;
    for (const item of loop.items(frame)) if (truth(loop.with(frame, item, body))) count += 1;
    return count === 1;
  };
}

function mapped<Item>(loop: Loop<Item>, condition: Evaluate | null, body: Evaluate): Evaluate {
  return (frame) => {
    const made: CelValue[] = [];
    for (const item of loop.items(frame)) {
      if (condition === null || truth(loop.with(frame, item, condition))) made.push(loop.with(frame, item, body));
    }
    frame.budget.admitList(made.length);
    return new CelList(made);
  };
}

function filtered(loop: ElementLoop, body: Evaluate): Evaluate {
  return (frame) => {
    const made = loop.items(frame).filter((item) => truth(loop.with(frame, item, body)));
    frame.budget.admitList(made.length);
    return new CelList(made);
  };
}

type Add = (entry: readonly [CelValue, CelValue], frame: Frame, made: CelMap) => void;

function transformed(loop: EntryLoop, condition: Evaluate | null, add: Add): Evaluate {
  return (frame) => {
    const made = new CelMap();
    for (const entry of loop.items(frame)) {
      if (condition !== null && !truth(loop.with(frame, entry, condition))) continue;
      loop.with(frame, entry, () => {
        add(entry, frame, made);
        return null;
      });
      frame.budget.admitList(made.size);
    }
    return made;
  };
}

function insert(made: CelMap, key: CelValue, value: CelValue): void {
  const name = asKey(key);
  if (name === undefined) throw runtimeError('unsupported key type');
  if (lookUp(made, name) !== undefined) throw runtimeError('insert failed: a key already exists');
  made.add(name, value);
}

/** `sortBy`: the receiver's elements in the order of what the body makes of each. */
function sorted(receiver: ASTNode, body: Evaluate, names: Names): Evaluate {
  const range = compileNode(receiver, names);
  const place = names.locals.length;
  return (frame) =>
    sortByKeys(
      range(frame),
      (item) => {
        frame.budget.spend(1);
        frame.locals[place] = item;
        return body(frame);
      },
      frame,
    );
}
