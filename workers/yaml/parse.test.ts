import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { YamlError, type YamlErrorCode } from './error.ts';
import { MAX_YAML_DEPTH, MAX_YAML_LENGTH } from './limits.ts';
import { parseYaml, parseYamlExact, parseYamlStrict } from './parse.ts';

function reads(cases: readonly (readonly [string, unknown])[]): void {
  for (const [text, value] of cases) assert.deepStrictEqual(parseYaml(text), value, JSON.stringify(text));
}

function refuses(cases: readonly string[], code: YamlErrorCode): void {
  for (const text of cases) {
    assert.throws(
      () => parseYaml(text),
      (error) => error instanceof YamlError && error.code === code,
      JSON.stringify(text),
    );
  }
}

describe('plain scalars', () => {
  test('YAML 1.1 words are booleans and nulls', () => {
    reads([
      ['[y, Y, yes, on, On, true, TRUE]', Array(7).fill(true)],
      ['[n, N, no, NO, off, False]', Array(6).fill(false)],
      ['[~, null, Null, NULL, ]', Array(4).fill(null)],
      ['[yEs, tRUE, nULL, "yes", \'~\', o, t]', ['yEs', 'tRUE', 'nULL', 'yes', '~', 'o', 't']],
    ]);
  });

  test('numbers are Go literals with underscores', () => {
    reads([
      ['[0, -5, +5, 1_000, 0x1F, 0X1f, 0b101, 0o17, 010, 08, 0_7]', [0, -5, 5, 1000, 31, 31, 5, 15, 8, 8, 7]],
      [
        '[1.5, .5, 5., -.5, 1e3, 1E-3, 6.02e+23, .5_0, 0b+1, 0b-1]',
        [1.5, 0.5, 5, -0.5, 1000, 0.001, 6.02e23, 0.5, 1, -1],
      ],
      [
        '[12:30, 1.2.3, 1e, e3, 0x, 0b2, 1__, ._5, .5_, 1e400, 0xg]',
        ['12:30', '1.2.3', '1e', 'e3', '0x', '0b2', 1, '._5', '.5_', '1e400', '0xg'],
      ],
      ['[-0, -0.0]', [0, -0]],
    ]);
  });

  test('integers beyond 2^53 lose precision, or stay exact where asked for', () => {
    const text = '[9223372036854775807, 18446744073709551615, 18446744073709551616, -9223372036854775808]';
    assert.deepStrictEqual(parseYaml(text), [2 ** 63, 2 ** 64, 2 ** 64, -(2 ** 63)]);
    assert.deepStrictEqual(parseYamlExact(text), [
      9223372036854775807n,
      18446744073709551615n,
      2 ** 64,
      -9223372036854775808n,
    ]);
    assert.deepStrictEqual(parseYamlExact('[1, 9007199254740991, 9007199254740993]'), [
      1,
      9007199254740991,
      9007199254740993n,
    ]);
  });

  test('timestamps stay strings', () => {
    reads([['[2001-12-14, 2001-12-14t21:59:43.10-05:00]', ['2001-12-14', '2001-12-14t21:59:43.10-05:00']]]);
  });

  test('lines are folded', () => {
    reads([
      ['a: b\n  c\n\n  d\n', { a: 'b c\nd' }],
      ['a b\nc', 'a b c'],
      ['a: b # c\n', { a: 'b' }],
      ['a: b#c\n', { a: 'b#c' }],
      ['a: http://x:80/y\n', { a: 'http://x:80/y' }],
      ['a: b\r\nc: d\re: f\x85g: h', { a: 'b', c: 'd', e: 'f', g: 'h' }],
      ['a: b\u2028  c\n', { a: 'b\u2028c' }],
    ]);
  });
});

