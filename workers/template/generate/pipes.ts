/** Pipelines as code. What they do is what compile-pipe.ts says; what fails at compile time there is left to it. */
import { literalOf, plainLiteral, validator } from '../argument.ts';
import type { Command, Operand, Pipe, Span, Tree } from '../ast.ts';
import type { CompileEnvironment } from '../compile-pipe.ts';
import { FieldAccess } from '../field.ts';
import type { GoFunc } from '../func.ts';
import { Site } from '../site.ts';
import { PURE } from '../specialize.ts';
import { isLiteral, visit } from '../tree-facts.ts';
import { ANY, type GoType } from '../value.ts';
import { type Held, NotGenerated, type Program } from './program.ts';
import { boxed, fieldOf, member, result, truthOf } from './values.ts';

/** Looks a variable up. Throws NotGenerated for one that is not there. */
export type Variables = (name: string) => Held;

export class PipeGenerator {
  readonly #program: Program;
  readonly #tree: Tree;
  readonly #environment: CompileEnvironment;
  readonly #variables: Variables;

  constructor(program: Program, tree: Tree, environment: CompileEnvironment, variables: Variables) {
    this.#program = program;
    this.#tree = tree;
    this.#environment = environment;
    this.#variables = variables;
  }

  site(span: Span): Site {
    return new Site(this.#tree.source, this.#tree.name, span);
  }

  /** The value of a pipeline; its variables are the caller's. */
  value(pipe: Pipe, dot: Held): Held {
    let final: Held | null = null;
    for (const command of pipe.commands) final = result(this.#program, this.#command(command, dot, final));
    return final ?? { known: 'slot', code: 'undefined' };
  }

  #command(command: Command, dot: Held, final: Held | null): Held {
    const { word, args } = command;
    if (word.kind === 'function') return this.#call(word.name, args, final, command, dot);
    if (args.length > 0 || final !== null) throw new NotGenerated();
    return isLiteral(word) && word.kind !== 'value' ? this.#plain(word) : this.#operand(word, dot);
  }

  #constant(value: unknown): Held {
    const known = typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'bool' : 'slot';
    return { known, code: this.#program.constant(value) };
  }

  #plain(operand: Operand): Held {
    const literal = plainLiteral(operand, this.site(operand).context);
    if (!literal.ok) throw new NotGenerated();
    return this.#constant(literal.value);
  }

