import { JsonWriter, quoteJson } from './json-text.ts';
import type { Operation } from './operation.ts';

/** The patch as JSON text, the same as JSON.stringify(patch); fast where its values are shared (json-text.ts). */
export function encodePatch(patch: readonly Operation[]): string {
  const writer = new JsonWriter();
  let separator = '[';
  let last = '';
  let quoted = '""';
  for (const operation of patch) {
    writer.raw(`${separator}{"op":"${operation.op}",`);
    separator = ',';
    if ('from' in operation) {
      writer.raw('"from":');
      writer.string(operation.from);
      writer.raw(',');
    }
    writer.raw('"path":');
    // Operations in one place follow each other.
    if (operation.path !== last) {
      last = operation.path;
      quoted = quoteJson(last);
    }
    writer.raw(quoted);
    if ('value' in operation) {
      writer.raw(',"value":');
      writer.value(operation.value);
    }
    writer.raw('}');
  }
  writer.raw(separator === '[' ? '[]' : ']');
  return writer.toString();
}
