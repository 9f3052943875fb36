/** From text to a checked syntax tree. */
import { type ASTNode, TypeError as CheckError, type Environment, ParseError } from '@marcbachmann/cel-js';
import { widenPresenceTests } from './check-macros.ts';
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
    widenPresenceTests(parsed.ast);
    const { valid, type, error } = parsed.check();
    if (!valid) throw error ?? new Error('the expression is not valid');
    return { ast: parsed.ast, type: type ?? 'dyn' };
  } catch (error) {
    throw asExpressionError(error);
  }
}

/** What CEL has and the parser does not read, by what it says there. */
const UNREAD: ReadonlyMap<string, string> = new Map([
  [
    'Unexpected token: QUESTION',
    'optional elements, as in [?x] and {?key: x}, are not supported: use optional.unwrap([x]), or a condition',
  ],
  ['Unexpected token: DOT', 'a number needs a digit before its point, as in 0.5; names do not begin with one'],
]);

function asExpressionError(error: unknown): ExpressionError {
  if (error instanceof ParseError || error instanceof CheckError) {
    const limit = error.code.endsWith('limit_exceeded') || error.summary.startsWith('Exceeded');
    const code = limit ? 'CEL_LIMIT' : error instanceof ParseError ? 'CEL_SYNTAX' : 'CEL_TYPE';
    return new ExpressionError(code, UNREAD.get(error.summary) ?? error.summary, error.range?.start ?? 0);
  }
  // The parser follows nesting by recursion.
  if (error instanceof RangeError) return new ExpressionError('CEL_LIMIT', 'the expression is nested too deeply', 0);
  throw error;
}
