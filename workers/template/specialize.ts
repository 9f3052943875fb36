/**
 * Works out beforehand what a template makes of data that never changes: fields of the root that are the same at every render.
 * Actions that depend on nothing else become text, conditions choose their branch, arguments become values, and a template that
 * is called with the root is written into its caller. What fails, or could fail in another order, is left for the render.
 *
 * The result renders the same text as the tree it was made of, and fails on the same data.
 */
import type { Command, Conditional, Operand, Pipe, Span, Statement, Tree } from './ast.ts';
import type { CompileEnvironment } from './compile-pipe.ts';
import { PipeCompiler } from './compile-pipe.ts';
import { displayText } from './display.ts';
import { FieldAccess, readField } from './field.ts';
import type { TemplateLimits } from './limits.ts';
import { elementsOf, entriesOf, indirect, isTrue } from './reflect.ts';
import type { Slot, TemplateSource } from './run.ts';
import { Run } from './run.ts';
import { Scope } from './scope.ts';
import { StringSink } from './sink.ts';
import { Site } from './site.ts';
import { tidied } from './tidy.ts';
import { callsTemplate, isLiteral, isRoot, mayChange, settledVariables } from './tree-facts.ts';
import type { GoValue } from './value.ts';

/** Fields of the root by name. Their values must never change. */
export type Constants = ReadonlyMap<string, GoValue>;

/**
 * Maps of the data that have none of the keys a template asks them for: most pods have none of the many annotations that a
 * template knows. What is made of such a template holds for data without the keys in `reliedOn`, which specializing fills.
 */
export interface AbsentKeys {
  /** Values without any key, by where they are: `ObjectMeta.Annotations`. */
  readonly empty: ReadonlyMap<string, GoValue>;
  /** Keys that are not taken for absent. */
  readonly present?: ReadonlySet<string>;
  readonly reliedOn: Set<string>;
}

export interface Assumptions {
  readonly constants: Constants;
  readonly absent?: AbsentKeys;
}

export const NO_ASSUMPTIONS: Assumptions = { constants: new Map() };

/** Functions without side effects, whose result depends on their arguments alone. */
export const PURE: ReadonlySet<string> = new Set(
  (
    'and or not eq ne lt le gt ge len index slice print printf println default empty coalesce ternary quote squote upper lower ' +
    'trim trimAll trimSuffix trimPrefix trunc hasPrefix hasSuffix replace nospace join list append prepend first last has ' +
    'toString toStrings int int64 float64 add sub mul div mod max min b64enc b64dec sha256sum toYaml toJson fromJSON toJSON ' +
    'structToJSON protoToJSON omitNil isset annotation valueOrDefault indent nindent contains toLower directory formatDuration ' +
    'excludeInboundPort includeInboundPorts kubevirtInterfaces excludeInterfaces appendMultusNetwork strdict toJsonMap mergeMaps omit'
  ).split(' '),
);

/** Pure functions that read their second argument, a key, from their first. */
const READS_KEY: ReadonlySet<string> = new Set(['index', 'isset', 'annotation']);

/** Deeper nesting of statements and operands is left as it is. */
const MAX_DEPTH = 200;

/** What dot is where a piece of a template stands: the root, a value that was worked out, or something else. */
type Dot = 'root' | 'other' | { readonly value: Slot };

/** What the trees need to be specialized: the set that they belong to. */
export interface SpecializeSite {
  readonly environment: CompileEnvironment;
  readonly source: TemplateSource;
  readonly limits: TemplateLimits;
}

/** Specializes the named tree of a set; the others stay, for `include` and calls with other data. */
export function specialize(
  trees: ReadonlyMap<string, Tree>,
  name: string,
  assumptions: Assumptions,
  site: SpecializeSite,
): ReadonlyMap<string, Tree> {
  const tree = trees.get(name);
  if (tree === undefined || assumptions.constants.size === 0 || mayChange(trees, site.environment)) return trees;
  const body = tidied(new Specializer(tree, trees, assumptions, site).list(tree.body, 'root', 0));
  return new Map(trees).set(name, { ...tree, body });
}

class Specializer {
  readonly #tree: Tree;
  readonly #trees: ReadonlyMap<string, Tree>;
  readonly #constants: Constants;
  readonly #absent: AbsentKeys | undefined;
  readonly #site: SpecializeSite;
  readonly #root: { readonly [field: string]: GoValue };
  readonly #settled: ReadonlySet<string>;
  /** Values of settled variables that are constant. */
  readonly #variables = new Map<string, Slot>();

