/**
 * Templates as JavaScript. A specialized template (specialize.ts) is short, and what remains of it is run for each pod: as one function
 * it takes less than half of the time of compile.ts's closures, for it reads members of typed data without a GoRef around each, reads them
 * once, and is optimized for what its own places see.
 *
 * It does what the closures do, errors and their places included. What only few templates do (break, variables within arguments …) is
 * left to them. No text of a template becomes code; see program.ts.
 */
import type { Conditional, Pipe, RangeStatement, Statement, TemplateStatement, Tree } from '../ast.ts';
import type { CompileEnvironment } from '../compile-pipe.ts';
import type { CompiledTemplate } from '../run.ts';
import { visit } from '../tree-facts.ts';
import type { GoType } from '../value.ts';
import { PipeGenerator } from './pipes.ts';
import { type Held, NotGenerated, Program } from './program.ts';
import { genericRange } from './support.ts';
import { boxed, truthOf, typed } from './values.ts';

/** The most statements and operands that a template may have to be generated. */
const MAX_NODES = 4_000;
/** Nesting of statements in the code. */
const MAX_NESTING = 60;

/**
 * A function for a template's tree; null where it is left to closures. `root`: the type of the data that it is made for, null for any.
 * `otherwise` renders data of another type.
 */
export function generateTree(
  tree: Tree,
  environment: CompileEnvironment,
  root: GoType | null,
  otherwise: () => CompiledTemplate,
): CompiledTemplate | null {
  try {
    return new Generator(tree, environment).generate(tree, root, otherwise);
  } catch (error) {
    // EvalError: the process allows no code from text.
    if (error instanceof NotGenerated || error instanceof EvalError) return null;
    throw error;
  }
}

class Generator {
  readonly #program = new Program();
  readonly #environment: CompileEnvironment;
  readonly #pipes: PipeGenerator;
  /** The variables in sight, the innermost last. */
  readonly #scope: { readonly name: string; readonly held: Held }[] = [];
  /** Names of variables that get another value somewhere, or are read anywhere. */
  readonly #assigned = new Set<unknown>();
  readonly #named = new Set<unknown>();
  readonly #variables: string[] = [];
  #nesting = 0;
  /** Counts places from which on variables may hold something else. */
  #changes = 0;

  constructor(tree: Tree, environment: CompileEnvironment) {
    this.#environment = environment;
    this.#pipes = new PipeGenerator(this.#program, tree, environment, (name) => this.#variable(name));
    let nodes = 0;
    visit(tree.body, ({ kind, name, variables, assign }) => {
      if (++nodes > MAX_NODES || kind === 'break' || kind === 'continue') throw new NotGenerated();
      if (kind === 'variable') this.#named.add(name);
      if (assign === true && Array.isArray(variables)) for (const variable of variables) this.#assigned.add(variable);
    });
  }

