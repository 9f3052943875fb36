/**
 * Templates and pods are written by strangers. Neither can reach JavaScript behind Go's values: prototypes, constructors, methods of
 * strings and arrays, or code.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from './engine.ts';
import { TemplateError } from './errors.ts';
import type { GoMethod, GoType, GoValue } from './value.ts';
import { ANY, GoRef, STRING, STRING_MAP, STRING_SLICE, stringMap } from './value.ts';

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'prototype',
  'length',
];

function render(text: string, data: GoValue): string {
  return compileTemplate('main', text, new Map()).render(data);
}

test('names of Object.prototype are missing keys of every map', () => {
  for (const name of NAMES) {
    for (const data of [{}, { other: 1 }, stringMap({}), Object.create(null) as GoValue]) {
      assert.equal(render(`{{ .${name} }}`, data), '<no value>', name);
      assert.equal(render(`{{ .${name}.${name}.name }}`, {}), '<no value>', name);
      assert.equal(render(`{{ if index . "${name}" }}yes{{ else }}no{{ end }}`, data), 'no', name);
    }
  }
});

test('names of Object.prototype are keys like any other where the data has them', () => {
  for (const name of NAMES) {
    const data = JSON.parse(`{"${name}": {"${name}": "own"}}`) as GoValue;
    assert.equal(render(`{{ .${name}.${name} }}`, data), 'own', name);
    assert.equal(render(`{{ index . "${name}" "${name}" }}`, data), 'own', name);
    assert.equal(
      render('{{ range $k, $v := . }}{{ $k }}{{ range $k, $v := $v }}={{ $k }}:{{ $v }}{{ end }}{{ end }}', data),
      `${name}=${name}:own`,
    );
    assert.equal(render('{{ . }}', data), `map[${name}:map[${name}:own]]`);
    assert.equal(render('{{ len . }}', data), '1');
  }
});

test('names of Object.prototype are variables, templates and functions only where they are defined', () => {
  for (const name of NAMES) {
    assert.equal(render(`{{ $${name} := 1 }}{{ $${name} }}`, null), '1');
    assert.throws(() => render(`{{ $${name} }}`, null), { code: 'TEMPLATE_SYNTAX' });
    assert.throws(() => render(`{{ ${name} }}`, null), { code: 'TEMPLATE_SYNTAX' });
    assert.throws(() => render(`{{ template "${name}" }}`, null), { code: 'TEMPLATE_EXEC' });
    assert.equal(render(`{{ define "${name}" }}x{{ end }}{{ template "${name}" }}`, null), 'x');
  }
});

test('values that are no maps have none of their JavaScript properties', () => {
  const point: GoType = {
    kind: 'struct',
    name: 'v1.Point',
    fields: new Map([['X', { name: 'X', type: STRING, jsonName: 'x' }]]),
  };
  const values: GoValue[] = ['text', 1, 1n, true, [1], new GoRef(STRING_SLICE, ['a']), new GoRef(point, { x: 'a' })];
  for (const value of values) {
    for (const name of [...NAMES, 'data', 'type', 'at', 'call', 'x']) {
      assert.throws(() => render(`{{ .${name} }}`, value), { code: 'TEMPLATE_EXEC' }, name);
      assert.throws(() => render(`{{ .v.${name}.call }}`, { v: value }), { code: 'TEMPLATE_EXEC' }, name);
    }
  }
});

test('members of the data are read only where they are its own', () => {
  const inherited = Object.create({ x: 'inherited' }) as Record<string, string>;
  const struct: GoType = { kind: 'struct', fields: new Map([['X', { name: 'X', type: STRING, jsonName: 'x' }]]) };
  assert.equal(render('{{ .x }}', inherited), '<no value>');
  assert.equal(render('{{ len . }}{{ if . }}yes{{ end }}{{ range . }}{{ . }}{{ end }}', inherited), '0');
  assert.equal(render('[{{ .X }}]', new GoRef(struct, inherited)), '[]');
  assert.equal(render('{{ .x }}{{ index . "x" }}', new GoRef(STRING_MAP, inherited)), '<no value>');
  const constructorField: GoType = {
    kind: 'struct',
    fields: new Map([['Constructor', { name: 'Constructor', type: ANY, jsonName: 'constructor' }]]),
  };
  assert.equal(render('{{ .Constructor }}', new GoRef(constructorField, {})), '<no value>');
});

test('a field never calls what the data holds; only the methods of a type are called', () => {
  let called = 0;
  const type: GoType = {
    kind: 'struct',
    fields: new Map(),
    methods: new Map<string, GoMethod>([['Name', () => `method ${++called}`]]),
  };
  const data = { Name: () => assert.fail('called'), run: () => assert.fail('called') };
  assert.equal(render('{{ .Name }}', new GoRef(type, data)), 'method 1');
  assert.throws(() => render('{{ .run }}', new GoRef(type, data)), { code: 'TEMPLATE_EXEC' });
  assert.throws(() => render('{{ .toString }}', new GoRef(type, data)), { code: 'TEMPLATE_EXEC' });
});

test('text of templates, keys and values never becomes code', () => {
  const hostile = '`${globalThis.pwned = 1}`;\';"); globalThis.pwned = 1; //';
  assert.equal(
    render(`{{ define ${JSON.stringify(hostile)} }}x{{ end }}${hostile}{{ .k }}`, { k: hostile }),
    hostile + hostile,
  );
  assert.equal(render(`{{ index . ${JSON.stringify(hostile)} }}`, { [hostile]: 'v' }), 'v');
  assert.equal(Object.hasOwn(globalThis, 'pwned'), false);
});

test('rendering leaves the data and the prototypes as they were', () => {
  const data = JSON.parse('{"__proto__": {"polluted": "yes"}, "list": [3, 1, 2], "map": {"b": 1, "a": 2}}') as GoValue;
  const before = JSON.stringify(data);
  render('{{ range .list }}{{ . }}{{ end }}{{ range .map }}{{ . }}{{ end }}{{ $x := .map }}{{ $x = 1 }}{{ . }}', data);
  assert.equal(JSON.stringify(data), before);
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});

test('an error never carries anything but its own words', () => {
  assert.throws(
    () => render('{{ .a.b }}', { a: 1 }),
    (cause) => cause instanceof TemplateError && cause.cause === undefined && !/at \w+ \(/.test(cause.message),
  );
});
