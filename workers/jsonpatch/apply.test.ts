import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../template/value.ts';
import { applyPatch, MAX_OPERATIONS } from './apply.ts';
import { type Operation, PatchError, type PatchErrorCode } from './operation.ts';

function freeze<T extends JsonValue>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) freeze(member);
    Object.freeze(value);
  }
  return value;
}

function apply(document: JsonValue, ...patch: Operation[]): JsonValue {
  return applyPatch(freeze(document), freeze(patch as unknown as JsonValue) as unknown as Operation[]);
}

const applies: readonly (readonly [string, JsonValue, Operation[], JsonValue])[] = [
  ['add in the middle of a list', { a: [1, 2] }, [{ op: 'add', path: '/a/1', value: 9 }], { a: [1, 9, 2] }],
  ['add at the end', { a: [1] }, [{ op: 'add', path: '/a/-', value: 9 }], { a: [1, 9] }],
  ['add with a negative index', { a: [1, 2] }, [{ op: 'add', path: '/a/-1', value: 9 }], { a: [1, 2, 9] }],
  ['remove with a negative index', { a: [1, 2] }, [{ op: 'remove', path: '/a/-2' }], { a: [2] }],
  ['indices with a sign or zeros', { a: [1, 2] }, [{ op: 'replace', path: '/a/+01', value: 9 }], { a: [1, 9] }],
  ['replace of a member that is not there', {}, [{ op: 'replace', path: '/a', value: 1 }], { a: 1 }],
  ['replace of the whole document', { a: 1 }, [{ op: 'replace', path: '', value: [1] }], [1]],
  ['test of the whole document', { a: 1 }, [{ op: 'test', path: '', value: { a: 1 } }], { a: 1 }],
  ['test finds null where nothing is', {}, [{ op: 'test', path: '/a', value: null }], {}],
  ['copy of a member that is not there', {}, [{ op: 'copy', from: '/a', path: '/b' }], { b: null }],
  ['escaped names', { 'a/b': { 'm~n': 1 } }, [{ op: 'remove', path: '/a~1b/m~0n' }], { 'a/b': {} }],
  ['~01 is ~1', { '~1': 1 }, [{ op: 'remove', path: '/~01' }], {}],
  ['an empty name', { '': { '': 1 } }, [{ op: 'remove', path: '//' }], { '': {} }],
  ['what stands before the first slash is ignored', { b: 1 }, [{ op: 'remove', path: 'a/b' }], {}],
  ['an operation without value', {}, [{ op: 'add', path: '/a' } as unknown as Operation], { a: null }],
  ['move within a list', { a: [1, 2, 3] }, [{ op: 'move', from: '/a/0', path: '/a/2' }], { a: [2, 3, 1] }],
];
for (const [name, document, patch, result] of applies) {
  test(`${name}`, () => assert.deepEqual(apply(document, ...patch), result));
}

const fails: readonly (readonly [string, JsonValue, Operation, PatchErrorCode])[] = [
  ['remove of what is not there', { a: 1 }, { op: 'remove', path: '/b' }, 'PATCH_PATH'],
  ['a way through null', { a: null }, { op: 'add', path: '/a/b', value: 1 }, 'PATCH_PATH'],
  ['a way through a scalar', { a: 'text' }, { op: 'add', path: '/a/0', value: 1 }, 'PATCH_PATH'],
  ['an index beyond the end', { a: [1] }, { op: 'add', path: '/a/2', value: 1 }, 'PATCH_INDEX'],
  ['an index that is none', { a: [1] }, { op: 'remove', path: '/a/x' }, 'PATCH_INDEX'],
  ['remove at the end mark', { a: [1] }, { op: 'remove', path: '/a/-' }, 'PATCH_INDEX'],
  ['a scalar for a document', {}, { op: 'replace', path: '', value: 1 }, 'PATCH_PATH'],
  ['add of the whole document', {}, { op: 'add', path: '', value: {} }, 'PATCH_PATH'],
  ['a test that finds another value', { a: 1 }, { op: 'test', path: '/a', value: '1' }, 'PATCH_TEST'],
  ['a test of a list with null', { a: [null] }, { op: 'test', path: '/a', value: [null] }, 'PATCH_TEST'],
  ['move into itself', { a: { b: 1 } }, { op: 'move', from: '/a', path: '/a/b' }, 'PATCH_PATH'],
  ['an unknown operation', {}, { op: 'put', path: '/a' } as unknown as Operation, 'PATCH_MALFORMED'],
  ['a path that is no text', {}, { op: 'remove', path: null } as unknown as Operation, 'PATCH_MALFORMED'],
  ['an inherited member', { a: {} }, { op: 'add', path: '/a/constructor/x', value: 1 }, 'PATCH_PATH'],
  ['the prototype', { a: {} }, { op: 'add', path: '/a/__proto__/x', value: 1 }, 'PATCH_PATH'],
];
for (const [name, document, operation, code] of fails) {
  test(`${name} is refused`, () => {
    const passing: Operation = { op: 'test', path: '/not there', value: null };
    assert.throws(
      () => apply(document, passing, operation),
      (error) => error instanceof PatchError && error.code === code && error.index === 1,
    );
  });
}

test('what an operation makes is not changed through another place', () => {
  const value = { x: [1] };
  const result = apply(
    {},
    { op: 'add', path: '/a', value },
    { op: 'add', path: '/a/x/-', value: 2 },
    { op: 'copy', from: '/a', path: '/b' },
    { op: 'add', path: '/b/x/-', value: 3 },
    { op: 'add', path: '/a/y', value },
    { op: 'replace', path: '/a/y/x/0', value: 4 },
  );
  assert.deepEqual(result, { a: { x: [1, 2], y: { x: [4] } }, b: { x: [1, 2, 3] } });
  assert.deepEqual(value, { x: [1] });
});

test('unchanged parts are shared with the document', () => {
  const document = { spec: { containers: [{ name: 'a' }], volumes: [] }, metadata: { name: 'p' } };
  const result = apply(document, { op: 'add', path: '/spec/hostname', value: 'h' }) as JsonObject;
  assert.equal(result.metadata, document.metadata);
  assert.equal((result.spec as JsonObject).containers, document.spec.containers);
});

test('a member called __proto__ is a member', () => {
  const result = apply({}, { op: 'add', path: '/__proto__', value: { polluted: true } }) as JsonObject;
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
  assert.deepEqual(Object.keys(result), ['__proto__']);
  assert.equal('polluted' in {}, false);
});

test('copies that double the document again and again end at the limit', () => {
  const doubling = Array.from({ length: 60 }, (_, i): Operation => ({ op: 'copy', from: '/a', path: `/a/x${i}` }));
  assert.throws(
    () => applyPatch({ a: { text: 'x'.repeat(1000) } }, doubling),
    (error) => error instanceof PatchError && error.code === 'PATCH_LIMIT',
  );
});

test('a patch of too many operations is refused', () => {
  const patch: Operation[] = Array.from({ length: MAX_OPERATIONS + 1 }, () => ({ op: 'add', path: '/a', value: 1 }));
  assert.throws(
    () => applyPatch({}, patch),
    (error) => error instanceof PatchError && error.code === 'PATCH_LIMIT',
  );
});
