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
