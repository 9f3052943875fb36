import { Buffer } from 'node:buffer';
import { formatTimestamp } from '../../workers/policy/cel/functions/time.ts';
import {
  CelDuration,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
  entriesOf,
  isList,
  isMap,
  itemsOf,
  typeNameOf,
} from '../../workers/policy/cel/value.ts';
import { formatFloat } from '../../workers/template/float.ts';
import { formatDuration } from '../../workers/template/funcs/sprig/duration.ts';

/** A value as the recording program writes it (test/vectors/cel/main.go). */
export function encodeCel(value: CelValue): unknown {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value === null) return { null: true };
  if (typeof value === 'bigint') return { int: String(value) };
  if (typeof value === 'number') return { double: formatFloat(value, 'g', -1) };
  if (value instanceof CelUint) return { uint: String(value.value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (value instanceof CelDuration) return { duration: formatDuration(value.nanos) };
  if (value instanceof CelTimestamp) return { timestamp: formatTimestamp(value) };
  if (value instanceof CelType) return { typeName: value.name };
  if (value instanceof CelOptional)
    return value.value === undefined ? { none: true } : { some: encodeCel(value.value) };
  if (isList(value)) return itemsOf(value).map(encodeCel);
  if (!isMap(value)) return { opaque: typeNameOf(value) };
  const entries = Array.from(entriesOf(value), ([key, item]) => [encodeCel(key), encodeCel(item)]);
  const text = (entry: unknown) => JSON.stringify(entry);
  return { map: entries.sort((a, b) => (text(a) < text(b) ? -1 : 1)) };
}
