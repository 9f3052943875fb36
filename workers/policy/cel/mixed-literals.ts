/**
 * Lists and maps whose entries have different types, which the apiserver refuses but for arguments of `format`. The library can refuse
 * them everywhere or nowhere, so that its checker takes them all and its types are looked at here. Where a type is not known
 * (`[object.a, "b"]`) the entries pass, which the apiserver's do only as `dyn("b")`.
 */
import type { ASTNode, TypeDeclaration } from '@marcbachmann/cel-js';
import { childrenOf } from './children.ts';
import { ExpressionError } from './expression-error.ts';

/** What the library's checker leaves with a node. */
interface CheckedNode {
  readonly checkedType?: TypeDeclaration;
}

/** Throws ExpressionError CEL_TYPE. For a tree that has been checked. */
export function refuseMixedLiterals(ast: ASTNode): void {
  const due: ASTNode[] = [ast];
  for (let next = due.pop(); next !== undefined; next = due.pop()) {
    if (next.op === 'rcall' && next.args[0] === 'format') continue;
    due.push(...childrenOf(next));
    if (next.op === 'list') refuseMixed(next.args);
    if (next.op !== 'map') continue;
    refuseMixed(next.args.map(([key]) => key));
    refuseMixed(next.args.map(([, value]) => value));
  }
}

function refuseMixed(entries: readonly (ASTNode & CheckedNode)[]): void {
  let first: TypeDeclaration | undefined;
  for (const entry of entries) {
    const type = entry.checkedType;
    if (type === undefined || type.hasDynType || type.hasPlaceholderType) continue;
    first ??= type;
    if (type.name === first.name) continue;
    throw new ExpressionError('CEL_TYPE', `expected type '${first.name}' but found '${type.name}'`, entry.start);
  }
}
