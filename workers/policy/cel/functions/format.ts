/** `"%s has %d".format([…])`, and the text that any value has there. */
import { formatFloat } from '../../../template/float.ts';
import { compareText } from '../compare.ts';
import { limitError, noSuchOverload, runtimeError } from '../error.ts';
import { asText, type CallContext } from '../function.ts';
import { MAX_VALUE_DEPTH } from '../limits.ts';
import {
  CelDuration,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
  entriesOf,
  isList,
  isMap,
  itemsOf,
  typeNameOf,
} from '../value.ts';
import { secondsText } from './convert.ts';
import { formatTimestamp } from './time.ts';

const CLAUSE = /%(?:%|(?:\.(\d{1,4}))?([sdfexXob]))/y;
const DEFAULT_PRECISION = 6;
const MAX_PRECISION = 1_000;

/** `.format(list)`: the receiver's clauses filled with the list's elements. */
export function formatText(args: readonly CelValue[], context: CallContext): CelValue {
  const format = asText(args[0]);
  const list = args[1];
  if (list === undefined || !isList(list)) throw noSuchOverload();
  const values = itemsOf(list);
  let out = '';
  let used = 0;
  for (let at = 0; at < format.length; ) {
    const next = format.indexOf('%', at);
    if (next < 0) {
      out += format.slice(at);
      break;
    }
    out += format.slice(at, next);
    CLAUSE.lastIndex = next;
    const match = CLAUSE.exec(format);
    if (match === null) throw runtimeError(`could not parse formatting clause: unrecognized formatting clause`);
    at = CLAUSE.lastIndex;
    const [, precision, verb] = match;
    if (verb === undefined) {
      out += '%';
      continue;
    }
    const value = values[used];
    if (value === undefined) throw runtimeError(`index ${used} out of range`);
    used += 1;
    out += clause(verb, value, precision === undefined ? DEFAULT_PRECISION : Number(precision), context);
    context.budget.admitText(out.length);
  }
  return out;
}

function clause(verb: string, value: CelValue, precision: number, context: CallContext): string {
  if (precision > MAX_PRECISION) throw limitError(`a precision is greater than ${MAX_PRECISION}`);
  switch (verb) {
    case 's':
      return valueText(value, context, 0);
    case 'd':
      return decimal(value);
    case 'f':
      return real(value, 'f', precision);
    case 'e':
      return real(value, 'e', precision);
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : integer(value).toString(2);
    case 'o':
      return integer(value).toString(8);
    default: {
      const digits = hexadecimal(value);
      return verb === 'X' ? digits.toUpperCase() : digits;
    }
  }
}

function wrongType(value: CelValue): Error {
  return runtimeError(`error during formatting: a value of type ${typeNameOf(value)} can not be written so`);
}

function integer(value: CelValue): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof CelUint) return value.value;
  throw wrongType(value);
}

function decimal(value: CelValue): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return numberText(value, false);
  return String(integer(value));
}

function real(value: CelValue, format: 'f' | 'e', precision: number): string {
  if (typeof value !== 'number') throw wrongType(value);
  if (!Number.isFinite(value)) return numberText(value, false);
  // The apiserver writes exponents with six digits whatever is asked.
  if (format === 'e') return formatFloat(value, 'e', DEFAULT_PRECISION).replace(/e([+-])(\d+)$/, exponentText);
  return formatFloat(value, 'f', precision);
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** As the apiserver writes it for English readers: `1.5×10⁰³`. */
function exponentText(_: string, sign: string, digits: string): string {
  return `×10${sign === '-' ? '⁻' : ''}${Array.from(digits, (digit) => SUPERSCRIPTS[Number(digit)]).join('')}`;
}

function hexadecimal(value: CelValue): string {
  if (typeof value === 'string') return hexBytes(new TextEncoder().encode(value));
  if (value instanceof Uint8Array) return hexBytes(value);
  return integer(value).toString(16);
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The text of a value under `%s`: inside lists and maps, texts and bytes are written as CEL writes them. */
function valueText(value: CelValue, context: CallContext, depth: number): string {
  if (depth > MAX_VALUE_DEPTH) throw limitError(`a value nested deeper than ${MAX_VALUE_DEPTH} levels is written`);
  context.budget.spend(1);
  const inner = depth > 0;
  if (typeof value === 'string') return inner ? quoteText(value) : value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return numberText(value, inner);
  if (value === null) return 'null';
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelType) return value.name;
  if (value instanceof CelTimestamp) return wrapped('timestamp', formatTimestamp(value), inner);
  if (value instanceof CelDuration) return wrapped('duration', secondsText(value.nanos), inner);
  if (value instanceof Uint8Array) {
    const text = new TextDecoder().decode(value);
    return inner ? `b${quoteText(text)}` : text;
  }
  if (isList(value)) {
    const items = itemsOf(value).map((item) => valueText(item, context, depth + 1));
    return bounded(`[${items.join(', ')}]`, context);
  }
  if (!isMap(value)) throw wrongType(value);
  const entries = Array.from(entriesOf(value), ([key, item]) => [
    valueText(key, context, depth + 1),
    valueText(item, context, depth + 1),
  ]);
  entries.sort(([a = ''], [b = '']) => compareText(a, b));
  return bounded(`{${entries.map((entry) => entry.join(':')).join(', ')}}`, context);
}

function wrapped(type: string, text: string, inner: boolean): string {
  return inner ? `${type}(${quoteText(text)})` : text;
}

function bounded(text: string, { budget }: CallContext): string {
  budget.admitText(text.length);
  return text;
}

function numberText(value: number, inner: boolean): string {
  if (Number.isNaN(value)) return inner ? 'double("NaN")' : 'NaN';
  if (!Number.isFinite(value)) {
    const text = value > 0 ? 'Infinity' : '-Infinity';
    return inner ? `double("${text}")` : text;
  }
  return inner ? formatFloat(value, 'f', DEFAULT_PRECISION) : formatFloat(value, 'g', -1);
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

/** `strings.quote`: a text in quotes that a person or a log can take apart. */
export function quoteText(text: string): string {
  return `"${Array.from(text, (rune) => ESCAPES.get(rune) ?? rune).join('')}"`;
}
