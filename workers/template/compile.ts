/**
 * Compiles a template's tree into closures: statements here, pipelines in compile-pipe.ts.
 */
import type { Conditional, Pipe, RangeStatement, Statement, TemplateStatement, Tree } from './ast.ts';
import type { Assign, CompileEnvironment } from './compile-pipe.ts';
import { PipeCompiler } from './compile-pipe.ts';
import { displayText } from './display.ts';
import { formatValue } from './printf.ts';
import { elementsOf, entriesOf, indirect, isTrue, scalarOfRef } from './reflect.ts';
import type { CompiledTemplate, Execute, Flow, Frame, Slot } from './run.ts';
import { BREAK, CONTINUE, NORMAL } from './run.ts';
import { Scope } from './scope.ts';
import type { Site } from './site.ts';
import { GoNumber, GoRef } from './value.ts';

/** Compiles one template. Fails on nothing: what a template does wrong, it does when it runs. */
export function compileTree(tree: Tree, environment: CompileEnvironment): CompiledTemplate {
  const scope = new Scope();
  const body = new StatementCompiler(scope, new PipeCompiler(tree, scope, environment), environment).list(tree.body);
  return { body, slotCount: scope.slotCount };
}

const doNothing: Execute = () => NORMAL;
const breakOff: Execute = () => BREAK;
const continueNext: Execute = () => CONTINUE;

class StatementCompiler {
  private readonly scope: Scope;
  private readonly pipes: PipeCompiler;
  private readonly environment: CompileEnvironment;

  constructor(scope: Scope, pipes: PipeCompiler, environment: CompileEnvironment) {
    this.scope = scope;
    this.pipes = pipes;
    this.environment = environment;
  }

  list(statements: readonly Statement[]): Execute {
    const compiled = statements.map((statement) => this.statement(statement));
    const [first, second, third] = compiled;
    if (first === undefined) return doNothing;
    if (second === undefined) return first;
    if (third === undefined) return (frame, dot) => first(frame, dot) || second(frame, dot);
    return (frame, dot) => {
      for (const execute of compiled) {
        const flow = execute(frame, dot);
        if (flow !== NORMAL) return flow;
      }
      return NORMAL;
    };
  }

  private block(statements: readonly Statement[]): Execute {
    return this.scope.block(() => this.list(statements));
  }

  private statement(statement: Statement): Execute {
    switch (statement.kind) {
      case 'text':
        return this.text(statement.text);
      case 'action':
        return this.action(statement.pipe);
      case 'if':
      case 'with':
        return this.scope.block(() => this.conditional(statement, 0));
      case 'range':
        return this.scope.block(() => this.range(statement));
      case 'template':
        return this.template(statement);
      case 'break':
        return breakOff;
      case 'continue':
        return continueNext;
    }
  }

  private text(text: string): Execute {
    const literal = this.environment.literal(text);
    return (frame) => {
      frame.run.text(literal);
      return NORMAL;
    };
  }

  private action(pipe: Pipe): Execute {
    const evaluate = this.pipes.compile(pipe);
    if (pipe.variables.length > 0) {
      return (frame, dot) => {
        evaluate(frame, dot);
        return NORMAL;
      };
    }
    const site = this.pipes.site(pipe);
    return (frame, dot) => {
      const value = evaluate(frame, dot);
      try {
        frame.run.value(typeof value === 'string' ? value : displayText(value));
      } catch (cause) {
        throw site.located(cause);
      }
      return NORMAL;
    };
  }

  /** The branches from `index` on. Variables of a branch's pipeline are visible in all branches after it. */
  private conditional(statement: Conditional, index: number): Execute {
    const branch = statement.branches[index];
    if (branch === undefined) return this.block(statement.otherwise);
    const isWith = statement.kind === 'with';
    const evaluate = this.pipes.compile(branch.pipe);
    const body = this.block(branch.body);
    const otherwise = this.conditional(statement, index + 1);
    if (isWith) {
      return (frame, dot) => {
        const value = evaluate(frame, dot);
        return isTrue(value) ? body(frame, value) : otherwise(frame, dot);
      };
    }
    return (frame, dot) => (isTrue(evaluate(frame, dot)) ? body(frame, dot) : otherwise(frame, dot));
  }