describe('quoted scalars', () => {
  test('escapes, doubled quotes and line folding', () => {
    reads([
      [
        String.raw`"\0\a\b\t\n\v\f\r\e\ \"\\\N\_\L\P\x41\u00e9\U0001F600"`,
        '\0\x07\b\t\n\v\f\r\x1b "\\\x85\xa0\u2028\u2029Aé😀',
      ],
      ["'it''s'", "it's"],
      ['"a\n  b\n\n  c"', 'a b\nc'],
      ['"a \\\n  b"', 'a b'],
      ["'a\n\n b'", 'a\nb'],
    ]);
  });

  test('JSON is YAML but for surrogate pairs and the escaped slash', () => {
    reads([['{"a":[1,{"b":null}],"c":"\\u00e9"}', { a: [1, { b: null }], c: 'é' }]]);
    refuses(['"\\/"', '"\\ud83d\\ude00"', '"\\x4"', '"\\q"'], 'YAML_SYNTAX');
  });

  test('a quote left open is an error, also before a document indicator', () => {
    refuses(['"a', "'a\nb", '"a\n--- b"', "'a\n... '"], 'YAML_SYNTAX');
  });
});

test('block scalars: chomping, indentation and folding', () => {
  reads([
    ['a: |\n  x\n   y\n\n', { a: 'x\n y\n' }],
    ['a: |-\n  x\n', { a: 'x' }],
    ['a: |+\n  x\n\nb: 1', { a: 'x\n\n', b: 1 }],
    ['a: |2-\n    x\n   y', { a: '  x\n y' }],
    ['a: >\n  x\n  y\n\n  z\n   w\n  v\n', { a: 'x y\nz\n w\nv\n' }],
    ['a: | # c\n  # no comment\n', { a: '# no comment\n' }],
    ['- |\n x\n- >-\n y', ['x\n', 'y']],
  ]);
  refuses(['a: |0\n  x', 'a: |\n  \tx\n y', 'a: |x\n', '[|\n a]'], 'YAML_SYNTAX');
});

test('tags decide the type, and unknown ones make strings', () => {
  reads([
    [
      '[!!str 1, !!str , ! 1, !t 1, !!float 1, !!int 0x10, !!bool yes, !!null ~]',
      ['1', '', '1', '1', 1, 16, true, null],
    ],
    ['!!binary aGkh', 'hi!'],
    ['!!binary "4oKs/w=="', '€\ufffd'],
    ['!!timestamp 2001-1-2', '2001-1-2'],
    ['!!map {a: !!set b}', { a: 'b' }],
    ['!<tag:yaml.org,2002:int> 5', 5],
    ['%TAG !e! tag:yaml.org,2002:\n---\n!e!str 1', '1'],
    ['%YAML 1.1\n%TAG !! x:\n--- !!int a', 'a'],
  ]);
  refuses(['!!int x', '!!bool 1', '!!null x', '!!float x', '!!timestamp x', '!!binary a', '!!int ""'], 'YAML_TYPE');
  refuses(
    ['!e!x 1', '!! 1', '!a%zz b', '%YAML 1.2\n---\na', '%YAML 1.1\n%YAML 1.1\n---\na', '%x\n---\na', '%YAML 1.1\na'],
    'YAML_SYNTAX',
  );
});

test('keys become strings, and some cannot', () => {
  reads([
    [
      '{1: a, 0x10: b, 1.5: c, 1e6: d, 0.1: e, true: f, "x": g, .inf: h}',
      { 1: 'a', 16: 'b', 1.5: 'c', '1e+06': 'd', 0.1: 'e', true: 'f', x: 'g', '.inf': 'h' },
    ],
    ['Y: 1\n', { true: 1 }],
    ['16777217.0: a', { '1.6777216e+07': 'a' }],
    ['? a\n: b\n? c\n', { a: 'b', c: null }],
    ['[a: b, ? c : d]', [{ a: 'b' }, { c: 'd' }]],
    ['{a, "b": , c: }', { a: null, b: null, c: null }],
  ]);
  refuses(['~: a', '9223372036854775808: a', '{[a]: b}', '[a]: b', '? - a\n: b', '{{ a }}'], 'YAML_TYPE');
});

