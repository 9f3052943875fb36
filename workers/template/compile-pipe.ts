/**
 * Compiles pipelines into closures. Names are resolved here: variables to slots, functions to their Go signature, and literals to
 * values of the parameter's type. What Go only finds when it executes a command (a wrong number of arguments, a constant that does
 * not fit) becomes a closure that fails, for the command may never be reached.
 */
import type { EvaluateArgument } from './argument.ts';
import { literalArgument, plainLiteral, validator } from './argument.ts';
import type { Command, Operand, Pipe, Source, Span, Tree } from './ast.ts';
import { bindCall, bindIndex } from './compile-call.ts';
import { callField, FieldAccess, readField } from './field.ts';
import type { GoFunc } from './func.ts';
import { isTrue } from './reflect.ts';
import type { Evaluate, Frame, Slot, TemplateCell } from './run.ts';
import type { Scope } from './scope.ts';
import type { TextLiteral } from './sink.ts';
import type { MissingKey } from './site.ts';
import { Site } from './site.ts';
import type { GoType, GoValue } from './value.ts';
import { ANY } from './value.ts';

/** What the template set lends to its compiler. */
export interface CompileEnvironment {
  readonly missingKey: MissingKey;
  function(name: string): GoFunc | undefined;
  /** Whether a name means the builtin, not a function of the user's that replaces it. */
  isBuiltin(name: string): boolean;
  /** The cell of a template, defined or not. */
  declaredCell(name: string): TemplateCell;
  literal(text: string): TextLiteral;
}

export type Assign = (frame: Frame, value: Slot) => void;

/** What a skipped conditional declaration leaves in its slot. */
const UNSET = Symbol('unset') as unknown as Slot;

/** What it makes lives far longer than the tree that it is made of, and must not keep it: no closure that stays may see a piece of it. */
export class PipeCompiler {
  private readonly source: Source;
  private readonly template: string;
  private readonly scope: Scope;
  private readonly environment: CompileEnvironment;

  constructor(tree: Tree, scope: Scope, environment: CompileEnvironment) {
    this.source = tree.source;
    this.template = tree.name;
    this.scope = scope;
    this.environment = environment;
  }

  site(span: Span): Site {
    return new Site(this.source, this.template, span);
  }

  /** A pipeline that declares and assigns its variables. Its value is never nil: an `any` that holds nothing is no value. */
  compile(pipe: Pipe): Evaluate {
    return this.compileWithVariables(pipe).evaluate;
  }

  /** The same; `assign` sets its variables again, as each round of a range does. */
  compileWithVariables(pipe: Pipe): { readonly evaluate: Evaluate; readonly assign: readonly Assign[] } {
    const value = this.compileCommands(pipe.commands);
    const assign = pipe.variables.map((name) => (pipe.assign ? this.assignment(name, pipe) : this.declaration(name)));
    return { evaluate: assigning(value, assign), assign };
  }

  private compileCommands(commands: readonly Command[]): Evaluate {
    return inTurn(commands.map((command, i) => this.compileCommand(command, i > 0)));
  }

  private compileCommand(command: Command, piped: boolean): Evaluate {
    const { word, args } = command;
    switch (word.kind) {
      case 'field':
        return this.compilePath(readDot, word.path, word, args, piped);
      case 'chain':
        return this.compilePath(this.compileBase(word.base), word.path, word, args, piped);
      case 'function':
        return this.compileCall(word.name, args, piped, command);
      case 'variable':
        if (word.path.length > 0) return this.compilePath(this.readVariable(word), word.path, word, args, piped);
        return this.refuseArguments(command, piped) ?? this.readVariable(word);
      case 'pipe':
        return this.refuseArguments(command, piped) ?? this.compile(word.pipe);
      case 'dot':
        return this.refuseArguments(command, piped) ?? readDot;
      case 'nil':
        return this.failure(word, 'nil is not a command');
      case 'value':
        return this.refuseArguments(command, piped) ?? readValue(word.value);
      default:
        return this.refuseArguments(command, piped) ?? this.literal(word);
    }
  }

  private failure(span: Span, message: string): () => never {
    const site = this.site(span);
    return () => site.fail(message);
  }

  private refuseArguments({ word, args }: Command, piped: boolean): Evaluate | null {
    if (args.length === 0 && !piped) return null;
    return this.failure(word, `can't give argument to non-function ${this.site(word).context}`);
  }

