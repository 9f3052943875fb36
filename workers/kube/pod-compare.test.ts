import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../template/value.ts';
import { firstDifference, MAX_COMPARE_DEPTH } from './pod-compare.ts';

const same: readonly (readonly [string, JsonValue, JsonValue])[] = [
  ['null, [] and {} count as absent', { a: null, b: [], c: {}, d: 1 }, { d: 1 }],
  ['so do objects of which nothing is left', { a: { b: { c: [] } } }, {}],
  ['member order does not count', { a: 1, b: 2 }, { b: 2, a: 1 }],
  [
    'quantities compare in canonical form',
    { limits: { cpu: '2000m', memory: '1024Mi' } },
    { limits: { cpu: 2, memory: '1Gi' } },
  ],
  ["a volume's size limit is a quantity", { emptyDir: { sizeLimit: '0.5' } }, { emptyDir: { sizeLimit: '500m' } }],
];
for (const [name, a, b] of same) {
  test(`the same: ${name}`, () => {
    assert.equal(firstDifference(a, b), null);
    assert.equal(firstDifference(b, a), null);
  });
}

const different: readonly (readonly [string, JsonValue, JsonValue, string])[] = [
  [
    'emptyDir: {} is a source',
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ name: 'v' }] },
    'volumes[0].emptyDir',
  ],
  ['order counts in lists', { args: ['a', 'b'] }, { args: ['b', 'a'] }, 'args[0]'],
  ['a longer list', { args: ['a'] }, { args: ['a', 'b'] }, 'args[1]'],
  ['elements that are empty count', { args: [{}] }, { args: [] }, 'args'],
  ['strings count byte for byte', { image: 'a' }, { image: 'a ' }, 'image'],
  [
    'labels named like quantities are texts',
    { labels: { limits: '1', sizeLimit: '1000m' } },
    { labels: { limits: '1', sizeLimit: '1' } },
    'labels.sizeLimit',
  ],
  ['a number is not a string', { value: 1 }, { value: '1' }, 'value'],
  ['false is a value', { a: false }, {}, 'a'],
  [
    'a name that is no identifier',
    { annotations: { 'a.b/c': 'x' } },
    { annotations: { 'a.b/c': 'y' } },
    'annotations["a.b/c"]',
  ],
];
for (const [name, a, b, path] of different) {
  test(`different: ${name}`, () => {
    assert.equal(firstDifference(a, b)?.path, path);
    assert.equal(firstDifference(b, a)?.path, path);
  });
}

test('a difference tells what the sides hold', () => {
  assert.deepEqual(firstDifference({ a: { b: 1 } }, { a: {} }), { path: 'a', a: { b: 1 }, b: undefined });
});

test('nesting beyond the limit is refused', () => {
  let a: JsonObject = { x: 1 };
  let b: JsonObject = { x: 2 };
  for (let i = 0; i < MAX_COMPARE_DEPTH + 2; i++) [a, b] = [{ a }, { a: b }];
  assert.throws(() => firstDifference(a, b), RangeError);
});
