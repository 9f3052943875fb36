import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { YamlError } from './error.ts';
import { MAX_YAML_DEPTH } from './limits.ts';
import { marshalYaml } from './marshal.ts';
import { parseYaml, parseYamlExact } from './parse.ts';
import type { YamlValue } from './value.ts';

function writes(cases: readonly (readonly [YamlValue, string])[]): void {
  for (const [value, text] of cases) assert.equal(marshalYaml(value), text);
}

describe('strings', () => {
  test('are quoted where they would be something else', () => {
    writes([
      ['abc', 'abc\n'],
      ['', '""\n'],
      ['yes', '"yes"\n'],
      ['yEs', 'yEs\n'],
      ['0x1', '"0x1"\n'],
      ['1e3', '"1e3"\n'],
      ['1:30', '"1:30"\n'],
      ['2001-01-01', '"2001-01-01"\n'],
      ['2001-02-30', '2001-02-30\n'],
      ['~', '"~"\n'],
      ['.inf', '".inf"\n'],
      ['<<', '<<\n'],
      ['=', '=\n'],
    ]);
  });

  test('are quoted where indicators are in the way', () => {
    writes([
      ['a: b', "'a: b'\n"],
      ['a:', "'a:'\n"],
      ['a:b', 'a:b\n'],
      ['a #b', "'a #b'\n"],
      ['a#b', 'a#b\n'],
      ['- a', "'- a'\n"],
      ['-a', '-a\n'],
      ["it's", "it's\n"],
      ["'a'", "'''a'''\n"],
      ['[a]', "'[a]'\n"],
      ['---a', "'---a'\n"],
      [' a', "' a'\n"],
      ['a ', "'a '\n"],
    ]);
  });

  test('are escaped where YAML cannot show them', () => {
    writes([
      ['a\tb', '"a\\tb"\n'],
      ['a\r\nb', '"a\\r\\nb"\n'],
      ['😀', '"\\U0001F600"\n'],
      ['é中', 'é中\n'],
      ['\u0000\u001b', '"\\0\\e"\n'],
      ['\ufeffa b', '"\\uFEFF\\x61\\x20\\x62"\n'],
      ['\u2028', "'\u2028'\n"],
      ['a\u2028b', "'a\u2028  b'\n"],
      ['\ud800', '\ufffd\n'],
    ]);
  });

  test('of several lines are literal, with hints for what the lines cannot tell', () => {
    writes([
      ['a\nb\n', '|\n  a\n  b\n'],
      ['a\nb', '|-\n  a\n  b\n'],
      ['a\n\n', '|+\n  a\n\n'],
      ['\n', '|2+\n\n'],
      ['  a\n', '|2\n    a\n'],
      ['a \nb', '"a \\nb"\n'],
      ['a\n b', '|-\n  a\n   b\n'],
      [{ k: { l: 'a\nb\n' } }, 'k:\n  l: |\n    a\n    b\n'],
    ]);
  });

  test('are folded at spaces beyond column 80', () => {
    const words = Array(30).fill('word').join(' ');
    writes([
      [words, `${words.slice(0, 84)}\n  ${words.slice(85)}\n`],
      [{ a: `${words}!` }, `a: ${words.slice(0, 79)}\n  ${words.slice(80)}!\n`],
      [`${'a'.repeat(81)}  b c`, `${'a'.repeat(81)}  b\n  c\n`],
      [`${'é '.repeat(45)}"\t`, `"${'é '.repeat(40).trimEnd()} é\n  ${'é '.repeat(4)}\\"\\t"\n`],
    ]);
  });

  test('come back as their JSON reads as YAML: NEL folds, other control characters are refused', () => {
    writes([
      ['a\x85b', 'a b\n'],
      ['a \x85\x85 b', '|-\n  a\n  b\n'],
    ]);
    for (const value of ['\x7f', '\x80', '\ufffe', { 'a\x85b': 1 }, { ['k'.repeat(1023)]: 1 }]) {
      assert.throws(
        () => marshalYaml(value),
        (error) => error instanceof YamlError && error.code === 'YAML_SYNTAX',
      );
    }
    assert.equal(marshalYaml({ ['k'.repeat(1022)]: 1 }), `? ${'k'.repeat(1022)}\n: 1\n`);
  });
});

