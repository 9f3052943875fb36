import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepEqual } from './go-equal.ts';
import {
  assignable,
  elementsOf,
  entriesOf,
  fieldOf,
  isEmptyValue,
  isNil,
  isTrue,
  kindOf,
  lengthOf,
  mapGet,
  mapKeysSorted,
  typeString,
  wrap,
} from './reflect.ts';
import type { GoStructType, GoType, GoValue } from './value.ts';
import { ANY, ANY_MAP, BOOL, FLOAT64, GoNumber, GoRef, INT, int64, STRING, stringMap, stringSlice } from './value.ts';

const PROTOCOL: GoType = { kind: 'string', name: 'v1.Protocol' };
const PORT: GoStructType = {
  kind: 'struct',
  name: 'v1.ContainerPort',
  fields: new Map([
    ['Name', { name: 'Name', type: STRING, jsonName: 'name' }],
    ['ContainerPort', { name: 'ContainerPort', type: { kind: 'int32' }, jsonName: 'containerPort' }],
    ['Protocol', { name: 'Protocol', type: PROTOCOL, jsonName: 'protocol' }],
  ]),
};
const PORT_POINTER: GoType = { kind: 'pointer', elem: PORT };

test('kinds and types are those that Go names', () => {
  const expected: [GoValue, string, string][] = [
    [null, 'invalid', '<nil>'],
    [true, 'bool', 'bool'],
    ['', 'string', 'string'],
    [1, 'float64', 'float64'],
    [1n, 'int', 'int'],
    [int64(1n), 'int64', 'int64'],
    [[], 'slice', '[]interface {}'],
    [{}, 'map', 'map[string]interface {}'],
    [stringSlice([]), 'slice', '[]string'],
    [stringMap(null), 'map', 'map[string]string'],
    [new GoRef(PORT, {}), 'struct', 'v1.ContainerPort'],
    [new GoRef(PORT_POINTER, null), 'ptr', '*v1.ContainerPort'],
    [new GoRef(PROTOCOL, 'TCP'), 'string', 'v1.Protocol'],
    [new GoRef({ kind: 'map', key: INT, elem: { kind: 'slice', elem: ANY } }, {}), 'map', 'map[int][]interface {}'],
    [new GoRef({ kind: 'struct', fields: new Map() }, {}), 'struct', 'struct {}'],
    [new GoRef(ANY, [1]), 'slice', '[]interface {}'],
    [new GoRef(ANY, null), 'invalid', '<nil>'],
  ];
  for (const [value, kind, type] of expected) assert.deepEqual([kindOf(value), typeString(value)], [kind, type]);
});

test('wrap gives plain values where the type adds nothing, and zero values for missing data', () => {
  assert.equal(wrap(STRING, 'a'), 'a');
  assert.equal(wrap(INT, 5), 5n);
  assert.equal(wrap(FLOAT64, 5), 5);
  assert.deepEqual(wrap({ kind: 'int32' }, 5), new GoNumber('int32', 5n));
  assert.deepEqual(wrap(PROTOCOL, 'TCP'), new GoRef(PROTOCOL, 'TCP'));
  assert.deepEqual(
    [STRING, BOOL, INT, FLOAT64, ANY].map((type) => wrap(type, undefined)),
    ['', false, 0n, 0, null],
  );
  assert.equal(isNil(wrap(ANY_MAP, undefined)), true);
  assert.equal(isNil(wrap(PORT_POINTER, null)), true);
});

test('fields of structs, and of what pointers point to, by their Go names', () => {
  const port = new GoRef(PORT_POINTER, { name: 'http', containerPort: 80 });
  assert.equal(fieldOf(port, 'Name'), 'http');
  assert.deepEqual(fieldOf(port, 'ContainerPort'), new GoNumber('int32', 80n));
  assert.deepEqual(fieldOf(new GoRef(PORT, null), 'ContainerPort'), new GoNumber('int32', 0n));
  assert.equal(fieldOf(port, 'name'), undefined);
  assert.equal(fieldOf(new GoRef(PORT_POINTER, null), 'Name'), undefined);
});

