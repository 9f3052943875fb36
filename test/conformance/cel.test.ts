/** CEL as the apiserver evaluates it: recorded expressions (test/vectors/cel). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { Budget } from '../../workers/policy/cel/budget.ts';
import { type Activation, compileExpression } from '../../workers/policy/cel/compile.ts';
import { createEnvironment } from '../../workers/policy/cel/environment.ts';
import { CelError } from '../../workers/policy/cel/error.ts';
import { ExpressionError } from '../../workers/policy/cel/parse.ts';
import type { CelValue } from '../../workers/policy/cel/value.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { encodeCel } from './cel-encode.ts';

interface Vector {
  readonly expression?: string;
  readonly value?: unknown;
  readonly error?: string;
  readonly compileError?: string;
}

const FOLDER = new URL('../vectors/cel/', import.meta.url);
const vectors = readFileSync(new URL('vectors.ndjson', FOLDER), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)
  .filter(({ expression }) => expression !== undefined);
const data = JSON.parse(readFileSync(new URL('data.json', FOLDER), 'utf8')) as {
  object: JsonObject;
  request: JsonObject;
  namespace: JsonObject;
};

const roots = new Map<string, CelValue>([
  ['object', data.object],
  ['oldObject', null],
  ['request', data.request],
  ['namespaceObject', data.namespace],
]);
const activation: Activation = { root: (name) => roots.get(name) };
const environment = createEnvironment();

/** Folding of constants, and types within lists, at which the apiserver looks when it compiles and we do not: the error comes with the evaluation. */
const FOLDED =
  /'sum' applied to 'list\(string\)|^program instantiation failed|error during formatting|index \d+ out of range|formatting clause/;

/** What the apiserver does not compile and we do: lists of anything everywhere, a condition in a condition, `sign` (a slip of upstream's). */
const LENIENT = new Set([
  '[1, "a"]',
  '[dyn(1), "a"]',
  '{1: "x", "b": 2}',
  '[[1], [2, [3]]].flatten()',
  'true ? false ? 1 : 2 : 3',
  'quantity("-5").sign()',
  '[1, 2].transformMapEntry(i, v, {v: i, string(v): "s"})',
]);
/** What the parser does not read: it is refused when the policy is loaded, never taken for something else. */
const UNREAD = new Set(['.5', '[1, ?optional.of(2), ?optional.none()]', '{?"a": optional.none(), "b": 1}']);

for (const { expression = '', value, error, compileError } of vectors) {
  it(expression, () => {
    const evaluate = () => compileExpression(expression, environment).evaluate(activation, new Budget());
    if (UNREAD.has(expression)) {
      assert.throws(evaluate, ExpressionError);
    } else if (LENIENT.has(expression)) {
      assert.ok(compileError);
      evaluate();
    } else if (compileError !== undefined) {
      assert.throws(evaluate, FOLDED.test(compileError) ? CelError : ExpressionError);
    } else if (error !== undefined) {
      assert.throws(evaluate, CelError);
    } else {
      assert.deepEqual(encodeCel(evaluate()), value);
    }
  });
}
