import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_OPERATIONS } from './apply.ts';
import { PatchError } from './operation.ts';
import { parsePatch } from './parse-patch.ts';

test('a well-formed patch is taken as it is', () => {
  const patch = [
    { op: 'test', path: '', value: null },
    { op: 'add', path: '/a', value: 1 },
    { op: 'move', from: '/a', path: '/b' },
    { op: 'remove', path: '/b' },
  ];
  assert.equal(parsePatch(patch), patch);
});

const malformed: readonly (readonly [string, unknown, number])[] = [
  ['no list', { op: 'add' }, -1],
  ['an operation that is no object', [null], 0],
  [
    'an unknown operation',
    [
      { op: 'remove', path: '/a' },
      { op: 'put', path: '/a', value: 1 },
    ],
    1,
  ],
  ['an operation named like a built-in member', [{ op: 'constructor', path: '/a', value: 1 }], 0],
  ['a path that is no text', [{ op: 'remove', path: 1 }], 0],
  ['a path without its slash', [{ op: 'remove', path: 'a' }], 0],
  ['a move without from', [{ op: 'move', path: '/a' }], 0],
  ['an add without value', [{ op: 'add', path: '/a' }], 0],
];
for (const [name, patch, index] of malformed) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => parsePatch(patch),
      (error) => error instanceof PatchError && error.code === 'PATCH_MALFORMED' && error.index === index,
    );
  });
}

test('a patch of too many operations is refused', () => {
  const patch = Array.from({ length: MAX_OPERATIONS + 1 }, () => ({ op: 'remove', path: '/a' }));
  assert.throws(
    () => parsePatch(patch),
    (error) => error instanceof PatchError && error.code === 'PATCH_LIMIT',
  );
});