test('map keys are in the order of their type: bytes of strings, numbers by value', () => {
  assert.deepEqual(mapKeysSorted({ b: 1, a: 1, '\u{10000}': 1, '\uffff': 1, Z: 1 }), [
    'Z',
    'a',
    'b',
    '\uffff',
    '\u{10000}',
  ]);
  const numbers = new GoRef({ kind: 'map', key: INT, elem: STRING }, { '10': 'x', '9': 'y', '-1': 'z' });
  assert.deepEqual(entriesOf(numbers), [
    [-1n, 'z'],
    [9n, 'y'],
    [10n, 'x'],
  ]);
  assert.equal(entriesOf([1]), null);
});

test('members are the object’s own', () => {
  assert.equal(mapGet({}, 'constructor'), undefined);
  assert.equal(mapGet({ a: null }, 'a'), null);
  assert.equal(mapGet(JSON.parse('{"__proto__": 1}'), '__proto__'), 1);
  assert.equal(mapGet(stringMap({ a: 'b' }), 'a'), 'b');
  assert.equal(mapGet(stringMap(null), 'a'), undefined);
  assert.equal(mapGet('text', 'length'), undefined);
});

test('elements of typed slices carry their type, those of plain arrays are not copied', () => {
  const plain = [1, 'a'];
  assert.equal(elementsOf(plain), plain);
  const ports = elementsOf(new GoRef({ kind: 'slice', elem: PORT }, [{ name: 'a' }]));
  assert.equal(ports?.length === 1 && typeString(ports[0]), 'v1.ContainerPort');
  assert.deepEqual(elementsOf(new GoRef({ kind: 'slice', elem: INT }, [1, 2])), [1n, 2n]);
  assert.deepEqual(elementsOf(new GoRef({ kind: 'slice', elem: { kind: 'uint8' } }, Uint8Array.of(7))), [
    new GoNumber('uint8', 7n),
  ]);
  assert.deepEqual(elementsOf(new GoRef({ kind: 'slice', elem: INT }, null)), []);
  assert.equal(elementsOf({}), null);
});

test('truth, emptiness and length', () => {
  const falsy: GoValue[] = [
    null,
    false,
    '',
    0,
    0n,
    int64(0n),
    [],
    {},
    stringSlice([]),
    stringMap(null),
    new GoRef(PORT_POINTER, null),
  ];
  const truthy: GoValue[] = [
    true,
    'a',
    Number.NaN,
    -1n,
    [null],
    { a: null },
    new GoRef(PORT, null),
    new GoRef(PORT_POINTER, {}),
  ];
  for (const value of falsy) assert.deepEqual([isTrue(value), isEmptyValue(value)], [false, true]);
  for (const value of truthy) assert.deepEqual([isTrue(value), isEmptyValue(value)], [true, false]);
  assert.equal(isTrue(undefined), false);
  assert.deepEqual(
    [lengthOf('é✓😀'), lengthOf([1]), lengthOf({ a: 1 }), lengthOf(stringMap(null)), lengthOf(5)],
    [9, 1, 1, 0, null],
  );
});

test('assignment needs the same type, or one without a name and the same structure', () => {
  const names: GoType = { kind: 'slice', elem: STRING, name: 'v1.Names' };
  assert.equal(assignable(names, { kind: 'slice', elem: STRING }), true);
  assert.equal(assignable(names, { kind: 'slice', elem: STRING, name: 'v1.Other' }), false);
  assert.equal(assignable(PROTOCOL, STRING), false);
  assert.equal(assignable({ kind: 'slice', elem: ANY }, { kind: 'slice', elem: STRING }), false);
  assert.equal(assignable(PORT_POINTER, ANY), true);
});

test('deep equality looks at types and contents, and tells nil from empty', () => {
  assert.equal(deepEqual({ a: [1, 'x', null] }, { a: [1, 'x', null] }), true);
  assert.equal(deepEqual({ a: 1 }, { a: 1n }), false);
  assert.equal(deepEqual([1], stringSlice(['1'])), false);
  assert.equal(deepEqual({ a: null }, { b: null }), false);
  assert.equal(deepEqual(stringMap(null), stringMap({})), false);
  assert.equal(deepEqual([Number.NaN], [Number.NaN]), false);
  assert.equal(deepEqual(new GoRef(PORT, { name: 'a' }), new GoRef(PORT, { name: 'a', containerPort: 0 })), true);
  assert.equal(deepEqual(new GoRef(PORT_POINTER, { name: 'a' }), new GoRef(PORT_POINTER, { name: 'b' })), false);
  assert.equal(deepEqual(null, undefined), true);
});
