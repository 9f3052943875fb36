import { JsonWriter } from './json-text.ts';
import type { Operation } from './operation.ts';

/** The patch as JSON text, the same as JSON.stringify(patch); fast where its values are shared (json-text.ts). */
export function encodePatch(patch: readonly Operation[]): string {
  const writer = new JsonWriter();
  let separator = '[';
  for (const operation of patch) {
    writer.raw(`${separator}{"op":"${operation.op}",`);
    separator = ',';
    if ('from' in operation) {
      writer.raw('"from":');
      writer.string(operation.from);
      writer.raw(',');
    }
    writer.raw('"path":');
    writer.string(operation.path);
    if ('value' in operation) {
      writer.raw(',"value":');
      writer.value(operation.value);
    }
    writer.raw('}');
  }
  writer.raw(separator === '[' ? '[]' : ']');
  return writer.toString();
}