  /** The value of an operand that is no literal. */
  #operand(operand: Operand, dot: Held): Held {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'value':
        return this.#constant(operand.value);
      case 'field':
        return this.#path(dot, operand.path, operand);
      case 'variable':
        return this.#path(this.#variables(operand.name), operand.path, operand);
      case 'chain':
        return this.#path(this.#base(operand.base, dot), operand.path, operand);
      case 'function':
        return this.#call(operand.name, [], null, operand, dot);
      case 'pipe':
        return this.#nested(operand.pipe, dot);
      default:
        throw new NotGenerated();
    }
  }

  #base(base: Operand, dot: Held): Held {
    return isLiteral(base) && base.kind !== 'value' ? this.#plain(base) : this.#operand(base, dot);
  }

  #nested(pipe: Pipe, dot: Held): Held {
    if (pipe.variables.length > 0) throw new NotGenerated();
    return this.value(pipe, dot);
  }

  #path(base: Held, path: readonly string[], span: Span): Held {
    const site = this.site(span);
    let held = base;
    for (const name of path) {
      held = fieldOf(this.#program, held, new FieldAccess(name, this.#environment.missingKey, site));
    }
    return held;
  }

  #call(name: string, args: readonly Operand[], final: Held | null, span: Span, dot: Held): Held {
    const func = this.#environment.function(name);
    if (func === undefined || func.mutates === true) throw new NotGenerated();
    const { params, variadic } = func;
    const count = args.length + (final === null ? 0 : 1);
    if (variadic === undefined ? count !== params.length : count < params.length) throw new NotGenerated();
    const builtin = this.#environment.isBuiltin(name);
    if (builtin && (name === 'and' || name === 'or')) return this.#logic(name, args, final, dot);
    const typeAt = (index: number): GoType => params[index] ?? variadic ?? ANY;
    const [first, key] = args;
    if (builtin && name === 'index' && args.length === 2 && final === null && key?.kind === 'string') {
      const found = first === undefined || isLiteral(first) ? null : this.#index(this.#operand(first, dot), key.value);
      if (found !== null) return found;
    }
    const values = args.map((arg, index) => this.#argument(arg, typeAt(index), dot));
    if (final !== null) values.push(this.#valid(final, typeAt(args.length), this.site(span)));
    const [one, other] = values;
    if (builtin && name === 'not' && one !== undefined) {
      return { known: 'bool', code: `!(${truthOf(this.#program, one)})` };
    }
    if (builtin && name === 'eq' && values.length === 2 && one?.known === 'text' && other?.known === 'text') {
      return { known: 'bool', code: `${one.code}===${other.code}` };
    }
    return this.#invoke(func, name, values, this.site(span));
  }

  /** A call; of a pure function with the same arguments there is one in a block. */
  #invoke(func: GoFunc, name: string, values: readonly Held[], site: Site): Held {
    const program = this.#program;
    if (!PURE.has(name)) return this.#invocation(func, name, values, site);
    const same = values.map((held) =>
      held.known === 'data' ? `${program.constant(held.type)}:${held.code}` : held.code,
    );
    return program.once(`${program.constant(func)}(${same.join(',')})`, () =>
      this.#invocation(func, name, values, site),
    );
  }

  #invocation(func: GoFunc, name: string, values: readonly Held[], site: Site): Held {
    const program = this.#program;
    const codes = values.map((value) => boxed(program, value));
    const named = codes.map((code) => (/^[kt]\d+$/.test(code) ? code : program.temporary(code)));
    program.at(site, name);
    const { direct } = func;
    if (direct !== undefined && direct.count === values.length) {
      return {
        known: 'slot',
        code: program.temporary(`${program.constant(direct.call)}(${['r', ...named].join(',')})`),
      };
    }
    program.line('if(--r.fuel<0)r.refuel();');
    return { known: 'slot', code: program.temporary(`${program.constant(func)}.call([${named.join(',')}],r)`) };
  }

  /** A text under a key of a map of texts; null for any other map. */
  #index(map: Held, key: string): Held | null {
    if (map.known !== 'data' || map.type.kind !== 'map') return null;
    const { key: keys, elem } = map.type;
    if (keys.kind !== 'string' || keys.name !== undefined || elem.kind !== 'string' || elem.name !== undefined)
      return null;
    return member(this.#program, map.code, key, elem);
  }

  #argument(operand: Operand, type: GoType, dot: Held): Held {
    if (operand.kind === 'nil' || (isLiteral(operand) && operand.kind !== 'value')) {
      const literal = literalOf(operand, type, this.site(operand).context);
      if (!literal.ok) throw new NotGenerated();
      return this.#constant(literal.value);
    }
    return this.#valid(this.#operand(operand, dot), type, this.site(operand));
  }

  /** A value as an argument of a type. */
  #valid(held: Held, type: GoType, site: Site): Held {
    const program = this.#program;
    if (type.name === undefined) {
      if (type.kind === 'interface') {
        if (held.known !== 'slot') return held;
        return { known: 'slot', code: program.temporary(`${held.code}===undefined?null:${held.code}`) };
      }
      if (held.known === 'text' && type.kind === 'string') return held;
      if (held.known === 'bool' && type.kind === 'bool') return held;
      if (held.known === 'data' && held.type === type) return held;
      if (held.known === 'slot' && type.kind === 'string') {
        const { code } = held;
        const check = program.constant(validator(type, site));
        return { known: 'text', code: program.temporary(`typeof ${code}==='string'?${code}:${check}(${code})`) };
      }
    }
    const check = program.constant(validator(type, site));
    return { known: 'slot', code: program.temporary(`${check}(${boxed(program, held)})`) };
  }

  /** `and` and `or`: each further argument is worked out only if those before it did not decide. */
  #logic(name: 'and' | 'or', args: readonly Operand[], final: Held | null, dot: Held): Held {
    const program = this.#program;
    const code = program.name();
    program.line(`let ${code};`);
    const kinds = new Set<Held['known']>();
    const next = (index: number): void => {
      const operand = args[index];
      const held = operand === undefined ? final : this.#logicArgument(operand, dot);
      if (held === null) return;
      kinds.add(held.known === 'data' ? 'slot' : held.known);
      program.line(`${code}=${boxed(program, held)};`);
      const last = index + 1 >= args.length + (final === null ? 0 : 1);
      const truth = truthOf(program, held.known === 'data' ? held : { ...held, code });
      if (!last) program.block(name === 'and' ? `if(${truth})` : `if(!(${truth}))`, () => next(index + 1));
    };
    next(0);
    const [kind] = kinds;
    return { known: kinds.size === 1 && kind !== undefined && kind !== 'data' ? kind : 'slot', code };
  }

  #logicArgument(operand: Operand, dot: Held): Held {
    let declares = false;
    visit([operand], ({ variables }) => {
      if (Array.isArray(variables) && variables.length > 0) declares = true;
    });
    if (declares) throw new NotGenerated();
    return this.#argument(operand, ANY, dot);
  }
}
