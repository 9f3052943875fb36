/** What can be told from a template's tree without running it. */
import type { Operand, Pipe, Statement, Tree } from './ast.ts';
import type { CompileEnvironment } from './compile-pipe.ts';

/** Names of variables that are declared in one place, and never get another value. */
export function settledVariables(trees: ReadonlyMap<string, Tree>): ReadonlySet<string> {
  const places = new Map<string, number>();
  for (const tree of trees.values()) {
    for (const { variables, assign } of nodesOf(tree.body)) {
      if (!Array.isArray(variables)) continue;
      for (const name of variables) places.set(name, (places.get(name) ?? 0) + (assign === true ? 2 : 1));
    }
  }
  return new Set([...places].filter(([, count]) => count === 1).map(([name]) => name));
}

/** Whether a template could change what is taken for constant: by a function that changes a dict, or by giving `$` another value. */
export function mayChange(trees: ReadonlyMap<string, Tree>, environment: CompileEnvironment): boolean {
  for (const tree of trees.values()) {
    for (const node of nodesOf(tree.body)) {
      if (node.kind === 'function' && environment.function(String(node.name))?.mutates === true) return true;
      if (Array.isArray(node.variables) && node.variables.includes('$')) return true;
    }
  }
  return false;
}

interface Node {
  readonly kind?: unknown;
  readonly name?: unknown;
  readonly variables?: unknown;
  readonly assign?: unknown;
}

/** Every statement, pipeline, command and operand of a body. */
function* nodesOf(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value;
  for (const part of Object.values(value)) yield* nodesOf(part);
}

/** Whether an operand is a value that is written in the tree. */
export function isLiteral({ kind }: Operand): boolean {
  return kind === 'value' || kind === 'string' || kind === 'bool' || kind === 'number';
}

/** Whether a pipeline is dot alone, or `$` alone, and that is the root. */
export function isRoot({ variables, commands }: Pipe, dotIsRoot: boolean): boolean {
  const [command, more] = commands;
  if (variables.length > 0 || command === undefined || more !== undefined || command.args.length > 0) return false;
  const { word } = command;
  return (
    (word.kind === 'dot' && dotIsRoot) || (word.kind === 'variable' && word.name === '$' && word.path.length === 0)
  );
}

/** Whether a body calls templates. */
export function callsTemplate(statements: readonly Statement[]): boolean {
  return statements.some((statement) => {
    switch (statement.kind) {
      case 'template':
        return true;
      case 'if':
      case 'with':
        return statement.branches.some(({ body }) => callsTemplate(body)) || callsTemplate(statement.otherwise);
      case 'range':
        return callsTemplate(statement.body) || callsTemplate(statement.otherwise);
      default:
        return false;
    }
  });
}