  constructor(tree: Tree, trees: ReadonlyMap<string, Tree>, { constants, absent }: Assumptions, site: SpecializeSite) {
    this.#tree = tree;
    this.#trees = trees;
    this.#constants = constants;
    this.#absent = absent;
    this.#site = site;
    this.#root = Object.fromEntries(constants);
    this.#settled = settledVariables(trees);
  }

  list(statements: readonly Statement[], dot: Dot, depth: number): Statement[] {
    if (depth > MAX_DEPTH) {
      if (typeof dot === 'string') return [...statements];
      const pipe = commandPipe(commandOf(valueOperand({ start: 0, end: 0 }, dot.value)));
      return [{ kind: 'with', branches: [{ pipe, body: statements }], otherwise: [] }];
    }
    return statements.flatMap((statement) => this.#statement(statement, dot, depth + 1));
  }

  #statement(statement: Statement, dot: Dot, depth: number): readonly Statement[] {
    switch (statement.kind) {
      case 'action':
        return [this.#action(statement.pipe, dot)];
      case 'if':
        return this.#condition(statement, dot, depth);
      case 'with':
        return this.#with(statement, dot, depth);
      case 'range': {
        const pipe = this.#pipe(statement.pipe, dot);
        const otherwise = this.list(statement.otherwise, dot, depth);
        const over = this.#constantPipe(pipe);
        if (over !== null && isEmptyCollection(over.value) && (pipe.variables.length === 0 || otherwise.length === 0)) {
          return block(otherwise, pipe);
        }
        return [{ ...statement, pipe, body: this.list(statement.body, 'other', depth), otherwise }];
      }
      case 'template':
        return this.#call(statement, dot, depth);
      default:
        return [statement];
    }
  }

  #action(pipe: Pipe, dot: Dot): Statement {
    const made = this.#pipe(pipe, dot);
    if (pipe.variables.length > 0) {
      return { kind: 'action', pipe: this.#declaration(made) };
    }
    const value = this.#constantPipe(made);
    if (value === null) return { kind: 'action', pipe: made };
    try {
      return { kind: 'text', text: typeof value.value === 'string' ? value.value : displayText(value.value) };
    } catch {
      return { kind: 'action', pipe: made };
    }
  }

  /** A variable of one place and value is written into the others; what stands before that place can not name it. */
  #declaration(pipe: Pipe): Pipe {
    const [name, more] = pipe.variables;
    if (name === undefined || more !== undefined || !this.#settled.has(name)) return pipe;
    const value = this.#constantPipe(pipe);
    if (value === null) return pipe;
    this.#variables.set(name, value.value);
    return { ...pipe, commands: [commandOf(valueOperand(pipe, value.value))] };
  }

  #condition(statement: Conditional, dot: Dot, depth: number): readonly Statement[] {
    const branches: { readonly pipe: Pipe; readonly body: readonly Statement[] }[] = [];
    let otherwise: Statement[] | null = null;
    for (const branch of statement.branches) {
      const pipe = this.#pipe(branch.pipe, dot);
      const truth = pipe.variables.length > 0 ? null : this.#truth(pipe);
      if (truth === false) continue;
      const body = this.list(branch.body, dot, depth);
      if (truth === true) {
        otherwise = body;
        break;
      }
      branches.push({ pipe: this.#shortened(pipe), body });
    }
    otherwise ??= this.list(statement.otherwise, dot, depth);
    return branches.length === 0
      ? block(otherwise, statement.branches[0]?.pipe)
      : [{ kind: 'if', branches, otherwise }];
  }

  /** Of the branches of a `with` those whose value is known go, up to the first that is taken; its body knows what dot is. */
  #with(statement: Conditional, dot: Dot, depth: number): readonly Statement[] {
    const branches: { readonly pipe: Pipe; readonly body: readonly Statement[] }[] = [];
    let otherwise: Statement[] | null = null;
    for (const { pipe, body } of statement.branches) {
      const made = this.#pipe(pipe, dot);
      const known = made.variables.length > 0 ? null : this.#constantPipe(made);
      const truth = known === null ? null : truthOf(known.value);
      if (truth === false) continue;
      if (truth === true && known !== null) {
        otherwise = this.list(body, known, depth);
        break;
      }
      branches.push({ pipe: made, body: this.list(body, 'other', depth) });
    }
    otherwise ??= this.list(statement.otherwise, dot, depth);
    return branches.length === 0
      ? block(otherwise, statement.branches[0]?.pipe)
      : [{ kind: 'with', branches, otherwise }];
  }

  /** A call with the root is written out, where the callee calls nothing itself: so there is no recursion to follow. */
  #call(statement: Extract<Statement, { readonly kind: 'template' }>, dot: Dot, depth: number): readonly Statement[] {
    const callee = this.#trees.get(statement.name);
    const passesRoot = statement.pipe !== null && isRoot(statement.pipe, dot === 'root');
    if (callee === undefined || !passesRoot || callee.source !== this.#tree.source || callsTemplate(callee.body)) {
      return [statement.pipe === null ? statement : { ...statement, pipe: this.#pipe(statement.pipe, dot) }];
    }
    return block(this.list(callee.body, 'root', depth), statement.pipe ?? undefined);
  }

  /** The pipeline with constant operands as values; of several commands, the constant ones at its start become one. */
  #pipe(pipe: Pipe, dot: Dot): Pipe {
    const commands = pipe.commands.map((command) => this.#command(command, dot));
    return { ...pipe, commands };
  }

  #command(command: Command, dot: Dot): Command {
    const args = command.args.map((operand) => this.#operand(operand, dot));
    const absent = this.#readOfAbsent(command, args, dot);
    if (absent !== null) return { ...command, word: valueOperand(command, absent.value), args: [] };
    // A word with arguments is a call; alone it may be a value.
    const word = command.args.length === 0 ? this.#operand(command.word, dot) : this.#base(command.word, dot);
    return { ...command, word, args };
  }

  /** A key that the data has not got, read with arguments that are constant otherwise. */
  #readOfAbsent(command: Command, args: readonly Operand[], dot: Dot): { readonly value: Slot } | null {
    const [from, key, ...rest] = args;
    if (this.#absent === undefined || dot !== 'root' || from?.kind !== 'field' || key?.kind !== 'string') return null;
    if (command.word.kind !== 'function' || !READS_KEY.has(command.word.name) || !rest.every(isLiteral)) return null;
    const empty = this.#absent.empty.get(from.path.join('.'));
    if (empty === undefined || this.#absent.present?.has(key.value)) return null;
    const call = { ...command, args: [valueOperand(from, empty), key, ...rest] };
    const value = this.#evaluate(commandPipe(call));
    if (value !== null) this.#absent.reliedOn.add(key.value);
    return value;
  }

  #operand(operand: Operand, dot: Dot): Operand {
    if (operand.kind === 'variable' && operand.path.length === 0 && this.#variables.has(operand.name)) {
      return valueOperand(operand, this.#variables.get(operand.name));
    }
    const made = this.#base(operand, dot);
    const found = this.#constantField(made, dot);
    return found === null ? made : valueOperand(made, found.value);
  }

  /** What a chain of fields leads to; null where that is not constant, fails, or is an `any` that holds nil. */
  #constantField(operand: Operand, dot: Dot): { readonly value: Slot } | null {
    const start = this.#startOf(operand, dot);
    if (start === null || !('path' in operand)) return null;
    const site = new Site(this.#tree.source, this.#tree.name, operand);
    const { missingKey } = this.#site.environment;
    let value = start.value;
    try {
      for (const name of operand.path) value = readField(value, new FieldAccess(name, missingKey, site));
    } catch {
      return null;
    }
    return value === null ? null : { value };
  }

  /** The operand with the pipelines within it specialized. */
  #base(operand: Operand, dot: Dot): Operand {
    if (operand.kind === 'pipe') {
      const pipe = this.#pipe(operand.pipe, dot);
      const value = pipe.variables.length > 0 ? null : this.#constantPipe(pipe);
      return value === null ? { ...operand, pipe } : valueOperand(operand, value.value);
    }
    if (operand.kind === 'chain') return { ...operand, base: this.#base(operand.base, dot) };
    if (typeof dot === 'string') return operand;
    // What surrounds the operand will not make dot this value any more.
    const known = valueOperand(operand, dot.value);
    if (operand.kind === 'dot') return known;
    return operand.kind === 'field' ? { ...operand, kind: 'chain', base: known } : operand;
  }

  /** What a chain of fields begins at; null where that is not constant. */
  #startOf(operand: Operand, dot: Dot): { readonly value: Slot } | null {
    switch (operand.kind) {
      case 'field':
        return dot === 'root' && this.#constants.has(operand.path[0] ?? '') ? { value: this.#root } : null;
      case 'variable':
        return operand.name === '$' && this.#constants.has(operand.path[0] ?? '') ? { value: this.#root } : null;
      case 'chain':
        return operand.base.kind === 'value' ? { value: operand.base.value } : null;
      default:
        return null;
    }
  }

  /** The value of a pipeline whose operands are all constant by now; null where it depends on the render or fails. */
  #constantPipe(pipe: Pipe): { readonly value: Slot } | null {
    return pipe.commands.every((command) => this.#isPure(command)) ? this.#evaluate(pipe) : null;
  }

  #isPure({ word, args }: Command): boolean {
    const callable = word.kind === 'function' && PURE.has(word.name);
    return (callable || isLiteral(word)) && args.every(isLiteral);
  }

  #evaluate(pipe: Pipe): { readonly value: Slot } | null {
    const { environment, source, limits } = this.#site;
    const root = this.#root;
    try {
      const evaluate = new PipeCompiler(this.#tree, new Scope(), environment).compile(pipe);
      const run = new Run(source, new StringSink(), limits, undefined);
      return { value: evaluate({ run, slots: [root] }, root) };
    } catch {
      // It will fail again when it is rendered, with its place.
      return null;
    }
  }

  /** Whether a condition is known: null where it is not. */
  #truth(pipe: Pipe): boolean | null {
    const value = this.#constantPipe(pipe);
    if (value !== null) return truthOf(value.value);
    const logic = this.#logic(pipe);
    if (logic === null) return null;
    const [first] = logic.args;
    if (first === undefined) return null;
    // `and false X` and `or true X` do not look at X.
    const truth = this.#operandTruth(first);
    return truth === (logic.name === 'or') ? truth : null;
  }

