import { shareText } from '../template/narrow.ts';
import type { JsonValue } from '../template/value.ts';
import { isShared, jsonText, quoteJson } from './json-text.ts';
import type { Operation } from './operation.ts';

/** Beginnings of operations that are remembered; with more it begins anew. Longer ones, and those of places with long names, are not. */
const MAX_BEGINNINGS = 4_096;
const MAX_PATH = 512;

/** `{"op":"add","path":"/spec/volumes/0","value":` and so on, by operation and place: both are the same again and again. */
class Beginnings {
  readonly #op: Operation['op'];
  readonly #texts = new Map<string, string>();

  constructor(op: Operation['op']) {
    this.#op = op;
  }

  of(path: string): string {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    // In one piece: V8 keeps what was joined as its pieces, and would go through them each time it is written.
    const text = shareText(`{"op":"${this.#op}","path":${quoteJson(path)},"value":`);
    if (path.length > MAX_PATH) return text;
    if (this.#texts.size >= MAX_BEGINNINGS) this.#texts.clear();
    this.#texts.set(path, text);
    return text;
  }
}

const BEGINNINGS = { add: new Beginnings('add'), replace: new Beginnings('replace'), test: new Beginnings('test') };

/** Shared values that are added in one place one after another, such as a template's volumes. */
interface AddedRun {
  readonly path: string;
  readonly values: readonly JsonValue[];
  readonly text: string;
}

/** By the first value. */
const runs = new WeakMap<object, AddedRun>();

/** The additions that stand at `index` and have stood together before; null for others. */
function runAt(patch: readonly Operation[], index: number): AddedRun | null {
  const first = patch[index] as Operation;
  const next = patch[index + 1];
  if (first.op !== 'add' || next === undefined || next.op !== 'add' || next.path !== first.path) return null;
  if (!isShared(first.value)) return null;
  const known = runs.get(first.value);
  if (known !== undefined && goesOn(patch, index, known)) return known;
  const values: JsonValue[] = [];
  let text = '';
  for (let at = index; at < patch.length; at++) {
    const operation = patch[at] as Operation;
    if (operation.op !== 'add' || operation.path !== first.path || !isShared(operation.value)) break;
    values.push(operation.value);
    text += (at > index ? ',' : '') + textOf(operation);
  }
  const run = { path: first.path, values, text: shareText(text) };
  runs.set(first.value, run);
  return run;
}

function goesOn(patch: readonly Operation[], index: number, { path, values }: AddedRun): boolean {
  for (let i = 0; i < values.length; i++) {
    const operation = patch[index + i];
    if (operation === undefined || operation.op !== 'add' || operation.path !== path) return false;
    if (operation.value !== values[i]) return false;
  }
  return true;
}

function textOf(operation: Operation): string {
  switch (operation.op) {
    case 'add':
    case 'replace':
    case 'test':
      return `${BEGINNINGS[operation.op].of(operation.path)}${jsonText(operation.value)}}`;
    case 'remove':
      return `{"op":"remove","path":${quoteJson(operation.path)}}`;
    default: {
      const { op, from, path } = operation;
      return `{"op":"${op}","from":${quoteJson(from)},"path":${quoteJson(path)}}`;
    }
  }
}

/** The patch as JSON text, the same as JSON.stringify(patch); fast where its values are shared (json-text.ts). */
export function encodePatch(patch: readonly Operation[]): string {
  let text = '[';
  for (let index = 0; index < patch.length; index++) {
    if (index > 0) text += ',';
    const run = runAt(patch, index);
    if (run === null) text += textOf(patch[index] as Operation);
    else {
      text += run.text;
      index += run.values.length - 1;
    }
  }
  return `${text}]`;
}