  generate(tree: Tree, root: GoType | null, otherwise: () => CompiledTemplate): CompiledTemplate {
    const program = this.#program;
    let guard = '';
    let dot: Held = { known: 'slot', code: 'd' };
    if (root !== null) {
      const type = program.constant(root);
      const other = program.constant((run: Parameters<CompiledTemplate['body']>[0]['run'], data: unknown) =>
        run.call(otherwise(), data as Parameters<CompiledTemplate['body']>[1]),
      );
      guard = `if(!(d instanceof Ref)||d.type!==${type}){${other}(r,d);return;}const d0=d.data;`;
      dot = { known: 'data', type: root, code: 'd0' };
    }
    this.#scope.push({ name: '$', held: dot });
    this.#list(tree.body, dot);
    return program.finish(guard, this.#variables);
  }

  #variable(name: string): Held {
    const found = this.#scope.findLast((variable) => variable.name === name);
    if (found === undefined) throw new NotGenerated();
    const { held } = found;
    // What a variable holds now is meant, whatever it gets later.
    if (!held.code.startsWith('v')) return held;
    return this.#program.once(`${held.code}@${this.#changes}`, () => ({
      known: 'slot',
      code: this.#program.temporary(held.code),
    }));
  }

  #declare(name: string, held: Held): void {
    if (!this.#assigned.has(name)) {
      const code = /^[ktd]\d*$/.test(held.code) ? held.code : this.#program.temporary(held.code);
      this.#scope.push({ name, held: { ...held, code } });
      return;
    }
    const code = `v${this.#variables.length}`;
    this.#variables.push(code);
    this.#set(code, held);
    this.#scope.push({ name, held: { known: 'slot', code } });
  }

  #assign(name: string, held: Held): void {
    const found = this.#scope.findLast((variable) => variable.name === name);
    if (found === undefined || !found.held.code.startsWith('v')) throw new NotGenerated();
    this.#set(found.held.code, held);
  }

  #set(variable: string, held: Held): void {
    this.#program.line(`${variable}=${boxed(this.#program, held)};`);
    this.#changes++;
  }

  /** The value of a pipeline, which its variables have then too. */
  #value(pipe: Pipe, dot: Held): Held {
    const held = this.#pipes.value(pipe, dot);
    for (const name of pipe.variables) {
      if (pipe.assign) this.#assign(name, held);
      else this.#declare(name, held);
    }
    return held;
  }

  /** A block of the template and of the code. */
  #block(head: string, write: () => void, tail = '}'): void {
    if (++this.#nesting > MAX_NESTING) throw new NotGenerated();
    const mark = this.#scope.length;
    this.#program.block(head, write, tail);
    this.#scope.length = mark;
    this.#nesting--;
  }

  #list(statements: readonly Statement[], dot: Held): void {
    for (const statement of statements) this.#statement(statement, dot);
  }

  #statement(statement: Statement, dot: Held): void {
    switch (statement.kind) {
      case 'text':
        this.#program.line(`r.text(${this.#program.constant(this.#environment.literal(statement.text))});`);
        break;
      case 'action':
        this.#action(statement.pipe, dot);
        break;
      case 'if':
      case 'with':
        this.#block('', () => this.#conditional(statement, 0, dot));
        break;
      case 'range':
        this.#block('', () => this.#range(statement, dot));
        break;
      case 'template':
        this.#template(statement, dot);
        break;
      default:
        throw new NotGenerated();
    }
  }

  #action(pipe: Pipe, dot: Held): void {
    const program = this.#program;
    const held = this.#value(pipe, dot);
    if (pipe.variables.length > 0) return;
    const site = this.#pipes.site(pipe);
    const code = held.known === 'text' ? held.code : program.temporary(boxed(program, held));
    program.at(site);
    program.line(
      held.known === 'text' ? `r.value(${code});` : `r.value(typeof ${code}==='string'?${code}:show(${code}));`,
    );
  }

  #conditional(statement: Conditional, index: number, dot: Held): void {
    const branch = statement.branches[index];
    if (branch === undefined) {
      this.#list(statement.otherwise, dot);
      return;
    }
    const held = this.#value(branch.pipe, dot);
    const truth = truthOf(this.#program, held);
    const inner = statement.kind === 'with' ? held : dot;
    this.#block(`if(${truth})`, () => this.#list(branch.body, inner));
    if (index + 1 < statement.branches.length || statement.otherwise.length > 0) {
      this.#block('else', () => this.#conditional(statement, index + 1, dot));
    }
  }

  #range(statement: RangeStatement, dot: Held): void {
    const { pipe } = statement;
    if (pipe.assign) throw new NotGenerated();
    const held = this.#pipes.value(pipe, dot);
    const ran = this.#program.name();
    const { known } = held;
    if (known === 'data' && held.type.kind === 'slice' && isPlainElement(held.type.elem)) {
      this.#program.line(`const ${ran}=Array.isArray(${held.code})&&${held.code}.length>0;`);
      this.#elements(statement, held.code, held.type.elem);
    } else this.#rounds(statement, held, ran);
    if (statement.otherwise.length === 0) return;
    this.#block(`if(!${ran})`, () => {
      if (pipe.variables.length > 0) throw new NotGenerated();
      this.#list(statement.otherwise, dot);
    });
  }

  /** Over a list of structs or texts. */
  #elements({ pipe, body }: RangeStatement, list: string, elem: GoType): void {
    const program = this.#program;
    const index = program.name();
    const site = this.#pipes.site(pipe);
    this.#block(`if(Array.isArray(${list}))for(let ${index}=0;${index}<${list}.length;${index}++)`, () => {
      program.at(site);
      program.line('if(--r.fuel<0)r.refuel();');
      const element = typed(program, elem, program.temporary(`${list}[${index}]`));
      this.#round(pipe, () => program.temporary(`BigInt(${index})`), element);
      this.#list(body, element);
    });
  }

  #rounds({ pipe, body }: RangeStatement, held: Held, ran: string): void {
    const program = this.#program;
    const site = this.#pipes.site(pipe);
    const [index, element] = [program.name(), program.name()];
    const range = program.constant(genericRange(pipe.variables.length > 1, site));
    const value = program.temporary(boxed(program, held));
    program.at(site);
    const head = `const ${ran}=${range}(r,${value},(${index},${element})=>`;
    this.#block(
      head,
      () => {
        const item: Held = { known: 'slot', code: element };
        this.#round(pipe, () => index, item);
        this.#list(body, item);
      },
      '});',
    );
  }

  /** Sets a range's variables: the element, or index and element. */
  #round({ variables }: Pipe, index: () => string, element: Held): void {
    // What was read before the range may be set in a round before this one.
    this.#changes++;
    const [first, second] = variables;
    const item = second ?? first;
    if (first !== undefined && second !== undefined && (this.#named.has(first) || this.#assigned.has(first))) {
      this.#declare(first, { known: 'slot', code: index() });
    }
    if (item !== undefined) this.#declare(item, element);
  }

  #template(statement: TemplateStatement, dot: Held): void {
    const program = this.#program;
    const cell = this.#environment.declaredCell(statement.name);
    const site = this.#pipes.site(statement);
    const compiled = (): CompiledTemplate =>
      cell.compiled() ?? site.fail(`template ${JSON.stringify(cell.name)} not defined`);
    const callee = program.temporary(`${program.constant(compiled)}()`);
    const data = statement.pipe === null ? 'undefined' : boxed(program, this.#value(statement.pipe, dot));
    const value = program.temporary(data);
    program.at(site);
    program.line('if(--r.fuel<0)r.refuel();');
    program.line(`r.call(${callee},${value});`);
  }
}

/** Whether a list's elements are read as they lie: structs and texts. */
function isPlainElement(elem: GoType): boolean {
  return elem.kind === 'struct' || (elem.kind === 'string' && elem.name === undefined);
}
