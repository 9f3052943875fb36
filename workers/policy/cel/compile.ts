/** From an expression's syntax tree to closures: compiled once, evaluated often. */
import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { noSuchOverload, runtimeError } from './error.ts';
import { ExpressionError } from './expression-error.ts';
import type { CallContext, CelFunction } from './function.ts';
import { FUNCTIONS, NAMESPACES } from './functions/all.ts';
import { durationOf } from './functions/convert.ts';
import { optionalOf } from './functions/optional.ts';
import { PATTERN_FUNCTIONS } from './functions/regex.ts';
import { parseTimestamp } from './functions/time.ts';
import { compileMacro } from './macros.ts';
import { BINARY_OPERATIONS, negate, not } from './operators.ts';
import { optionalOfEntry } from './optional-entries.ts';
import { parseExpression, withOriginalOffsets } from './parse.ts';
import { Patterns } from './patterns.ts';
import { select, selectOptional, testPresence } from './select.ts';
import { asKey, CelList, CelMap, CelType, CelUint, type CelValue, isAbsorbed } from './value.ts';
import { Zones } from './zones.ts';

/** Values of an expression's variables. */
export interface Activation {
  root(name: string): CelValue | undefined;
}

/** One evaluation as it runs. */
export interface Frame extends CallContext {
  readonly activation: Activation;
  /** Variables of macros, by their place. */
  readonly locals: CelValue[];
}

export type Evaluate = (frame: Frame) => CelValue;

export interface CompiledExpression {
  readonly text: string;
  readonly type: string;
  /** Throws CelError. Steps are taken from the context's budget, which has to have begun. */
  evaluate(activation: Activation, budget: CallContext['budget']): CelValue;
}

/** What is known while an expression is compiled: the names that macros have brought in, by place. */
export interface Names {
  readonly locals: readonly string[];
  readonly patterns: Patterns;
}

/** Throws ExpressionError: CEL_SYNTAX, CEL_TYPE, CEL_LIMIT. */
export function compileExpression(text: string, environment: Environment): CompiledExpression {
  const { ast, type, original } = parseExpression(text, environment);
  const patterns = new Patterns();
  const zones = new Zones();
  const evaluate = withOriginalOffsets(original, () => compileNode(ast, { locals: [], patterns }));
  return {
    text,
    type,
    evaluate: (activation, budget) => budget.begin(() => evaluate({ activation, budget, patterns, zones, locals: [] })),
  };
}

const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map(
  ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'].map((name) => [
    name,
    new CelType(name),
  ]),
);

/** What is no value, and begins the names of these types. */
const TYPES_PACKAGE = 'google';
const QUALIFIED_TYPES: ReadonlyMap<string, CelType> = new Map(
  ['Timestamp', 'Duration'].map((name) => [name, new CelType(`${TYPES_PACKAGE}.protobuf.${name}`)]),
);

/** `google.protobuf.Timestamp`; undefined for every other selection. */
function qualifiedType(operand: ASTNode, name: string, { locals }: Names): CelType | undefined {
  if (operand.op !== '.' || operand.args[1] !== 'protobuf') return undefined;
  const [{ op, args }] = operand.args;
  return op === 'id' && args === TYPES_PACKAGE && !locals.includes(args) ? QUALIFIED_TYPES.get(name) : undefined;
}

export function compileNode(node: ASTNode, names: Names): Evaluate {
  switch (node.op) {
    case 'value': {
      const value = literal(node.args);
      return () => value;
    }
    case 'id':
      return compileName(node, names);
    case '.': {
      const [operand, name] = node.args;
      const type = qualifiedType(operand, name, names);
      if (type !== undefined) return () => type;
      const of = compileNode(operand, names);
      return (frame) => select(of(frame), name, frame);
    }
    case '.?': {
      const [operand, name] = node.args;
      const of = compileNode(operand, names);
      return (frame) => selectOptional(of(frame), name, frame);
    }
    case '[]':
    case '[?]': {
      const [operand, index] = node.args;
      const of = compileNode(operand, names);
      const at = compileNode(index, names);
      const read = node.op === '[]' ? select : selectOptional;
      return (frame) => read(of(frame), at(frame), frame);
    }
    case 'call': {
      const [name, args] = node.args;
      return name === 'has' ? compileHas(args, node, names) : compileCall(name, args, node, names);
    }
    case 'rcall': {
      const [name, receiver, args] = node.args;
      const space = receiver.op === 'id' && !names.locals.includes(receiver.args) ? receiver.args : '';
      if (isNamespace(space)) return compileCall(`${space}.${name}`, args, node, names);
      const macro = compileMacro(name, receiver, args, names);
      return macro ?? compileCall(`.${name}`, [receiver, ...args], node, names);
    }
    case 'list':
      return compileList(node.args, names);
    case 'map':
      return compileMap(node.args, names);
    case '?:': {
      const [condition, yes, no] = node.args.map((each) => compileNode(each, names)) as [Evaluate, Evaluate, Evaluate];
      return (frame) => (truth(condition(frame)) ? yes(frame) : no(frame));
    }
    case '||':
    case '&&': {
      const [left, right] = node.args;
      return compileLogic(node.op === '||', compileNode(left, names), compileNode(right, names));
    }
    case '!_': {
      const operand = compileNode(node.args, names);
      return (frame) => not(operand(frame));
    }
    case '-_': {
      const operand = compileNode(node.args, names);
      return (frame) => negate(operand(frame));
    }
    default: {
      const [left, right] = node.args;
      return compileBinary(node.op, compileNode(left, names), compileNode(right, names));
    }
  }
}

function isNamespace(name: string): boolean {
  return (NAMESPACES as readonly string[]).includes(name);
}

