/**
 * Takes out of a specialized body what nothing depends on any more: variables that were worked out and written into their places,
 * and the seams between texts.
 */
import type { Pipe, Statement } from './ast.ts';
import { visit } from './tree-facts.ts';

/** The body without declarations of values that it does not name, and without two texts in a row. */
export function tidied(body: readonly Statement[]): readonly Statement[] {
  const named = new Set<unknown>();
  visit(body, ({ kind, name, variables, assign }) => {
    if (kind === 'variable') named.add(name);
    if (assign === true && Array.isArray(variables)) for (const variable of variables) named.add(variable);
  });
  return statements(body, named);
}

function statements(body: readonly Statement[], named: ReadonlySet<unknown>): Statement[] {
  const made: Statement[] = [];
  for (const statement of body) {
    if (statement.kind === 'action' && isUnused(statement.pipe, named)) continue;
    const next = inner(statement, named);
    const last = made.at(-1);
    if (next.kind === 'text' && last?.kind === 'text') {
      made[made.length - 1] = { kind: 'text', text: last.text + next.text };
    } else made.push(next);
  }
  return made;
}

function inner(statement: Statement, named: ReadonlySet<unknown>): Statement {
  switch (statement.kind) {
    case 'if':
    case 'with': {
      const branches = statement.branches.map(({ pipe, body }) => ({ pipe, body: statements(body, named) }));
      return { ...statement, branches, otherwise: statements(statement.otherwise, named) };
    }
    case 'range':
      return {
        ...statement,
        body: statements(statement.body, named),
        otherwise: statements(statement.otherwise, named),
      };
    default:
      return statement;
  }
}

/** A declaration of a value that is written in the tree, by a name that nothing reads. */
function isUnused({ variables, assign, commands }: Pipe, named: ReadonlySet<unknown>): boolean {
  const [command, more] = commands;
  if (variables.length === 0 || assign || command === undefined || more !== undefined) return false;
  return command.word.kind === 'value' && command.args.length === 0 && !variables.some((name) => named.has(name));
}
