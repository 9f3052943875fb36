import type { CompileProblem } from '../inject/provider.ts';
import { ExpressionError } from './cel/expression-error.ts';

export type PolicyPath = readonly (string | number)[];

/**
 * Gathers what is wrong with the policies of a set. The `field` of each problem is the JSON of its place: the policy's index in the
 * set, then the members of PolicySource that lead there.
 */
export class PolicyProblems {
  readonly all: CompileProblem[] = [];
  #policy = 0;

  begin(policy: number): void {
    this.#policy = policy;
  }

  add(code: string, message: string, path: PolicyPath, position: { line?: number; column?: number } = {}): void {
    this.all.push({ code, message, field: JSON.stringify([this.#policy, ...path]), ...position });
  }

  warn(policy: number, code: string, message: string, path: PolicyPath): void {
    this.all.push({ code, severity: 'warning', message, field: JSON.stringify([policy, ...path]) });
  }

  /** A fault in an expression, with its line and column within it. */
  addExpression(error: unknown, text: string, path: PolicyPath): void {
    if (!(error instanceof ExpressionError)) throw error;
    const before = text.slice(0, error.offset).split('\n');
    this.add(error.code, error.message, path, { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 });
  }
}

/** Where in a set a problem's `field` points; null for one that is no policy's. */
export function policyPlace(field: string): { readonly policy: number; readonly path: PolicyPath } | null {
  const parsed: unknown = JSON.parse(field);
  if (!Array.isArray(parsed)) return null;
  const [policy, ...path] = parsed as [number, ...(string | number)[]];
  return { policy, path };
}