  private range(statement: RangeStatement): Execute {
    const { evaluate, assign } = this.pipes.compileWithVariables(statement.pipe);
    const site = this.pipes.site(statement.pipe);
    const loop = new Loop(assign, this.block(statement.body), site);
    const otherwise = this.block(statement.otherwise);
    return (frame, dot) => {
      const value = evaluate(frame, dot);
      try {
        if (loop.run(frame, value)) return NORMAL;
        const flow = otherwise(frame, dot);
        // A range catches every `break` within it, that of its `else` too; `continue` is caught by a round, and here is none.
        return flow === BREAK ? NORMAL : flow;
      } catch (cause) {
        throw site.located(cause);
      }
    };
  }

  private template(statement: TemplateStatement): Execute {
    const cell = this.environment.declaredCell(statement.name);
    const site = this.pipes.site(statement);
    const data = statement.pipe === null ? () => undefined : this.pipes.compile(statement.pipe);
    return (frame, dot) => {
      const compiled = cell.compiled();
      if (compiled === null) return site.fail(`template ${JSON.stringify(cell.name)} not defined`);
      const { run } = frame;
      const value = data(frame, dot);
      try {
        if (--run.fuel < 0) run.refuel();
        run.call(compiled, value);
      } catch (cause) {
        throw site.located(cause);
      }
      return NORMAL;
    };
  }
}

/** The rounds of a range. */
export class Loop {
  private readonly one: Assign | undefined;
  private readonly index: Assign | undefined;
  private readonly element: Assign | undefined;
  private readonly body: Execute;
  private readonly site: Site;

  /** One variable is the element; of two the first is the index or key. */
  constructor(assign: readonly Assign[], body: Execute, site: Site) {
    this.one = assign.length === 1 ? assign[0] : undefined;
    this.index = assign.length > 1 ? assign[0] : undefined;
    this.element = assign[1];
    this.body = body;
    this.site = site;
  }

  /** Goes through a value; false when there was nothing to go through. */
  run(frame: Frame, value: Slot): boolean {
    const { value: target, nil } = indirect(value);
    if (target === undefined || target === null) return false;
    const elements = elementsOf(target);
    if (elements !== null) return this.overElements(frame, elements);
    const entries = entriesOf(target);
    if (entries !== null) return this.overEntries(frame, entries);
    const count = nil ? null : integerOf(target);
    if (count === null) return this.site.fail(`range can't iterate over ${formatValue(target)}`);
    if (this.index !== undefined) {
      this.site.fail(`can't use ${formatValue(target)} to iterate over more than one variable`);
    }
    return this.overCount(frame, count, target);
  }

  private overElements(frame: Frame, elements: readonly Slot[]): boolean {
    for (let i = 0; i < elements.length; i++) {
      const flow = this.round(frame, this.index === undefined ? undefined : indexOf(i), elements[i]);
      if (flow === BREAK) break;
    }
    return elements.length > 0;
  }

  private overEntries(frame: Frame, entries: readonly (readonly [Slot, Slot])[]): boolean {
    for (const [key, element] of entries) {
      if (this.round(frame, key, element) === BREAK) break;
    }
    return entries.length > 0;
  }

  private overCount(frame: Frame, count: bigint, like: Slot): boolean {
    for (let i = 0n; i < count; i++) {
      if (this.round(frame, undefined, integerLike(like, i)) === BREAK) break;
    }
    return count > 0n;
  }

  private round(frame: Frame, index: Slot, element: Slot): Flow {
    const { run } = frame;
    if (--run.fuel < 0) run.refuel();
    this.one?.(frame, element);
    this.index?.(frame, index);
    this.element?.(frame, element);
    return this.body(frame, element);
  }
}

/** Indexes of short lists, which most are. */
const INDEXES: readonly bigint[] = Array.from({ length: 32 }, (_, index) => BigInt(index));

function indexOf(i: number): bigint {
  return INDEXES[i] ?? BigInt(i);
}

function integerOf(value: Slot): bigint | null {
  const scalar = scalarOfRef(value);
  if (typeof scalar === 'bigint') return scalar;
  return scalar instanceof GoNumber && scalar.kind !== 'float32' ? BigInt(scalar.value) : null;
}

/** An integer of the type of another one. */
function integerLike(like: Slot, value: bigint): Slot {
  if (like instanceof GoNumber) return new GoNumber(like.kind, value);
  return like instanceof GoRef ? new GoRef(like.type, value) : value;
}
