/** One policy, compiled: whether it is for a request, and what it says about a pod. */
import { Buffer } from 'node:buffer';
import type { Environment } from '@marcbachmann/cel-js';
import type { JsonObject } from '../template/value.ts';
import type { Budget } from './cel/budget.ts';
import type { Activation, CompiledExpression } from './cel/compile.ts';
import { CelError } from './cel/error.ts';
import { Expressions } from './expressions.ts';
import { compileMatch, type Matches, type MatchProblem } from './match.ts';
import { compileMutation, type Mutate, type MutationContext, MutationError } from './mutation.ts';
import type { PolicySource, ValidationSource } from './policy-source.ts';
import type { PolicyProblems } from './problem.ts';
import type { PolicyRequest } from './request.ts';

/** Longest message that an expression may make, in bytes of UTF-8; the apiserver's limit. */
const MAX_MESSAGE_BYTES = 5 * 1024;
/** Longest value of an audit annotation, in UTF-16 units; the apiserver's limit in bytes. */
const MAX_ANNOTATION_LENGTH = 10 * 1024;

/** What one validation found. */
export interface Violation {
  readonly actions: ValidationSource['actions'];
  readonly message: string;
  readonly reason: string;
}

/** A policy that can not be evaluated for a pod, or mutates it in vain. */
export class PolicyFailure {
  readonly message: string;
  /** Whether a limit was reached. */
  readonly limit: boolean;
  constructor(message: string, limit = false) {
    this.message = message;
    this.limit = limit;
  }
}

export class Policy {
  readonly source: PolicySource;
  readonly #matches: readonly Matches[];
  readonly #expressions: Expressions;
  readonly #conditions: readonly CompiledExpression[];
  readonly #mutations: readonly Mutate[];
  readonly #validations: readonly CompiledValidation[];
  readonly #annotations: readonly { readonly key: string; readonly value: CompiledExpression }[];

  constructor(source: PolicySource, environment: Environment, problems: PolicyProblems) {
    this.source = source;
    this.#matches = source.match.map((match, index) => {
      const found: MatchProblem[] = [];
      const matches = compileMatch(match, found);
      for (const { message, path } of found)
        problems.add('POLICY_SELECTOR_INVALID', message, ['match', index, ...path]);
      return matches;
    });
    const expressions = new Expressions(environment, source.variables, problems);
    this.#expressions = expressions;
    this.#conditions = present(
      source.matchConditions.map(({ expression }, index) =>
        expressions.compile(expression, 'bool', ['matchConditions', index, 'expression']),
      ),
    );
    this.#mutations = present(
      source.mutations.map((each, index) => compileMutation(each, source.name, ['mutations', index], problems)),
    );
    this.#validations = present(source.validations.map((each, index) => compileValidation(each, index, expressions)));
    this.#annotations = source.auditAnnotations.flatMap(({ key, valueExpression }, index) => {
      const value = expressions.compile(valueExpression, 'text', ['auditAnnotations', index, 'valueExpression']);
      return value === null ? [] : [{ key, value }];
    });
  }

  get title(): string {
    const { kind, name, binding } = this.source;
    return `${kind} '${name}'${binding === undefined ? '' : ` with binding '${binding}'`}`;
  }

  /** By resource, operation, mesh and labels alone. */
  matches(request: PolicyRequest): boolean {
    const { meshes } = this.source;
    return (meshes === undefined || meshes.includes(request.mesh)) && this.#matches.every((each) => each(request));
  }

  activation(request: PolicyRequest, pod: JsonObject | null, budget: Budget): Activation {
    return this.#expressions.activation(request, pod, budget);
  }

  /** By its conditions: one that is false decides, whatever others fail. */
  applies(activation: Activation, budget: Budget): boolean | PolicyFailure {
    let failure: PolicyFailure | null = null;
    for (const condition of this.#conditions) {
      const value = evaluate(condition, activation, budget);
      if (value.ok && value.value === false) return false;
      if (!value.ok) failure ??= value.failure;
      else if (value.value !== true) failure ??= notBool(condition);
    }
    return failure ?? true;
  }

  /** The pod as the policy would have it, or why it can not be. */
  mutate(pod: JsonObject, context: MutationContext): JsonObject | PolicyFailure {
    try {
      return this.#mutations.reduce((made, mutate) => mutate(made, context), pod);
    } catch (error) {
      if (error instanceof MutationError) return new PolicyFailure(error.message);
      throw error;
    }
  }

  get mutates(): boolean {
    return this.#mutations.length > 0;
  }

  /** Every validation, with what it found: null where it is content. */
  validate(activation: Activation, budget: Budget): readonly (Violation | PolicyFailure | null)[] {
    return this.#validations.map(({ source, expression, message }) => {
      const value = evaluate(expression, activation, budget);
      if (!value.ok) return value.failure;
      if (value.value === true) return null;
      const text = message === null ? null : evaluate(message, activation, budget);
      if (text !== null && !text.ok && text.failure.limit) return text.failure;
      const made = text?.ok && typeof text.value === 'string' ? usable(text.value) : '';
      const said = made || (source.message ?? '').trim() || `failed expression: ${source.expression.trim()}`;
      return { actions: source.actions, message: said, reason: source.reason ?? 'Invalid' };
    });
  }

  /** Values of the audit annotations; empty ones are left out. */
  annotate(activation: Activation, budget: Budget): readonly ([key: string, value: string] | PolicyFailure)[] {
    const made: ([key: string, value: string] | PolicyFailure)[] = [];
    for (const { key, value: expression } of this.#annotations) {
      const value = evaluate(expression, activation, budget);
      if (!value.ok) made.push(value.failure);
      else if (typeof value.value === 'string') {
        const text = value.value.trim().slice(0, MAX_ANNOTATION_LENGTH).toWellFormed();
        if (text !== '') made.push([key, text]);
      } else if (value.value !== null) {
        made.push(new PolicyFailure(`valueExpression '${expression.text}' must be a string or null`));
      }
    }
    return made;
  }
}

interface CompiledValidation {
  readonly source: ValidationSource;
  readonly expression: CompiledExpression;
  readonly message: CompiledExpression | null;
}

function compileValidation(
  source: ValidationSource,
  index: number,
  expressions: Expressions,
): CompiledValidation | null {
  const expression = expressions.compile(source.expression, 'bool', ['validations', index, 'expression']);
  const { messageExpression } = source;
  const path = ['validations', index, 'messageExpression'];
  const message = messageExpression === undefined ? null : expressions.compile(messageExpression, 'text', path);
  return expression === null ? null : { source, expression, message };
}

function present<T>(values: readonly (T | null)[]): T[] {
  return values.filter((value) => value !== null);
}

type Evaluated =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: PolicyFailure };

function evaluate(expression: CompiledExpression, activation: Activation, budget: Budget): Evaluated {
  try {
    return { ok: true, value: expression.evaluate(activation, budget) };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const message = `expression '${expression.text}' resulted in error: ${error.message}`;
    return { ok: false, failure: new PolicyFailure(message, error.code === 'CEL_LIMIT') };
  }
}

function notBool({ text }: CompiledExpression): PolicyFailure {
  return new PolicyFailure(`expression '${text}' did not evaluate to bool`);
}

/** A message that an expression made, as far as the apiserver would use it: one line, not too long. */
function usable(text: string): string {
  const trimmed = text.trim();
  return trimmed.includes('\n') || Buffer.byteLength(trimmed) > MAX_MESSAGE_BYTES ? '' : trimmed;
}