function literal(value: Extract<ASTNode, { op: 'value' }>['args']): CelValue {
  // The parser's unsigned integers are objects of its own.
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) return new CelUint(value.value);
  return value;
}

function compileName({ args: name, start }: Extract<ASTNode, { op: 'id' }>, { locals }: Names): Evaluate {
  const place = locals.lastIndexOf(name);
  if (place >= 0) return ({ locals: values }) => values[place] as CelValue;
  if (isNamespace(name) || name === TYPES_PACKAGE)
    throw new ExpressionError('CEL_TYPE', `undeclared reference to '${name}'`, start);
  const type = TYPE_NAMES.get(name);
  return ({ activation }) => {
    const root = activation.root(name);
    const value = root === undefined ? type : root;
    if (value === undefined) throw runtimeError(`no such attribute: ${name}`);
    return value;
  };
}

function compileHas(args: readonly ASTNode[], node: ASTNode, names: Names): Evaluate {
  const [field] = args;
  if (field === undefined || field.op !== '.') {
    throw new ExpressionError('CEL_TYPE', 'invalid argument to has() macro', node.start);
  }
  const [operand, name] = field.args;
  const of = compileNode(operand, names);
  return (frame) => testPresence(of(frame), name, frame);
}

function compileCall(name: string, args: readonly ASTNode[], node: ASTNode, names: Names): Evaluate {
  const target = FUNCTIONS.get(name);
  if (target === undefined) {
    throw new ExpressionError('CEL_TYPE', `undeclared reference to '${name.replace(/^\./, '')}'`, node.start);
  }
  checkLiterals(name, args, names);
  const { call }: CelFunction = target;
  const [first, second] = args.map((each) => compileNode(each, names));
  if (args.length === 1 && first !== undefined) {
    return (frame) => {
      frame.budget.spend(1);
      return call([first(frame)], frame);
    };
  }
  if (args.length === 2 && first !== undefined && second !== undefined) {
    return (frame) => {
      frame.budget.spend(1);
      return call([first(frame), second(frame)], frame);
    };
  }
  const all = args.map((each) => compileNode(each, names));
  return (frame) => {
    frame.budget.spend(1);
    return call(
      all.map((each) => each(frame)),
      frame,
    );
  };
}

/** Patterns, durations and times that are written out are looked at now, as the apiserver does for new policies. */
function checkLiterals(name: string, args: readonly ASTNode[], { patterns }: Names): void {
  const bare = name.replace(/^\./, '');
  const pattern = PATTERN_FUNCTIONS.has(bare) ? args[1] : undefined;
  if (pattern?.op === 'value' && typeof pattern.args === 'string') {
    const text = pattern.args;
    checkLiteral(pattern, () => patterns.compile(text));
  }
  const [first] = args;
  if (first?.op !== 'value' || typeof first.args !== 'string') return;
  const text = first.args;
  if (name === 'duration') checkLiteral(first, () => durationOf(text));
  if (name === 'timestamp') checkLiteral(first, () => parseTimestamp(text));
}

function checkLiteral(node: ASTNode, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new ExpressionError('CEL_TYPE', error instanceof Error ? error.message : String(error), node.start);
  }
}

function compileList(entries: readonly ASTNode[], names: Names): Evaluate {
  if (entries.every((entry) => optionalOfEntry(entry) === null)) {
    const items = entries.map((item) => compileNode(item, names));
    return (frame) => new CelList(items.map((item) => item(frame)));
  }
  const items = entries.map((entry) => compileEntry(entry, names));
  return (frame) => new CelList(items.map((item) => item(frame)).filter((item) => item !== undefined));
}

function compileMap(entries: readonly (readonly [ASTNode, ASTNode])[], names: Names): Evaluate {
  const compiled = entries.map(([key, value]) => [compileNode(key, names), compileEntry(value, names)] as const);
  return (frame) => {
    const made = new CelMap();
    for (const [key, value] of compiled) {
      const name = asKey(key(frame));
      if (name === undefined) throw runtimeError('unsupported key type');
      const held = value(frame);
      // As the apiserver's: an optional entry without a value takes away what is there.
      if (held === undefined) made.delete(name);
      else made.add(name, held);
    }
    return made;
  };
}

/** Undefined for an optional entry without a value. */
function compileEntry(entry: ASTNode, names: Names): (frame: Frame) => CelValue | undefined {
  const optional = optionalOfEntry(entry);
  if (optional === null) return compileNode(entry, names);
  const evaluate = compileNode(optional, names);
  return (frame) => optionalOf(evaluate(frame)).value;
}

/** A condition's value. Throws CelError for anything but a bool. */
export function truth(value: CelValue): boolean {
  if (typeof value !== 'boolean') throw noSuchOverload();
  return value;
}

/** `||` (`decides` is true) and `&&`: a side that decides makes the other one's error disappear, whichever side it is. */
function compileLogic(decides: boolean, left: Evaluate, right: Evaluate): Evaluate {
  return (frame) => {
    let failed: Error | undefined;
    try {
      if (truth(left(frame)) === decides) return decides;
    } catch (error) {
      if (!isAbsorbed(error)) throw error;
      failed = error;
    }
    const other = truth(right(frame));
    if (failed !== undefined && other !== decides) throw failed;
    return other;
  };
}

function compileBinary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  const operate = BINARY_OPERATIONS.get(operator);
  if (operate === undefined) throw new ExpressionError('CEL_SYNTAX', `unknown operator ${operator}`, 0);
  return (frame) => {
    frame.budget.spend(1);
    return operate(left(frame), right(frame), frame.budget);
  };
}
