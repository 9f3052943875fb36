/**
 * What sprig makes of any value where it needs text.
 */
import { fromBytes } from '../../gostring.ts';
import { formatValue } from '../../printf.ts';
import { elementsOf } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { GoNumber, GoRef } from '../../value.ts';

/** sprig's strval: text as it is, bytes as text, anything else as `%v` prints it. */
export function stringValue(value: GoValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof GoRef && value.type.kind === 'slice' && value.type.name === undefined) {
    if (value.type.elem.kind === 'uint8' && value.type.elem.name === undefined) return bytesToText(value);
  }
  return formatValue(value);
}

function bytesToText(value: GoRef): string {
  const bytes = (elementsOf(value) ?? []).map((byte) => (byte instanceof GoNumber ? Number(byte.value) : 0));
  return fromBytes(Uint8Array.from(bytes));
}

/** sprig's strslice: a list's elements as text without nils, a single value as a list of one, nil as none. */
export function stringsOf(value: GoValue): readonly string[] {
  const items = elementsOf(value);
  if (items === null) return value === null ? [] : [stringValue(value)];
  const out: string[] = [];
  for (const item of items) {
    if (typeof item === 'string') out.push(item);
    else if (item !== null && item !== undefined) out.push(stringValue(item));
  }
  return out;
}
