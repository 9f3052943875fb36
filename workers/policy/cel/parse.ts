/** From text to a checked syntax tree. */
import { type ASTNode, TypeError as CheckError, type Environment, ParseError } from '@marcbachmann/cel-js';
import { widenPresenceTests } from './check-macros.ts';
import { ExpressionError } from './expression-error.ts';
import { MAX_EXPRESSION_LENGTH } from './limits.ts';
import { refuseMixedLiterals } from './mixed-literals.ts';
import { markOptionalEntries } from './optional-entries.ts';
import { prepareExpression } from './prepare.ts';

export interface CheckedExpression {
  readonly ast: ASTNode;
  /** As the checker names types: `bool`, `string`, `dyn`, `list<string>`. */
  readonly type: string;
  /** From an offset of the syntax tree to one of the text. */
  readonly original: (offset: number) => number;
}

/** Throws ExpressionError. */
export function parseExpression(text: string, environment: Environment): CheckedExpression {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const message = `the expression has ${text.length} characters; the limit is ${MAX_EXPRESSION_LENGTH}`;
    throw new ExpressionError('CEL_LIMIT', message, 0);
  }
  const prepared = prepareExpression(text);
  return withOriginalOffsets(prepared.original, () => {
    const parsed = environment.parse(prepared.text);
    markOptionalEntries(parsed.ast, prepared);
    widenPresenceTests(parsed.ast);
    const { valid, type, error } = parsed.check();
    if (!valid) throw error ?? new Error('the expression is not valid');
    refuseMixedLiterals(parsed.ast);
    return { ast: parsed.ast, type: type ?? 'dyn', original: prepared.original };
  });
}

/** Has errors at offsets of the syntax tree stand where the text is. Throws ExpressionError. */
export function withOriginalOffsets<T>(original: CheckedExpression['original'], work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const error = asExpressionError(thrown);
    throw new ExpressionError(error.code, error.message, original(error.offset));
  }
}

function asExpressionError(error: unknown): ExpressionError {
  if (error instanceof ExpressionError) return error;
  if (error instanceof ParseError || error instanceof CheckError) {
    const limit = error.code.endsWith('limit_exceeded') || error.summary.startsWith('Exceeded');
    const code = limit ? 'CEL_LIMIT' : error instanceof ParseError ? 'CEL_SYNTAX' : 'CEL_TYPE';
    return new ExpressionError(code, error.summary, error.range?.start ?? 0);
  }
  // The parser follows nesting by recursion.
  if (error instanceof RangeError) return new ExpressionError('CEL_LIMIT', 'the expression is nested too deeply', 0);
  throw error;
}