test('the last of equal keys wins, also over what JSON could not hold', () => {
  reads([
    ['a: 1\na: 2', { a: 2 }],
    ['a: .inf\na: 2', { a: 2 }],
    ['a: {~: x}\na: 2', { a: 2 }],
  ]);
  refuses(['a: .inf', '[.nan]', 'a: &x {~: y}\nb: 1'], 'YAML_TYPE');
});

test('strict reading refuses repeated keys', () => {
  assert.throws(() => parseYamlStrict('a: 1\nb: 2\na: 3\n'), { code: 'YAML_DUPLICATE_KEY', line: 3 });
  assert.throws(() => parseYamlStrict('a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n'), { code: 'YAML_DUPLICATE_KEY' });
  assert.deepStrictEqual(parseYamlStrict('a: 1\nb: {a: 1}\n'), { a: 1, b: { a: 1 } });
});

test('anchors, aliases and merge keys', () => {
  reads([
    ['a: &x {b: [1]}\nc: *x', { a: { b: [1] }, c: { b: [1] } }],
    ['a: &k key\n*k : 1', { a: 'key', key: 1 }],
    ['a: &k 1.0\n*k : 2', { a: 1, 1: 2 }],
    ['a: &x {b: 1, c: 2}\nd:\n  b: 0\n  <<: *x\n  c: 3', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    [
      '- &x {a: 1, b: 1}\n- &y {b: 2, c: 2}\n- <<: [*x, *y, {d: 3}]',
      [
        { a: 1, b: 1 },
        { b: 2, c: 2 },
        { a: 1, b: 1, c: 2, d: 3 },
      ],
    ],
    ['{"<<": 1, a: <<}', { '<<': 1, a: '<<' }],
    ['[&a x, &a z, *a]', ['x', 'z', 'z']],
    ['a: &x\nb: *x', { a: null, b: null }],
  ]);
  refuses(['*a', '&a [*a]', '&', '*:', '[*a b]'], 'YAML_SYNTAX');
  refuses(['<<: 1', '<<: [1]', '<<:', 'a: &x [{}]\n<<: *x'], 'YAML_TYPE');
});

test('an alias gives a copy of its own', () => {
  const value = parseYaml('a: &x {b: [1]}\nc: *x') as { a: { b: number[] }; c: { b: number[] } };
  value.a.b.push(2);
  assert.deepStrictEqual(value.c, { b: [1] });
});

test('block structure is told by indentation', () => {
  reads([
    ['a:\n- b\n- c:\n  d: e\nf: g', { a: ['b', { c: null, d: 'e' }], f: 'g' }],
    ['- - a\n  - b\n-\n- c', [['a', 'b'], null, 'c']],
    ['a:\n  b:\n    c: 1\n  d: 2\n', { a: { b: { c: 1 }, d: 2 } }],
    ['a: {b: [c,\n d]}\ne: f', { a: { b: ['c', 'd'] }, e: 'f' }],
  ]);
  refuses(
    [
      'a: b: c',
      'a: 1\nb',
      '- a\nb: 1',
      'a:\n  b: 1\n c: 2',
      '[a, b',
      '{a: b',
      'a: - b',
      '\ta: b',
      'a: b\n\tc: d',
      '@a',
      'a: `b`',
    ],
    'YAML_SYNTAX',
  );
});

test('only the first document is read, and what follows only as far as upstream looks', () => {
  reads([
    ['', null],
    ['# c\n', null],
    ['---\n', null],
    ['--- a\n--- b', 'a'],
    ['a: 1\n...\n@', { a: 1 }],
    ['  a: b\nc: d\n', { a: 'b' }],
    ['[a] b', ['a']],
    ['"a"\n[b]: c', 'a'],
    ['[]: a', []],
    ['&a &b x', null],
    [' k:\n*a  a: b\n', { k: null }],
  ]);
  refuses(['a: 1\n--- @'.replace('---', '%'), '[a] @', '"a" "b": c', '"a"\n"b" @', '...'], 'YAML_SYNTAX');
});

test('keys of JavaScript objects are plain data', () => {
  const value = parseYaml('{__proto__: {a: 1}, constructor: 2, toString: 3}') as Record<string, unknown>;
  assert.deepStrictEqual(Object.keys(value), ['__proto__', 'constructor', 'toString']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  const merged = parseYaml('<<: {__proto__: {a: 1}}') as Record<string, unknown>;
  assert.ok(Object.hasOwn(merged, '__proto__'));
  assert.equal(merged['a'], undefined);
});

test('errors tell line and column', () => {
  for (const [text, line, column] of [
    ['a: 1\nb: @', 2, 4],
    ['a: 1\nb: "\\q"', 2, 5],
    ['a:\n  - !!int x\n', 2, 11],
    ['a: \x01', 1, 4],
  ] as const) {
    assert.throws(
      () => parseYaml(text),
      (error) => error instanceof YamlError && error.line === line && error.column === column,
      JSON.stringify(text),
    );
  }
});

test('control characters and broken Unicode are errors', () => {
  refuses(['a: \x00', '\x07', 'a\x7f', '\x80', 'a: \ufffe', '\ud800', 'a: "\udc00\ud800"', '# \x1f'], 'YAML_SYNTAX');
  reads([
    ['\ufeffa: \u{1f600}', { a: '😀' }],
    ['a: \u00a0b', { a: '\u00a0b' }],
  ]);
});

describe('limits', () => {
  test('aliases may not blow a document up', () => {
    const levels = Array.from(
      { length: 20 },
      (_, i) =>
        `a${i}: &a${i} [${Array(10)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(', ')}]`,
    );
    refuses([levels.join('\n')], 'YAML_LIMIT');
    const merges = Array.from(
      { length: 30 },
      (_, i) => `a${i}: &a${i} {${i === 0 ? 'x: 1' : `b: *a${i - 1}, c: *a${i - 1}`}}`,
    );
    refuses([merges.join('\n')], 'YAML_LIMIT');
  });

  test('as many aliases as upstream allows are fine', () => {
    const text = `a: &a [${Array(10).fill('x').join(', ')}]\nb: [${Array(200).fill('*a').join(', ')}]`;
    assert.equal((parseYaml(text) as { b: unknown[] }).b.length, 200);
  });

  test('nesting has a limit, in every style', () => {
    const deep = (depth: number): string[] => [
      '['.repeat(depth) + ']'.repeat(depth),
      '{a: '.repeat(depth) + '}'.repeat(depth),
      '- '.repeat(depth),
      Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      '? '.repeat(depth),
    ];
    refuses(deep(MAX_YAML_DEPTH + 1), 'YAML_LIMIT');
    for (const text of deep(MAX_YAML_DEPTH).slice(0, 4)) assert.doesNotThrow(() => parseYaml(text));
  });

  test('aliases cannot nest deeper than the limit either', () => {
    const chain = Array.from({ length: MAX_YAML_DEPTH + 1 }, (_, i) =>
      i === 0 ? '- &a0 []' : `- &a${i} [*a${i - 1}]`,
    );
    refuses([chain.join('\n')], 'YAML_LIMIT');
  });

  test('text has a limit', () => {
    refuses(['#'.repeat(MAX_YAML_LENGTH + 1)], 'YAML_LIMIT');
  });

  test('a key ends within 1,024 characters', () => {
    const key = 'k'.repeat(1024);
    reads([[`${key}: 1`, { [key]: 1 }]]);
    refuses([`${key}k: 1`], 'YAML_SYNTAX');
    const smileys = '😀'.repeat(1024);
    reads([[`${smileys}: 1`, { [smileys]: 1 }]]);
  });
});

test('any text is read or refused with a code', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      'b: ',
      '- ',
      '? ',
      ': ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a ',
      '*a',
      '!!str ',
      '!',
      '|',
      '>',
      '"',
      "'",
      '#',
      '\n',
      '\n  ',
      '  ',
      '\t',
      '---',
      '...',
      '%',
      '<<',
      '~',
      '1',
      '.inf',
      '\\',
      '@',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        const value = parseYaml(pieces.join(''));
        assert.doesNotThrow(() => JSON.stringify(value));
      } catch (error) {
        assert.ok(error instanceof YamlError, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});
