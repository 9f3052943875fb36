/** A policy's expressions: compiled with its variables, evaluated with their values worked out once for each review and phase. */
import type { Environment } from '@marcbachmann/cel-js';
import type { JsonObject } from '../template/value.ts';
import type { Budget } from './cel/budget.ts';
import { type Activation, type CompiledExpression, compileExpression } from './cel/compile.ts';
import { withVariables } from './cel/environment.ts';
import { CelError } from './cel/error.ts';
import { type CelValue, isAbsorbed, LazyObject } from './cel/value.ts';
import type { NamedExpression } from './policy-source.ts';
import type { PolicyPath, PolicyProblems } from './problem.ts';
import { activationOf, type PolicyRequest } from './request.ts';

/** Types that an expression may have; `dyn` is looked at when it is evaluated. */
export type ExpectedType = 'bool' | 'text' | 'any';

const ALLOWED: Readonly<Record<ExpectedType, readonly string[]>> = {
  bool: ['bool', 'dyn'],
  text: ['string', 'dyn', 'null'],
  any: [],
};

export class Expressions {
  readonly #problems: PolicyProblems;
  readonly #variables = new Map<string, CompiledExpression>();
  #environment: Environment;

  constructor(base: Environment, variables: readonly NamedExpression[], problems: PolicyProblems) {
    this.#environment = base;
    this.#problems = problems;
    const types = new Map<string, string>();
    for (const [index, { name, expression }] of variables.entries()) {
      const compiled = this.compile(expression, 'any', ['variables', index, 'expression']);
      // One that is broken is known by name, so that nothing that uses it is reported as well.
      types.set(name, compiled?.type ?? 'dyn');
      if (compiled !== null) this.#variables.set(name, compiled);
      // A later variable sees those before it.
      this.#environment = withVariables(base, types);
    }
  }

  /** Null, and a problem, for an expression that can not be used. */
  compile(text: string, expected: ExpectedType, path: PolicyPath): CompiledExpression | null {
    try {
      const compiled = compileExpression(text, this.#environment);
      const allowed = ALLOWED[expected];
      if (allowed.length === 0 || allowed.includes(compiled.type)) return compiled;
      this.#problems.add('CEL_TYPE', `the expression must be a ${allowed[0]}, and is a ${compiled.type}`, path);
    } catch (error) {
      this.#problems.addExpression(error, text, path);
    }
    return null;
  }

  /** The variables of one phase of a review. */
  activation(request: PolicyRequest, pod: JsonObject | null, budget: Budget): Activation {
    const variables: CelValue = new LazyVariables(this.#variables, () => activation, budget);
    const activation = activationOf(request, pod, variables);
    return activation;
  }
}

class LazyVariables extends LazyObject {
  readonly #compiled: ReadonlyMap<string, CompiledExpression>;
  readonly #activation: () => Activation;
  readonly #budget: Budget;
  readonly #values = new Map<string, CelValue | CelError>();

  constructor(compiled: ReadonlyMap<string, CompiledExpression>, activation: () => Activation, budget: Budget) {
    super();
    this.#compiled = compiled;
    this.#activation = activation;
    this.#budget = budget;
  }

  override member(name: string): CelValue | undefined {
    let value = this.#values.get(name);
    if (value === undefined) {
      value = this.#evaluate(name);
      if (value === undefined) return undefined;
      this.#values.set(name, value);
    }
    if (value instanceof CelError) throw value;
    return value;
  }

  #evaluate(name: string): CelValue | CelError | undefined {
    try {
      return this.#compiled.get(name)?.evaluate(this.#activation(), this.#budget);
    } catch (error) {
      if (!isAbsorbed(error)) throw error;
      return new CelError(
        'CEL_RUNTIME',
        `composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`,
      );
    }
  }
}
