/** Where faults of an expression are told that is changed before it is parsed. What expressions give is recorded in test/vectors/cel. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileExpression } from './compile.ts';
import { createEnvironment } from './environment.ts';
import { ExpressionError } from './expression-error.ts';
import { prepareExpression } from './prepare.ts';

const environment = createEnvironment();

/** The message, and the text from the place of what is wrong. */
function refused(text: string): readonly [string, string] {
  try {
    compileExpression(text, environment);
  } catch (error) {
    if (error instanceof ExpressionError) return [error.message, text.slice(error.offset)];
    throw error;
  }
  throw new assert.AssertionError({ message: `${text} is not refused` });
}

describe('faults are told where the author wrote them', () => {
  it('of entries that are marked as optional', () => {
    assert.deepEqual(refused('[.5, ?.5]'), ['an optional entry must be an optional, and is a double', '.5]']);
    assert.deepEqual(refused('{?"a": 1}'), ['an optional entry must be an optional, and is a int', '1}']);
    assert.deepEqual(refused('[1, ?  ]'), ["an expression has to follow '?'", ']']);
    assert.match(refused('size(?object)')[1], /^\?object/);
    assert.match(refused('{"a": ?object.?a}')[1], /^\?object/);
  });

  it('behind literals that have another length as they are parsed', () => {
    assert.deepEqual(refused('.5 < .25 && x')[1], 'x');
    assert.deepEqual(refused(String.raw`r"a\d" == "a" && x`)[1], 'x');
    assert.deepEqual(refused('b"é" == bytes("é") && x')[1], 'x');
    assert.deepEqual(refused('"""a\r\nb""" == "a" && x')[1], 'x');
    assert.deepEqual(refused(String.raw`"a".matches(r"\d(")`)[1], String.raw`r"\d(")`);
  });

  it('of conditions within conditions, and of integers', () => {
    assert.match(refused('true ? false ? 1 : 2 : 3')[0], /needs parentheses/);
    assert.equal(refused('true ? false ? 1 : 2 : 3')[1], '? 1 : 2 : 3');
    assert.deepEqual(refused('1 - 9223372036854775808'), ['invalid int literal', '9223372036854775808']);
  });

  it('of entries of different types', () => {
    assert.deepEqual(refused('"a" in [object.b, 1, "a"]'), ["expected type 'int' but found 'string'", '"a"]']);
    assert.deepEqual(refused('{"a": [1], "b": [.5]}')[1], '[.5]}');
  });
});

it('nothing in texts and comments is changed', () => {
  for (const text of [
    '"[?x] .5" + \'{?k: .5}\'',
    'true // [?x] .5\n && false',
    '"""a"b[?""" == "\\"[?.5"',
    'object.?a[?0].?b.orValue(object[?"c"].orValue("d"))',
    'true ? [1][0] : {"a": 2}.a',
  ]) {
    const { text: made, optionals } = prepareExpression(text);
    assert.equal(made, text);
    assert.equal(optionals.size, 0);
  }
});
