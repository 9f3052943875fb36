/** Regular expressions: CEL's `matches`, and Kubernetes' `find` and `findAll`. */
import { asIndex, asText, type CallContext, declared, type FunctionTable, known, listOf } from '../function.ts';
import type { CelValue } from '../value.ts';

/** What is charged for one search of a text: its length times the pattern's is what it may take. */
function charge(text: string, pattern: string, { budget }: CallContext): void {
  budget.spendUnits(text.length * Math.max(1, pattern.length / 8) + pattern.length);
}

function matches(args: readonly CelValue[], context: CallContext): CelValue {
  const text = asText(args[0]);
  const pattern = asText(args[1]);
  charge(text, pattern, context);
  return context.patterns.compile(pattern).matcher(text).find();
}

function findAll(args: readonly CelValue[], context: CallContext, limit: number): string[] {
  const text = asText(args[0]);
  const pattern = asText(args[1]);
  const compiled = context.patterns.compile(pattern);
  const found: string[] = [];
  const matcher = compiled.matcher(text);
  let previousEnd = -1;
  let at = 0;
  while (at <= text.length && (limit < 0 || found.length < limit)) {
    charge(text.slice(at), pattern, context);
    if (!matcher.find(at)) break;
    const start = matcher.start();
    const end = matcher.end();
    // An empty match right behind another does not count, as in Go.
    if (end > start || start !== previousEnd) found.push(text.slice(start, end));
    previousEnd = end;
    at = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
  return found;
}

export const REGEX_FUNCTIONS: FunctionTable = new Map([
  ['.matches', known(matches)],
  ['matches', declared(['matches(string, string): bool'], matches)],
  ['.find', declared(['string.find(string): string'], (args, context) => findAll(args, context, 1)[0] ?? '')],
  [
    '.findAll',
    declared(['string.findAll(string): list<string>', 'string.findAll(string, int): list<string>'], (args, context) => {
      const limit = args[2] === undefined ? -1 : asIndex(args[2]);
      return listOf(findAll(args, context, limit), context);
    }),
  ],
]);

/** Functions whose second argument is a pattern: a pattern that is written out is checked when the expression is compiled. */
export const PATTERN_FUNCTIONS: ReadonlySet<string> = new Set(['matches', 'find', 'findAll']);
