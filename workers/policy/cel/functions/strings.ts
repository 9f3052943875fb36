/** CEL's functions on texts, and the string extension that Kubernetes adds. Positions count code points, as Go's runes do. */
import { equals } from '../compare.ts';
import { noSuchOverload, runtimeError } from '../error.ts';
import {
  asIndex,
  asText,
  type CallContext,
  type CelFunction,
  declared,
  type FunctionTable,
  known,
  listOf,
  madeText,
} from '../function.ts';
import { type CelValue, isList, itemsOf } from '../value.ts';
import { formatText, quoteText } from './format.ts';

function chars(text: string, { budget }: CallContext): readonly string[] {
  budget.spendUnits(text.length);
  return Array.from(text);
}

function outOfRange(index: number): Error {
  return runtimeError(`index out of range: ${index}`);
}

function charAt(args: readonly CelValue[], context: CallContext): CelValue {
  const runes = chars(asText(args[0]), context);
  const index = asIndex(args[1]);
  if (index < 0 || index > runes.length) throw outOfRange(index);
  return runes[index] ?? '';
}

/** Where one text stands in another, in code points. */
function find(args: readonly CelValue[], context: CallContext, last: boolean): CelValue {
  const text = asText(args[0]);
  const part = asText(args[1]);
  if (args[2] === undefined) {
    context.budget.spendUnits(text.length + part.length);
    const at = last ? text.lastIndexOf(part) : text.indexOf(part);
    return at < 0 ? -1n : BigInt(chars(text.slice(0, at), context).length);
  }
  const runes = chars(text, context);
  const offset = asIndex(args[2]);
  if (part === '') return BigInt(offset);
  if (offset < 0) throw outOfRange(offset);
  if (offset >= runes.length) return -1n;
  const wanted = chars(part, context);
  const lastStart = runes.length - wanted.length;
  const starts = (start: number) => wanted.every((rune, index) => runes[start + index] === rune);
  context.budget.spendUnits(runes.length * wanted.length);
  if (last) {
    for (let start = Math.min(offset, lastStart); start >= 0; start--) if (starts(start)) return BigInt(start);
  } else {
    for (let start = offset; start <= lastStart; start++) if (starts(start)) return BigInt(start);
  }
  return -1n;
}

/** The position of a text in a text, or of an element in a list. */
function position(args: readonly CelValue[], context: CallContext, last: boolean): CelValue {
  const [within, part] = args;
  if (within === undefined || part === undefined || !isList(within)) return find(args, context, last);
  const items = itemsOf(within);
  const is = (item: CelValue) => equals(item, part, context.budget);
  return BigInt(last ? items.findLastIndex(is) : items.findIndex(is));
}

function substring(args: readonly CelValue[], context: CallContext): CelValue {
  const runes = chars(asText(args[0]), context);
  const start = asIndex(args[1]);
  const end = args[2] === undefined ? runes.length : asIndex(args[2]);
  if (start < 0 || start > runes.length) throw outOfRange(start);
  if (end < 0 || end > runes.length) throw outOfRange(end);
  if (start > end) throw runtimeError(`invalid substring range. start: ${start}, end: ${end}`);
  return runes.slice(start, end).join('');
}

function replace(args: readonly CelValue[], context: CallContext): CelValue {
  const text = asText(args[0]);
  const from = asText(args[1]);
  const to = asText(args[2]);
  const limit = args[3] === undefined ? -1 : asIndex(args[3]);
  const pieces = from === '' ? ['', ...chars(text, context), ''] : text.split(from);
  context.budget.spendUnits(text.length);
  const count = limit < 0 ? pieces.length - 1 : Math.min(limit, pieces.length - 1);
  // What comes out is known before it is made.
  context.budget.admitText(text.length + count * to.length);
  return pieces.map((piece, index) => (index === 0 ? piece : (index <= count ? to : from) + piece)).join('');
}

function split(args: readonly CelValue[], context: CallContext): CelValue {
  const text = asText(args[0]);
  const separator = asText(args[1]);
  const limit = args[2] === undefined ? -1 : asIndex(args[2]);
  context.budget.spendUnits(text.length);
  if (limit === 0) return listOf([], context);
  if (limit === 1) return listOf([text], context);
  const pieces = separator === '' ? chars(text, context) : text.split(separator);
  if (limit < 0 || pieces.length <= limit) return listOf(pieces, context);
  return listOf([...pieces.slice(0, limit - 1), pieces.slice(limit - 1).join(separator)], context);
}

function join(args: readonly CelValue[], context: CallContext): CelValue {
  const [list] = args;
  if (list === undefined) throw noSuchOverload();
  const texts = itemsOf(list).map(asText);
  const separator = args[1] === undefined ? '' : asText(args[1]);
  context.budget.admitText(texts.reduce((sum, each) => sum + each.length + separator.length, 0));
  return texts.join(separator);
}

/** Go's unicode.IsSpace, in UTF-16 units. */
const SPACE_AFTER_LATIN = /[\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const LATIN_SPACE = new Set([9, 10, 11, 12, 13, 32, 0x85, 0xa0]);
const UPPER = /[A-Z]+/g;
const LOWER = /[a-z]+/g;

function onText(change: (text: string) => string): CelFunction['call'] {
  return (args, context) => {
    const text = asText(args[0]);
    context.budget.spendUnits(text.length);
    return madeText(change(text), context);
  };
}

function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(unit: number): boolean {
  return LATIN_SPACE.has(unit) || (unit > 0xff && SPACE_AFTER_LATIN.test(String.fromCharCode(unit)));
}

function test(check: (text: string, part: string) => boolean): CelFunction {
  return known((args, { budget }) => {
    const text = asText(args[0]);
    const part = asText(args[1]);
    budget.spendUnits(text.length + part.length);
    return check(text, part);
  });
}

export const STRING_FUNCTIONS: FunctionTable = new Map([
  ['.startsWith', test((text, part) => text.startsWith(part))],
  ['.endsWith', test((text, part) => text.endsWith(part))],
  ['.contains', test((text, part) => text.includes(part))],
  ['.charAt', declared(['string.charAt(int): string'], charAt)],
  ['.indexOf', declared(['list.indexOf(dyn): int'], (args, context) => position(args, context, false))],
  ['.lastIndexOf', declared(['list.lastIndexOf(dyn): int'], (args, context) => position(args, context, true))],
  ['.substring', known(substring)],
  [
    '.replace',
    declared(['string.replace(string, string): string', 'string.replace(string, string, int): string'], replace),
  ],
  ['.split', known(split)],
  ['.join', known(join)],
  ['.lowerAscii', known(onText((text) => text.replace(UPPER, (run) => run.toLowerCase())))],
  ['.upperAscii', known(onText((text) => text.replace(LOWER, (run) => run.toUpperCase())))],
  ['.trim', known(onText(trimmed))],
  ['strings.quote', declared(['StringsNamespace.quote(string): string'], onText(quoteText))],
  ['.format', declared(['string.format(list): string'], formatText)],
]);
