/** What can be told from a template's tree without running it. */
import type { Operand, Pipe, Statement, Tree } from './ast.ts';
import type { CompileEnvironment } from './compile-pipe.ts';

/** Names of variables that are declared in one place, and never get another value. */
export function settledVariables(trees: ReadonlyMap<string, Tree>): ReadonlySet<string> {
  const places = new Map<string, number>();
  for (const tree of trees.values()) {
    visit(tree.body, ({ variables, assign }) => {
      if (!Array.isArray(variables)) return;
      for (const name of variables) places.set(name, (places.get(name) ?? 0) + (assign === true ? 2 : 1));
    });
  }
  return new Set([...places].filter(([, count]) => count === 1).map(([name]) => name));
}

/** Whether a template could change what is taken for constant: by a function that changes a dict, or by giving `$` another value. */
export function mayChange(trees: ReadonlyMap<string, Tree>, environment: CompileEnvironment): boolean {
  let found = false;
  for (const tree of trees.values()) {
    visit(tree.body, ({ kind, name, variables }) => {
      if (kind === 'function' && environment.function(String(name))?.mutates === true) found = true;
      if (Array.isArray(variables) && variables.includes('$')) found = true;
    });
  }
  return found;
}

/** Functions that render a template whose name is a value. */
const RENDERS_NAMED: ReadonlySet<unknown> = new Set(['include', 'tpl']);

/** The templates that a render of the named one may come to; all of them where one renders templates by a name that is a value. */
export function templatesWithin(trees: ReadonlyMap<string, Tree>, name: string): ReadonlySet<string> {
  const within = new Set([name]);
  // A set can grow while it is gone through.
  for (const each of within) {
    visit(trees.get(each)?.body ?? [], (node) => {
      if (node.kind === 'template' && typeof node.name === 'string') within.add(node.name);
      if (node.kind === 'function' && RENDERS_NAMED.has(node.name)) for (const all of trees.keys()) within.add(all);
    });
  }
  return within;
}

interface Node {
  readonly kind?: unknown;
  readonly name?: unknown;
  readonly variables?: unknown;
  readonly assign?: unknown;
}

/** Calls back for every statement, pipeline, command and operand of a body. With a stack of its own: nothing nests too deeply for it. */
export function visit(body: readonly object[], found: (node: Node) => void): void {
  const open: object[] = [body];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!Array.isArray(next)) found(next);
    for (const part of Object.values(next)) if (typeof part === 'object' && part !== null) open.push(part);
  }
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