test('keys are sorted as people count', () => {
  const keys = ['a10', 'a2', 'b', 'A', 'a', '_', '1', '10', '2', 'a-b', 'é', 'x007', 'x7', 'x08'];
  const object = Object.fromEntries(keys.map((key) => [key, null]));
  const sorted = parseOrder(marshalYaml(object));
  assert.deepEqual(sorted, ['_', '1', '2', '10', 'A', 'a', 'a-b', 'a2', 'a10', 'b', 'x7', 'x007', 'x08', 'é']);
});

function parseOrder(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/: null$/, '').replace(/^"(.*)"$/, '$1'));
}

test('collections: block style, lists at the indentation of their key, empty ones in line', () => {
  writes([
    [
      { a: [1, { b: 2, c: [] }, [3, [4]]], d: {}, e: null },
      'a:\n- 1\n- b: 2\n  c: []\n- - 3\n  - - 4\nd: {}\ne: null\n',
    ],
    [[], '[]\n'],
    [{}, '{}\n'],
    [[{}, []], '- {}\n- []\n'],
    [{ 'a\nb': ['c'] }, '? |-\n  a\n  b\n: - c\n'],
    [{ [`k${'é'.repeat(64)}`]: { a: 1 } }, `? k${'é'.repeat(64)}\n: a: 1\n`],
    [{ yes: true, '': 0 }, '"": 0\n"yes": true\n'],
  ]);
});

test('numbers: integers of 64 bits digit for digit, others as float64', () => {
  writes([
    [123456789012, '123456789012\n'],
    [-5, '-5\n'],
    [-0, '0\n'],
    [1.5, '1.5\n'],
    [1234567.5, '1.2345675e+06\n'],
    [0.00001, '1e-05\n'],
    [1e20, '1e+20\n'],
    [1e21, '1e+21\n'],
    [2 ** 63, '9223372036854776000\n'],
    [9223372036854775807n, '9223372036854775807\n'],
    [18446744073709551615n, '18446744073709551615\n'],
    [18446744073709551616n, '1.8446744073709552e+19\n'],
    [-9223372036854775809n, '-9.223372036854776e+18\n'],
  ]);
  assert.throws(() => marshalYaml(Number.NaN), { code: 'YAML_SYNTAX' });
});

test('large integers survive reading and writing', () => {
  const text = 'a: 9007199254740993\nb: 18446744073709551615\n';
  assert.equal(marshalYaml(parseYamlExact(text)), text);
});

test('members named as those of JavaScript objects are written', () => {
  const value = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}') as YamlValue;
  assert.equal(marshalYaml(value), '__proto__:\n  a: 1\nconstructor: 2\n');
});

test('nesting has a limit', () => {
  const nested = (depth: number): YamlValue => {
    let value: YamlValue = null;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
    return value;
  };
  assert.doesNotThrow(() => marshalYaml(nested(MAX_YAML_DEPTH)));
  assert.throws(() => marshalYaml(nested(MAX_YAML_DEPTH + 1)), { code: 'YAML_LIMIT' });
});

test('what is written reads back as it was', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom('a', ' ', '\n', ':', '#', '-', "'", '"', '\\', '\t', 'é', '1', '\u2028'),
      maxLength: 120,
    }),
    fc.constantFrom('yes', '~', '1e3', '0x1', '.inf', '<<', '- a', '? b', '2001-01-01', '1_0'),
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      // Upstream does not quote the key `<<`, so it comes back as a merge key.
      fc.dictionary(
        text.filter((key) => key !== '<<'),
        tie('value'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    ),
  })).value;
  fc.assert(
    fc.property(value, (original) => {
      const expected: unknown = JSON.parse(JSON.stringify(original));
      let written: string;
      try {
        written = marshalYaml(expected as YamlValue);
      } catch (error) {
        assert.ok(error instanceof YamlError, String(error));
        return;
      }
      assert.deepStrictEqual(parseYaml(written), expected, written);
    }),
    { numRuns: 2000 },
  );
});
