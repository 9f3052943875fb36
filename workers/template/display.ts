/**
 * How an action shows a value: fmt's default format of what pointers lead to.
 */
import { formatValue } from './printf.ts';
import { concrete, isNil, pointee } from './reflect.ts';
import type { Slot } from './run.ts';
import { GoRef } from './value.ts';

/** The text that an action writes for a value. */
export function displayText(value: Slot): string {
  return value === undefined ? '<no value>' : formatValue(displayed(value));
}

/** The value that stands for another one in print: pointers are followed, unless only the pointer knows how to print itself. */
export function displayed(value: Slot): Slot {
  let target = concrete(value);
  while (target instanceof GoRef && target.type.kind === 'pointer' && !isNil(target)) {
    const next = concrete(pointee(target));
    if (isStringer(target) && !isStringer(next)) return target;
    target = next;
  }
  return target;
}

function isStringer(value: Slot): boolean {
  if (!(value instanceof GoRef)) return false;
  const { methods } = value.type;
  return methods !== undefined && (methods.has('String') || methods.has('Error'));
}
