/** Kubernetes' quantities in CEL: `quantity("1.5Gi")` and what it can be asked. */
import { compareQuantity, parseQuantity, type Quantity, QuantityError, wholeValue } from '../../../kube/quantity.ts';
import { noSuchOverload, runtimeError } from '../error.ts';
import { asText, declared, type FunctionTable } from '../function.ts';
import { CelOpaque, type CelValue } from '../value.ts';

export class CelQuantity extends CelOpaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  override equals(other: CelOpaque): boolean {
    return other instanceof CelQuantity && compareQuantity(this.quantity, other.quantity) === 0;
  }
}

const MAX_INT = 2n ** 63n - 1n;

function read(value: CelValue | undefined): CelQuantity {
  try {
    return new CelQuantity(parseQuantity(asText(value)));
  } catch (error) {
    if (error instanceof QuantityError) throw runtimeError(error.message);
    throw error;
  }
}

function isQuantity(value: CelValue | undefined): boolean {
  const text = asText(value);
  try {
    parseQuantity(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

function quantityOf(value: CelValue | undefined): Quantity {
  if (!(value instanceof CelQuantity)) throw noSuchOverload();
  return value.quantity;
}

/** A quantity, or a whole number as one. */
function operand(value: CelValue | undefined): Quantity {
  if (typeof value === 'bigint') return { unscaled: value, scale: 0, format: 'DecimalSI', small: true, text: null };
  return quantityOf(value);
}

function combine(a: Quantity, b: Quantity, sign: bigint): CelQuantity {
  const scale = Math.min(a.scale, b.scale);
  const unscaled = atScale(a, scale) + sign * atScale(b, scale);
  return new CelQuantity({ unscaled, scale, format: a.format, small: a.small && b.small, text: null });
}

function atScale({ unscaled, scale }: Quantity, wanted: number): bigint {
  return unscaled * 10n ** BigInt(scale - wanted);
}

/** Whether a quantity is a whole number that an int holds. */
function isInteger(quantity: Quantity): boolean {
  const { unscaled, scale } = quantity;
  if (scale < 0 && unscaled % 10n ** BigInt(-scale) !== 0n) return false;
  const whole = scale < 0 ? unscaled / 10n ** BigInt(-scale) : unscaled * 10n ** BigInt(scale);
  return whole <= MAX_INT && whole >= -MAX_INT - 1n;
}

function asInteger(quantity: Quantity): bigint {
  if (!isInteger(quantity)) throw runtimeError('cannot convert value to integer');
  return wholeValue(quantity);
}

const TYPE = 'kubernetes.Quantity';

export const QUANTITY_FUNCTIONS: FunctionTable = new Map([
  ['quantity', declared([`quantity(string): ${TYPE}`], ([text]) => read(text))],
  ['isQuantity', declared(['isQuantity(string): bool'], ([text]) => isQuantity(text))],
  ['.sign', declared([`${TYPE}.sign(): int`], ([value]) => signOf(quantityOf(value).unscaled))],
  ['.isInteger', declared([`${TYPE}.isInteger(): bool`], ([value]) => isInteger(quantityOf(value)))],
  ['.asInteger', declared([`${TYPE}.asInteger(): int`], ([value]) => asInteger(quantityOf(value)))],
  [
    '.asApproximateFloat',
    declared([`${TYPE}.asApproximateFloat(): double`], ([value]) => {
      const { unscaled, scale } = quantityOf(value);
      return Number(`${unscaled}e${scale}`);
    }),
  ],
  [
    '.add',
    declared([`${TYPE}.add(${TYPE}): ${TYPE}`, `${TYPE}.add(int): ${TYPE}`], ([value, other]) =>
      combine(quantityOf(value), operand(other), 1n),
    ),
  ],
  [
    '.sub',
    declared([`${TYPE}.sub(${TYPE}): ${TYPE}`, `${TYPE}.sub(int): ${TYPE}`], ([value, other]) =>
      combine(quantityOf(value), operand(other), -1n),
    ),
  ],
]);

function signOf(value: bigint): bigint {
  return value > 0n ? 1n : value < 0n ? -1n : 0n;
}

/** Order of two quantities, for `isLessThan` and its like. */
export function orderQuantities(a: CelQuantity, b: CelValue | undefined): number {
  return compareQuantity(a.quantity, quantityOf(b));
}