  /** The condition without operands that are known not to decide it. */
  #shortened(pipe: Pipe): Pipe {
    const logic = this.#logic(pipe);
    const [command] = pipe.commands;
    if (logic === null || command === undefined) return pipe;
    let { args } = logic;
    for (let first = args[0]; args.length > 1 && first !== undefined; first = args[0]) {
      if (this.#operandTruth(first) !== (logic.name === 'and')) break;
      args = args.slice(1);
    }
    return args === logic.args ? pipe : { ...pipe, commands: [{ ...command, args }] };
  }

  #logic(pipe: Pipe): { readonly name: 'and' | 'or'; readonly args: readonly Operand[] } | null {
    const [command, more] = pipe.commands;
    if (command === undefined || more !== undefined || command.word.kind !== 'function') return null;
    const { name } = command.word;
    const builtin = (name === 'and' || name === 'or') && this.#site.environment.isBuiltin(name);
    return builtin ? { name, args: command.args } : null;
  }

  #operandTruth(operand: Operand): boolean | null {
    if (operand.kind === 'pipe') return operand.pipe.variables.length > 0 ? null : this.#truth(operand.pipe);
    if (!isLiteral(operand)) return null;
    const value = this.#evaluate(commandPipe(commandOf(operand)));
    return value === null ? null : truthOf(value.value);
  }
}