  private literal(operand: Operand): Evaluate {
    const result = plainLiteral(operand, this.site(operand).context);
    if (!result.ok) return this.failure(operand, result.message);
    return readValue(result.value);
  }

  /** What stands before the fields of a chain: a function without arguments, or a pipeline in parentheses. */
  private compileBase(base: Operand): Evaluate {
    if (base.kind === 'pipe') return this.compile(base.pipe);
    if (base.kind === 'function') return this.compileCall(base.name, [], false, base);
    if (base.kind === 'value') return readValue(base.value);
    return this.literal(base);
  }

  private compilePath(
    base: Evaluate,
    path: readonly string[],
    span: Span,
    args: readonly Operand[],
    piped: boolean,
  ): Evaluate {
    const site = this.site(span);
    const { missingKey } = this.environment;
    const accesses = path.map((name) => new FieldAccess(name, missingKey, site));
    if (args.length > 0 || piped) return this.compileMethodCall(base, accesses, args, piped);
    return readPath(base, accesses);
  }

  private compileMethodCall(
    base: Evaluate,
    path: readonly FieldAccess[],
    args: readonly Operand[],
    piped: boolean,
  ): Evaluate {
    const evaluators = args.map((arg) => this.compileArgument(arg, ANY));
    const last = path.at(-1);
    if (last === undefined) return base;
    const before = path.slice(0, -1);
    return (frame, dot, final) => {
      let value = base(frame, dot);
      for (const access of before) value = readField(value, access);
      return callField(value, last, () => {
        const values = evaluators.map((evaluate) => evaluate(frame, dot));
        if (piped) values.push(final ?? null);
        return values;
      });
    };
  }

  private compileArgument(operand: Operand, type: GoType): EvaluateArgument {
    const site = this.site(operand);
    const evaluate = this.compileOperand(operand);
    if (evaluate === null) return literalArgument(operand, type, site);
    return validated(evaluate, validator(type, site));
  }

  /** The value of an operand that is no literal; null for a literal. */
  private compileOperand(operand: Operand): Evaluate | null {
    switch (operand.kind) {
      case 'dot':
        return readDot;
      case 'field':
        return this.compilePath(readDot, operand.path, operand, [], false);
      case 'variable':
        return this.compilePath(this.readVariable(operand), operand.path, operand, [], false);
      case 'chain':
        return this.compilePath(this.compileBase(operand.base), operand.path, operand, [], false);
      case 'function':
        return this.compileCall(operand.name, [], false, operand);
      case 'pipe':
        return this.compile(operand.pipe);
      case 'value':
        return readValue(operand.value);
      default:
        return null;
    }
  }

  private compileCall(name: string, args: readonly Operand[], piped: boolean, span: Span): Evaluate {
    const func = this.environment.function(name);
    if (func === undefined) return this.failure(span, `${JSON.stringify(name)} is not a defined function`);
    const { params, variadic } = func;
    const count = args.length + (piped ? 1 : 0);
    if (variadic === undefined ? count !== params.length : count < params.length) {
      const wanted = variadic === undefined ? params.length : `at least ${params.length}`;
      return this.failure(span, `wrong number of args for ${name}: want ${wanted} got ${count}`);
    }
    if ((name === 'and' || name === 'or') && this.environment.isBuiltin(name))
      return this.compileLogic(name, args, piped);
    const typeAt = (i: number): GoType => params[i] ?? variadic ?? ANY;
    const evaluators = args.map((arg, i) => this.compileArgument(arg, typeAt(i)));
    const validateFinal = piped ? validator(typeAt(args.length), this.site(span)) : null;
    const [item] = evaluators;
    const [, key, more] = args;
    if (name === 'index' && this.environment.isBuiltin(name) && !piped && item !== undefined) {
      if (key?.kind === 'string' && more === undefined) return bindIndex(func, item, key.value, this.site(span));
    }
    return bindCall(func, name, evaluators, validateFinal, this.site(span));
  }

