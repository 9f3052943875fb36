/** What may stand where in a command. */
import type { Operand } from './ast.ts';
import type { Token } from './lex.ts';

/** Whether an operand of a command may begin with it. */
export function startsOperand(token: Token): boolean {
  switch (token.kind) {
    case 'bool':
    case 'character':
    case 'complex':
    case 'dot':
    case 'field':
    case 'identifier':
    case 'number':
    case 'string':
    case 'variable':
    case 'leftParen':
      return true;
    case 'keyword':
      return token.text === 'nil';
    default:
      return false;
  }
}

/** A value that can not take the result of the command before it. */
export function isValue(word: Operand): boolean {
  return (
    word.kind === 'bool' ||
    word.kind === 'dot' ||
    word.kind === 'nil' ||
    word.kind === 'number' ||
    word.kind === 'string'
  );
}
