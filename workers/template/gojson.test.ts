/** JSON as Go's encoding/json writes and reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FuncError } from './func.ts';
import { decodeGoJson, MAX_MARSHAL_DEPTH, marshalGoJson, parseGoJson } from './gojson.ts';
import { MAX_JSON_DEPTH } from './gojson-syntax.ts';
import type { GoField, GoStructType, GoType, GoValue } from './value.ts';
import { ANY, GoNumber, GoRef, INT, int64, STRING, stringMap, stringSlice } from './value.ts';

function field(name: string, type: GoType, jsonName: string, omitempty = false): readonly [string, GoField] {
  return [name, { name, type, jsonName, omitempty }];
}

test('texts are escaped as Go escapes them', () => {
  assert.equal(marshalGoJson('a"\\\b\f\n\r\t\u0001\u007f'), '"a\\"\\\\\\b\\f\\n\\r\\t\\u0001\u007f"');
  assert.equal(marshalGoJson('<a>&\u2028\u2029'), '"\\u003ca\\u003e\\u0026\\u2028\\u2029"');
  assert.equal(marshalGoJson('<a>&\u2028', { escapeHtml: false }), '"<a>&\\u2028"');
  assert.equal(marshalGoJson('\u{1f642}é'), '"\u{1f642}é"');
  // A byte that is no UTF-8 (gostring.ts).
  assert.equal(marshalGoJson('a\udcff'), '"a\\ufffd"');
});

test('numbers switch to exponents at 1e-6 and 1e21', () => {
  const texts = [0, -0, 1, -1.5, 1e20, 1e21, 1.5e-6, 9.9e-7, 1e300, 5e-324, 2 ** 53].map((value) =>
    marshalGoJson(value),
  );
  assert.deepEqual(texts, [
    '0',
    '-0',
    '1',
    '-1.5',
    '100000000000000000000',
    '1e+21',
    '0.0000015',
    '9.9e-7',
    '1e+300',
    '5e-324',
    '9007199254740992',
  ]);
  assert.equal(marshalGoJson(9223372036854775807n), '9223372036854775807');
  assert.equal(marshalGoJson(int64(-1n)), '-1');
  assert.equal(marshalGoJson(new GoNumber('float32', Math.fround(0.1))), '0.1');
  assert.equal(marshalGoJson(new GoNumber('float32', Math.fround(3.4e38))), '3.4e+38');
});

test('keys are sorted by their bytes', () => {
  assert.equal(marshalGoJson({ b: 1, a: 2, '10': 3, '9': 4 }), '{"10":3,"9":4,"a":2,"b":1}');
  assert.equal(marshalGoJson({ '\u{1f642}': 1, '\uffee': 2, a: 3 }), '{"a":3,"\uffee":2,"\u{1f642}":1}');
});

test('structs keep the order of their fields and leave empty ones out where they say so', () => {
  const inner: GoStructType = { kind: 'struct', name: 'v1.Inner', fields: new Map([field('X', INT, 'x', true)]) };
  const type: GoStructType = {
    kind: 'struct',
    name: 'v1.Outer',
    fields: new Map([
      field('Z', STRING, 'z'),
      field('A', INT, 'a', true),
      field('P', { kind: 'pointer', elem: INT }, 'p', true),
      field('Q', { kind: 'pointer', elem: INT }, 'q'),
      field('L', { kind: 'slice', elem: STRING }, 'l', true),
      field('M', { kind: 'map', key: STRING, elem: STRING }, 'm', true),
      field('I', inner, 'i', true),
      field('Any', ANY, 'any', true),
      field('Hidden', STRING, '-'),
    ]),
  };
  assert.equal(marshalGoJson(new GoRef(type, {})), '{"z":"","q":null,"i":{}}');
  const data = { z: '<', a: 1, p: 0, q: 2, l: ['x'], m: { b: '1', a: '2' }, i: { x: 3 }, any: [1.5] };
  assert.equal(
    marshalGoJson(new GoRef(type, data)),
    '{"z":"\\u003c","a":1,"p":0,"q":2,"l":["x"],"m":{"a":"2","b":"1"},"i":{"x":3},"any":[1.5]}',
  );
  assert.equal(marshalGoJson(new GoRef({ kind: 'pointer', elem: type }, null)), 'null');
  assert.equal(marshalGoJson(new GoRef(type, { l: [], m: {}, z: 'x' })), '{"z":"x","q":null,"i":{}}');
});

test('typed data: nil, lists, maps and bytes', () => {
  assert.equal(marshalGoJson(new GoRef({ kind: 'slice', elem: ANY }, null)), 'null');
  assert.equal(marshalGoJson(stringSlice(['a'])), '["a"]');
  assert.equal(marshalGoJson(stringMap({ b: 'x', a: 'y' })), '{"a":"y","b":"x"}');
  assert.equal(marshalGoJson(stringMap(null)), 'null');
  const bytes: GoType = { kind: 'slice', elem: { kind: 'uint8' } };
  assert.equal(marshalGoJson(new GoRef(bytes, new Uint8Array([104, 105]))), '"aGk="');
  assert.equal(marshalGoJson([null, true, [], {}]), '[null,true,[],{}]');
});

test('a type may marshal itself', () => {
  const json: GoType = {
    kind: 'struct',
    name: 'T',
    fields: new Map(),
    methods: new Map([['MarshalJSON', () => '{"<":1}']]),
  };
  assert.equal(marshalGoJson([new GoRef(json, {})]), '[{"\\u003c":1}]');
  const text: GoType = { kind: 'string', name: 'T', methods: new Map([['MarshalText', () => '<t>']]) };
  assert.equal(marshalGoJson(new GoRef(text, 'x')), '"\\u003ct\\u003e"');
});

test('indented output keeps empty collections in one line', () => {
  assert.equal(
    marshalGoJson({ a: [1, { b: '{[,:]}"' }], c: [], d: {} }, { indent: '  ', prefix: '>' }),
    '{\n>  "a": [\n>    1,\n>    {\n>      "b": "{[,:]}\\""\n>    }\n>  ],\n>  "c": [],\n>  "d": {}\n>}',
  );
});

test('what JSON can not hold is an error', () => {
  assert.throws(() => marshalGoJson(Number.NaN), FuncError);
  assert.throws(() => marshalGoJson([Number.NEGATIVE_INFINITY]), FuncError);
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  assert.throws(() => marshalGoJson(cycle), /cycle/);
  let deep: GoValue = [];
  for (let depth = 1; depth < MAX_MARSHAL_DEPTH; depth++) deep = [deep];
  assert.equal(marshalGoJson(deep).length, 2 * MAX_MARSHAL_DEPTH);
  assert.throws(() => marshalGoJson([deep]), FuncError);
});

test('reading gives what json.Unmarshal puts into an any', () => {
  assert.deepEqual(parseGoJson(' {"a":[1,2.50,-0,1e2],"a":"last","b":null}\n'), { a: 'last', b: null });
  const evil = parseGoJson('{"__proto__":{"x":1}}') as object;
  assert.deepEqual(Object.keys(evil), ['__proto__']);
  assert.equal(Object.getPrototypeOf(evil), Object.prototype);
  assert.deepEqual(parseGoJson('["\\ud800","\\ud83d\\ude42",{"\\udc00k":"\\udc00"}]'), [
    '\ufffd',
    '\u{1f642}',
    { '\ufffdk': '\ufffd' },
  ]);
  assert.equal(parseGoJson('"a\udcff"'), 'a\ufffd');
});

test('a number out of range is nil, beside its error', () => {
  assert.deepEqual(decodeGoJson('{"a":1e400,"b":[-1E999,2]}'), {
    value: { a: null, b: [null, 2] },
    error: 'json: cannot unmarshal number into Go value of type float64',
  });
  assert.equal(parseGoJson('1e308'), 1e308);
  assert.equal(parseGoJson('1e-400'), 0);
});

test("errors are in Go's words", () => {
  const words: readonly (readonly [string, string])[] = [
    ['', 'unexpected end of JSON input'],
    ['[1,', 'unexpected end of JSON input'],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['01', "invalid character '1' after top-level value"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
  ];
  for (const [text, error] of words) assert.equal(decodeGoJson(text).error, error, text);
  assert.throws(() => parseGoJson('{'), FuncError);
});

test('nesting is limited as in Go', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(decodeGoJson(nested(MAX_JSON_DEPTH)).error, null);
  assert.equal(decodeGoJson(nested(MAX_JSON_DEPTH + 1)).error, 'exceeded max depth');
});
