/** Numbers of the values as Linkerd's templates write them into text. */
import { formatValue } from '../../template/printf.ts';

/** Numbers pass through float64 on their way there: from here on Go writes them with an exponent (`1e+06`). */
const EXPONENT_FROM = 1_000_000;

export function numberText(value: bigint | number): string {
  const number = Number(value);
  return Math.abs(number) < EXPONENT_FROM ? String(number) : formatValue(number);
}