function truthOf(value: Slot): boolean | null {
  try {
    return isTrue(value);
  } catch {
    return null;
  }
}

/** Whether a range over the value has no rounds; of what is no collection it is not told. */
function isEmptyCollection(value: Slot): boolean {
  const target = indirect(value).value;
  if (target === undefined || target === null) return true;
  return (elementsOf(target) ?? entriesOf(target))?.length === 0;
}

function commandOf(operand: Operand): Command {
  return { start: operand.start, end: operand.end, word: operand, args: [] };
}

function commandPipe(command: Command): Pipe {
  return { start: command.start, end: command.end, variables: [], assign: false, commands: [command] };
}

function valueOperand({ start, end }: Span, value: Slot): Operand {
  return { kind: 'value', start, end, value };
}

/** Statements in the place of one; in a block of their own where they declare variables, so that these end with it. */
function block(statements: readonly Statement[], span: Span | undefined): readonly Statement[] {
  const declares = statements.some(({ kind, ...rest }) => {
    const pipe = kind === 'action' ? (rest as { readonly pipe: Pipe }).pipe : null;
    return pipe !== null && pipe.variables.length > 0 && !pipe.assign;
  });
  if (!declares) return statements;
  const { start, end } = span ?? { start: 0, end: 0 };
  const always = commandPipe(commandOf({ kind: 'bool', start, end, value: true }));
  return [{ kind: 'if', branches: [{ pipe: always, body: statements }], otherwise: [] }];
}