  /** `and` and `or` stop at the first argument that decides, and give that argument. */
  private compileLogic(name: 'and' | 'or', args: readonly Operand[], piped: boolean): Evaluate {
    const deciding = name === 'or';
    const declared: number[] = [];
    const evaluators = args.map((arg, i) => {
      if (i === 0) return this.compileArgument(arg, ANY);
      const skippable = this.scope.conditionally(() => this.compileArgument(arg, ANY));
      declared.push(...skippable.declared);
      return skippable.compiled;
    });
    return (frame, dot, final) => {
      for (const slot of declared) frame.slots[slot] = UNSET;
      let value: Slot;
      for (const evaluate of evaluators) {
        value = evaluate(frame, dot);
        if (isTrue(value) === deciding) return value;
      }
      return piped ? final : value;
    };
  }

  private readVariable({ name, ...span }: Span & { readonly name: string }): Evaluate {
    const bindings = this.scope.resolve(name);
    const [first] = bindings;
    if (first !== undefined && !first.conditional) {
      const { slot } = first;
      return (frame) => frame.slots[slot];
    }
    const site = this.site(span);
    return (frame) => {
      for (const { slot } of bindings) {
        if (frame.slots[slot] !== UNSET) return frame.slots[slot];
      }
      return site.fail(`undefined variable: ${name}`);
    };
  }

  private declaration(name: string): Assign {
    const slot = this.scope.declare(name);
    return (frame, value) => {
      frame.slots[slot] = value;
    };
  }

  private assignment(name: string, span: Span): Assign {
    const bindings = this.scope.resolve(name);
    const site = this.site(span);
    return (frame, value) => {
      const binding = bindings.find(({ slot, conditional }) => !conditional || frame.slots[slot] !== UNSET);
      if (binding === undefined) return site.fail(`undefined variable: ${name}`);
      frame.slots[binding.slot] = value;
    };
  }
}

/*
 * What makes a closure has a function of its own: functions of one scope share one context, which keeps what any of them needs, and there are
 * hundreds of thousands of them in a worker.
 */

/** The commands of a pipeline. */
function inTurn(commands: readonly Evaluate[]): Evaluate {
  const [first, second, third] = commands;
  if (first === undefined) return readValue(undefined);
  if (second === undefined) return notNil(first);
  return third === undefined ? pipedOnce(first, second) : pipedOn(first, commands.slice(1));
}

function notNil(evaluate: Evaluate): Evaluate {
  return (frame, dot) => {
    const value = evaluate(frame, dot);
    return value === null ? undefined : value;
  };
}

function pipedOnce(first: Evaluate, second: Evaluate): Evaluate {
  return (frame, dot) => {
    const piped = first(frame, dot);
    const value = second(frame, dot, piped === null ? undefined : piped);
    return value === null ? undefined : value;
  };
}

function pipedOn(first: Evaluate, rest: readonly Evaluate[]): Evaluate {
  return (frame, dot) => {
    let value = first(frame, dot);
    for (const command of rest) value = command(frame, dot, value === null ? undefined : value);
    return value === null ? undefined : value;
  };
}

/** A chain of fields. */
function readPath(base: Evaluate, accesses: readonly FieldAccess[]): Evaluate {
  const [first, second, third] = accesses;
  if (first === undefined) return base;
  if (second === undefined) return base === readDot ? readOfDot(first) : readOne(base, first);
  return third === undefined ? readTwo(base, first, second) : readMany(base, accesses);
}

function readOfDot(access: FieldAccess): Evaluate {
  return (_frame, dot) => readField(dot, access);
}

function readOne(base: Evaluate, access: FieldAccess): Evaluate {
  return (frame, dot) => readField(base(frame, dot), access);
}

function readTwo(base: Evaluate, first: FieldAccess, second: FieldAccess): Evaluate {
  return (frame, dot) => readField(readField(base(frame, dot), first), second);
}

function readMany(base: Evaluate, accesses: readonly FieldAccess[]): Evaluate {
  return (frame, dot) => {
    let value = base(frame, dot);
    for (const access of accesses) value = readField(value, access);
    return value;
  };
}

function validated(evaluate: Evaluate, validate: (value: Slot) => GoValue): EvaluateArgument {
  return (frame, dot) => validate(evaluate(frame, dot));
}

function assigning(evaluate: Evaluate, [first, second]: readonly Assign[]): Evaluate {
  if (first === undefined) return evaluate;
  return (frame, dot) => {
    const result = evaluate(frame, dot);
    first(frame, result);
    second?.(frame, result);
    return result;
  };
}

function readValue(value: Slot): Evaluate {
  return () => value;
}

const readDot: Evaluate = (_frame, dot) => dot;
