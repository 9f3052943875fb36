/**
 * Entries of lists and maps that count only where their optional has a value: `[?x]`, `{?key: x}`. The parser's library has none. The
 * entry stands in its syntax tree as any other (prepare.ts has taken the mark away), within a node of our own that tells the checker
 * its type.
 */
import type { ASTNode, TypeDeclaration } from '@marcbachmann/cel-js';
import { childrenOf } from './children.ts';
import type { PreparedExpression } from './prepare.ts';

/** What the library's nodes and checker can do beyond what it declares. */
interface Checker {
  check(node: ASTNode, scope: unknown): TypeDeclaration;
  createError(code: string, message: string, node: ASTNode): Error;
}
interface Operator {
  readonly name: string;
  check(checker: Checker, node: OptionalEntry, scope: unknown): TypeDeclaration;
}
interface Cloneable {
  clone(operator: Operator, args: readonly [ASTNode]): OptionalEntry;
}

const NAME = '?entry';

export interface OptionalEntry {
  readonly op: typeof NAME;
  readonly args: readonly [ASTNode];
}

const OPTIONAL_ENTRY: Operator = {
  name: NAME,
  check(checker, { args: [value] }, scope) {
    const type = checker.check(value, scope);
    if (type.kind === 'dyn') return type;
    if (type.kind === 'optional' && type.valueType !== undefined) return type.valueType;
    const message = `an optional entry must be an optional, and is a ${type.name}`;
    throw checker.createError('optional_expected', message, value);
  },
};

/** Puts the marked entries of a syntax tree into nodes of their own, in place. */
export function markOptionalEntries(ast: ASTNode, { optionals, original }: PreparedExpression): void {
  if (optionals.size === 0) return;
  const due: ASTNode[] = [ast];
  for (let next = due.pop(); next !== undefined; next = due.pop()) {
    due.push(...childrenOf(next));
    if (next.op !== 'list' && next.op !== 'map') continue;
    for (const place of optionals.get(original(next.start)) ?? []) {
      const [entries, at] = next.op === 'list' ? [next.args, place] : [next.args[place] ?? [], 1];
      const value = entries[at];
      if (value !== undefined) entries[at] = optionalEntry(value);
    }
  }
}

/** The library's type of a node names its own operators alone. */
function optionalEntry(value: ASTNode): ASTNode {
  return (value as ASTNode & Cloneable).clone(OPTIONAL_ENTRY, [value]) as unknown as ASTNode;
}

/** The optional of an optional entry; null for any other. */
export function optionalOfEntry(entry: ASTNode): ASTNode | null {
  const { op, args } = entry as ASTNode | OptionalEntry;
  return op === NAME ? (args as OptionalEntry['args'])[0] : null;
}
