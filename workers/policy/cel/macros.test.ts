/** What CEL's macros refuse and where, how they nest, and that they end. What they give is recorded in test/vectors/cel. */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { Budget } from './budget.ts';
import { compileExpression } from './compile.ts';
import { createEnvironment, withVariables } from './environment.ts';
import { CelError } from './error.ts';
import { ExpressionError } from './expression-error.ts';
import type { CelValue } from './value.ts';

const environment = createEnvironment();

function evaluate(text: string, object: CelValue = null): CelValue {
  return compileExpression(text, environment).evaluate({ root: () => object }, new Budget());
}

/** The message and the place of what is wrong with an expression when it is loaded. */
function refused(text: string): readonly [string, number] {
  try {
    compileExpression(text, environment);
  } catch (error) {
    if (error instanceof ExpressionError) return [error.message, error.offset];
    throw error;
  }
  throw new assert.AssertionError({ message: `${text} is not refused` });
}

describe('macros', () => {
  it('say what they do not take, and where', () => {
    assert.deepEqual(refused('[1].all(i, i, true)'), ['duplicate variable name: i', 11]);
    assert.deepEqual(refused('[1].all(1, v, true)'), ['argument must be a simple name', 8]);
    assert.deepEqual(refused('[1].exists(i, v, v)'), ["expected type 'bool' but found 'int'", 17]);
    assert.deepEqual(refused('[1].transformMapEntry(i, v, v)'), [
      'the last argument of transformMapEntry must be a map, and is a int',
      28,
    ]);
    assert.deepEqual(refused('optional.of(1).optFlatMap(x, x)'), [
      'optFlatMap must make an optional, and makes a int',
      29,
    ]);
    assert.deepEqual(refused('[[1]].sortBy(x, x)'), ['values of type list<int> have no order', 16]);
  });

  it('that the apiserver does not have either are unknown', () => {
    for (const text of [
      'cel.bind(x, 1, x)',
      'math.greatest(1, 2)',
      'base64.encode(b"a")',
      '[1].existsOne(x, true)',
      'sets',
    ]) {
      assert.throws(() => compileExpression(text, environment), ExpressionError, text);
    }
  });

  it('nest, with variables of their own that hide those outside', () => {
    assert.equal(evaluate('[1].all(x, x == 1 && [2].exists(x, x == 2) && x == 1)'), true);
    assert.equal(evaluate('[7].all(i, v, [8].all(v, i, i == 8 && v == 0) && i == 0 && v == 7)'), true);
    assert.equal(evaluate('optional.of(1).optMap(x, [5].exists(i, v, i + v + x == 6)).value()'), true);
    assert.equal(evaluate('[[2, 1]].all(i, l, l.sortBy(x, x + i) == [1, 2] && l == [2, 1])'), true);
  });

  it('give types that the checker goes on with', () => {
    assert.equal(compileExpression('[1].transformList(i, v, string(v))', environment).type, 'list<string>');
    assert.equal(compileExpression('{"a": 1}.transformMap(k, v, v > 0)', environment).type, 'map<string, bool>');
    assert.equal(compileExpression('optional.of(1).optMap(x, "a").orValue("b")', environment).type, 'string');
    assert.match(refused('["a"].sortBy(x, x)[0] == 1')[0], /no such overload|string/);
    const typed = withVariables(environment, new Map([['names', 'list<string>']]));
    assert.throws(() => compileExpression('variables.names.exists(i, v, v == 1)', typed), ExpressionError);
  });

  it('read elements of lists whose types are not known', () => {
    const object = { list: [{ name: 'b' }, { name: 'a' }] };
    assert.equal(evaluate('object.list.first().value().name', object), 'b');
    assert.equal(evaluate('object.list.sortBy(x, x.name)[0].name', object), 'a');
    assert.equal(evaluate('object.list.reverse()[0].name', object), 'a');
    assert.equal(evaluate('has(object.list[1].name) && !has(object.list[1].image)', object), true);
  });
});

describe('time zones', () => {
  it('are bounded by steps, however many are named', () => {
    const object = Array.from({ length: 1000 }, (_, index) => `America/${index % 2 === 0 ? 'New_York' : `X${index}`}`);
    const text = 'object.exists(a, object.exists(z, timestamp("2024-01-01T00:00:00Z").getHours(z) > 99))';
    const start = performance.now();
    assert.throws(
      () => evaluate(text, object),
      (error) => error instanceof CelError && error.code === 'CEL_LIMIT',
    );
    assert.ok(performance.now() - start < 5_000);
  });
});
