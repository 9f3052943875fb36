import { JsonWriter, quoteJson } from './json-text.ts';
import type { Operation } from './operation.ts';

/** Beginnings of operations that are remembered; with more it begins anew. Longer ones, and those of places with long names, are not. */
const MAX_BEGINNINGS = 4_096;
const MAX_PATH = 512;

/** `{"op":"add","path":"/spec/volumes/0"` and so on, by operation and place: both are the same again and again. */
class Beginnings {
  readonly #op: Operation['op'];
  readonly #texts = new Map<string, string>();

  constructor(op: Operation['op']) {
    this.#op = op;
  }

  of(path: string): string {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const text = `{"op":"${this.#op}","path":${quoteJson(path)}`;
    if (path.length > MAX_PATH) return text;
    if (this.#texts.size >= MAX_BEGINNINGS) this.#texts.clear();
    this.#texts.set(path, text);
    return text;
  }
}

const BEGINNINGS = {
  add: new Beginnings('add'),
  remove: new Beginnings('remove'),
  replace: new Beginnings('replace'),
  test: new Beginnings('test'),
};

/** The patch as JSON text, the same as JSON.stringify(patch); fast where its values are shared (json-text.ts). */
export function encodePatch(patch: readonly Operation[]): string {
  const writer = new JsonWriter();
  let separator = '[';
  for (const operation of patch) {
    writer.raw(separator);
    separator = ',';
    if ('from' in operation) {
      writer.raw(`{"op":"${operation.op}","from":${quoteJson(operation.from)},"path":${quoteJson(operation.path)}`);
    } else writer.raw(BEGINNINGS[operation.op].of(operation.path));
    if ('value' in operation) {
      writer.raw(',"value":');
      writer.value(operation.value);
    }
    writer.raw('}');
  }
  writer.raw(separator === '[' ? '[]' : ']');
  return writer.toString();
}
