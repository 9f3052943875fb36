/**
 * Methods of the types within a pod whose JSON is not their fields': resource.Quantity, intstr.IntOrString, v1.Time, v1.FieldsV1.
 * Templates call them; the fields of an IntOrString are here too, because a template reads a field and a method alike.
 */
import { FuncError } from '../template/func.ts';
import { type GoMethod, GoNumber, GoRef, type GoScalarType, int64, type JsonValue } from '../template/value.ts';
import { formatQuantity, milliValue, type Quantity, QuantityError, quantityFromJson, wholeValue } from './quantity.ts';
import { canonicalTime } from './time.ts';

const INTSTR_TYPE: GoScalarType = { kind: 'int64', name: 'intstr.Type' };
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const DECIMAL = /^[+-]?\d+$/;

/** strconv.Atoi with its error dropped: 0 for what is no number, the nearest int64 for what does not fit. */
function atoi(text: string): bigint {
  if (!DECIMAL.test(text)) return 0n;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (value > MAX_INT64) return MAX_INT64;
  return value < MIN_INT64 ? MIN_INT64 : value;
}

function numberOf(receiver: GoRef): bigint {
  return typeof receiver.data === 'number' ? BigInt(Math.trunc(receiver.data)) : 0n;
}

const INT_OR_STRING: readonly (readonly [string, GoMethod])[] = [
  ['Type', (receiver) => new GoRef(INTSTR_TYPE, typeof receiver.data === 'string' ? 1 : 0)],
  ['IntVal', (receiver) => new GoNumber('int32', numberOf(receiver))],
  ['StrVal', (receiver) => (typeof receiver.data === 'string' ? receiver.data : '')],
  ['IntValue', (receiver) => (typeof receiver.data === 'string' ? atoi(receiver.data) : numberOf(receiver))],
  ['String', (receiver) => (typeof receiver.data === 'string' ? receiver.data : String(numberOf(receiver)))],
  [
    'MarshalJSON',
    (receiver) => JSON.stringify(typeof receiver.data === 'string' ? receiver.data : Number(numberOf(receiver))),
  ],
];

function quantityOf({ data }: GoRef): Quantity {
  try {
    return quantityFromJson(typeof data === 'string' || typeof data === 'number' ? data : null);
  } catch (error) {
    if (error instanceof QuantityError) throw new FuncError(error.message);
    throw error;
  }
}

const QUANTITY: readonly (readonly [string, GoMethod])[] = [
  ['String', (receiver) => formatQuantity(quantityOf(receiver))],
  ['Value', (receiver) => int64(wholeValue(quantityOf(receiver)))],
  ['MilliValue', (receiver) => int64(milliValue(quantityOf(receiver)))],
  ['IsZero', (receiver) => quantityOf(receiver).unscaled === 0n],
  ['Sign', (receiver) => sign(quantityOf(receiver).unscaled)],
  ['MarshalJSON', (receiver) => JSON.stringify(formatQuantity(quantityOf(receiver)))],
];

function sign(value: bigint): bigint {
  if (value === 0n) return 0n;
  return value > 0n ? 1n : -1n;
}

function timeText(receiver: GoRef): string | null {
  const { data } = receiver;
  if (typeof data !== 'string') return null;
  const text = canonicalTime(data);
  if (text === undefined) throw new FuncError(`${JSON.stringify(data)} is not a time`);
  return text;
}

const TIME: readonly (readonly [string, GoMethod])[] = [
  ['IsZero', (receiver) => timeText(receiver) === null],
  ['Unix', (receiver) => int64(BigInt(Math.floor(Date.parse(timeText(receiver) ?? '0001-01-01T00:00:00Z') / 1000)))],
  ['MarshalJSON', (receiver) => JSON.stringify(timeText(receiver))],
];

const FIELDS_V1: readonly (readonly [string, GoMethod])[] = [
  ['MarshalJSON', (receiver) => JSON.stringify((receiver.data ?? null) as JsonValue)],
];

/** By the type's qualified name. Methods of a type serve pointers to it too. */
export const CUSTOM_METHODS: ReadonlyMap<string, readonly (readonly [string, GoMethod])[]> = new Map([
  ['intstr.IntOrString', INT_OR_STRING],
  ['resource.Quantity', QUANTITY],
  ['v1.Time', TIME],
  ['v1.FieldsV1', FIELDS_V1],
]);
