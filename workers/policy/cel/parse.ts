/** From text to a checked syntax tree. */
import { type ASTNode, TypeError as CheckError, type Environment, ParseError } from '@marcbachmann/cel-js';
import { MAX_EXPRESSION_LENGTH } from './limits.ts';

export type ExpressionErrorCode =
  /** The text is no expression. */
  | 'CEL_SYNTAX'
  /** It names what there is not, or gives an operator or function what it does not take, or has the wrong type itself. */
  | 'CEL_TYPE'
  /** It is longer, deeper or larger than an expression may be. */
  | 'CEL_LIMIT';

/** What is wrong with an expression before it is ever evaluated. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly code: ExpressionErrorCode;
  /** Where in the text, in UTF-16 units from its beginning. */
  readonly offset: number;
  constructor(code: ExpressionErrorCode, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

export interface CheckedExpression {
  readonly ast: ASTNode;
  /** As the checker names types: `bool`, `string`, `dyn`, `list<string>`. */
  readonly type: string;
}

/** Throws ExpressionError. */
export function parseExpression(text: string, environment: Environment): CheckedExpression {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const message = `the expression has ${text.length} characters; the limit is ${MAX_EXPRESSION_LENGTH}`;
    throw new ExpressionError('CEL_LIMIT', message, 0);
  }
  try {
    const parsed = environment.parse(text);
    const { valid, type, error } = parsed.check();
    if (!valid) throw error ?? new Error('the expression is not valid');
    return { ast: parsed.ast, type: type ?? 'dyn' };
  } catch (error) {
    throw asExpressionError(error);
  }
}

function asExpressionError(error: unknown): ExpressionError {
  if (error instanceof ParseError || error instanceof CheckError) {
    const limit = error.code.endsWith('limit_exceeded') || error.summary.startsWith('Exceeded');
    const code = limit ? 'CEL_LIMIT' : error instanceof ParseError ? 'CEL_SYNTAX' : 'CEL_TYPE';
    return new ExpressionError(code, error.summary, error.range?.start ?? 0);
  }
  // The parser follows nesting by recursion.
  if (error instanceof RangeError) return new ExpressionError('CEL_LIMIT', 'the expression is nested too deeply', 0);
  throw error;
}
