import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import fastJsonPatch from 'fast-json-patch';
import type { JsonObject, JsonValue } from '../template/value.ts';
import { applyPatch } from './apply.ts';
import { deepEqual, MAX_JSON_DEPTH } from './deep-equal.ts';
import { diff, MAX_LIST_OPERATIONS } from './diff.ts';
import { PatchError } from './operation.ts';
import { provePatch } from './prove.ts';

const container = (name: string, image = 'i'): JsonObject => ({ name, image });
const pod = (...containers: JsonObject[]): JsonObject => ({ spec: { containers } });

test('an inserted element is one add, wherever it stands', () => {
  const [a, b, c] = [container('a'), container('b'), container('c')];
  const added = container('istio-proxy');
  const add = (at: number): unknown => [{ op: 'add', path: `/spec/containers/${at}`, value: added }];
  assert.deepEqual(diff(pod(a, b, c), pod(added, a, b, c)), add(0));
  assert.deepEqual(diff(pod(a, b, c), pod(a, added, b, c)), add(1));
  assert.deepEqual(diff(pod(a, b, c), pod(a, b, c, added)), add(3));
});

test('a changed element between inserted ones is changed in place', () => {
  const before = pod(container('a'), container('b'));
  const after = pod(container('x'), container('a', 'new'), container('y'), container('b'));
  const patch = diff(before, after);
  assert.deepEqual(patch.map(({ op, path }) => `${op} ${path}`).sort(), [
    'add /spec/containers/0',
    'add /spec/containers/1',
    'replace /spec/containers/0/image',
  ]);
  assert.ok(provePatch(before, after, patch));
});

test('a removed element is one remove, a moved one a remove and an add', () => {
  const [a, b, c] = [container('a'), container('b'), container('c')];
  assert.deepEqual(diff(pod(a, b, c), pod(a, c)), [{ op: 'remove', path: '/spec/containers/1' }]);
  const patch = diff(pod(a, b, c), pod(c, a, b));
  assert.deepEqual(patch.map(({ op }) => op).sort(), ['add', 'remove']);
});

test('volume mounts are told apart by where they are mounted', () => {
  const mount = (mountPath: string, name: string): JsonObject => ({ name, mountPath });
  const before = { mounts: [mount('/a', 'v'), mount('/b', 'v')] };
  const after = { mounts: [mount('/new', 'v'), mount('/a', 'v'), mount('/b', 'v')] };
  assert.deepEqual(diff(before, after), [{ op: 'add', path: '/mounts/0', value: mount('/new', 'v') }]);
});

test('a list of which nothing is left is replaced', () => {
  assert.deepEqual(diff({ args: ['a', 'b', 'c'] }, { args: ['x', 'y'] }), [
    { op: 'replace', path: '/args', value: ['x', 'y'] },
  ]);
  assert.deepEqual(diff({ args: ['a'] }, { args: [] }), [{ op: 'replace', path: '/args', value: [] }]);
  assert.deepEqual(diff({ args: [] }, { args: [] }), []);
});

test('member names are escaped, also those that look like built-in members', () => {
  const after = JSON.parse('{"a/b~c": 1, "__proto__": 2, "constructor": 3, "": 4}') as JsonObject;
  const patch = diff({}, after);
  assert.deepEqual(
    patch.map(({ path }) => path),
    ['/a~1b~0c', '/__proto__', '/constructor', '/'],
  );
  const applied = applyPatch({}, patch) as JsonObject;
  assert.ok(deepEqual(applied, after));
  assert.equal(Object.getPrototypeOf(applied), Object.prototype);
  assert.equal(Object.hasOwn(applied, '__proto__'), true);
});

test('null is a value: setting it is not removing it', () => {
  assert.deepEqual(diff({ a: 1 }, { a: null }), [{ op: 'replace', path: '/a', value: null }]);
  assert.deepEqual(diff({}, { a: null }), [{ op: 'add', path: '/a', value: null }]);
  assert.deepEqual(diff({ a: null }, {}), [{ op: 'remove', path: '/a' }]);
});

test('20,000 environment variables cost milliseconds, not minutes', () => {
  const env = (count: number, offset: number): JsonObject[] =>
    Array.from({ length: count }, (_, i) => ({ name: `V${i + offset}`, value: `${i}` }));
  const cases: readonly (readonly [JsonObject[], JsonObject[]])[] = [
    [env(20_000, 0), [{ name: 'FIRST', value: '' }, ...env(20_000, 0)]],
    [env(20_000, 0), env(20_000, 0).reverse()],
    [env(20_000, 0), env(20_000, 10_000)],
    [env(20_000, 0), env(20_000, 0).map((variable, i) => (i % 2 === 0 ? variable : { ...variable, value: 'new' }))],
  ];
  for (const [before, after] of cases) {
    const patch = diff({ env: before }, { env: after });
    assert.ok(patch.length <= MAX_LIST_OPERATIONS, `${patch.length} operations`);
    const start = performance.now();
    assert.ok(provePatch({ env: before }, { env: after }, diff({ env: before }, { env: after })));
    // Generous for a busy machine; a quadratic comparison takes many seconds.
    assert.ok(performance.now() - start < 2_000);
  }
});

test('values nested beyond the limit are refused with a code', () => {
  let a: JsonValue = 1;
  let b: JsonValue = 2;
  for (let i = 0; i <= MAX_JSON_DEPTH + 1; i++) [a, b] = [{ a }, { a: b }];
  for (const call of [() => diff(a, b), () => deepEqual(a, b)]) {
    assert.throws(call, (error) => error instanceof PatchError && error.code === 'PATCH_LIMIT');
  }
  assert.equal(provePatch({ a }, { a: b }, []), false);
});

/** JSON with small lists of named things and awkward member names, so that changes meet each other. */
const json = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  object: fc
    .uniqueArray(
      fc.tuple(
        fc.constantFrom('a', 'b', 'name', 'mountPath', 'x/y', 'm~n', '', '0', '__proto__', 'constructor'),
        tie('value'),
      ),
      { selector: ([key]) => key, maxLength: 4 },
    )
    .map((entries) => Object.fromEntries(entries) as JsonObject),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, false, 0, 1, '', 'a', 'b'),
    tie('object'),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), v: fc.nat(2) }).map((element) => element as JsonObject),
      { maxLength: 6 },
    ),
  ),
})).object;

const timeBox = { interruptAfterTimeLimit: 5_000, numRuns: 2_000 };

test('a patch gives what it was made for, by our rules and by fast-json-patch', () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const texts = [JSON.stringify(before), JSON.stringify(after)];
      const patch = diff(before, after);
      assert.ok(provePatch(before, after, patch));
      assert.deepEqual([JSON.stringify(before), JSON.stringify(after)], texts, 'an input was changed');
      assert.equal(patch.length === 0, deepEqual(before, after));
      if (texts.join().includes('__proto__')) return; // which fast-json-patch refuses to touch
      const copy = JSON.parse(JSON.stringify({ before, patch })) as { before: JsonObject; patch: [] };
      const theirs = fastJsonPatch.applyPatch(copy.before, copy.patch, true).newDocument;
      assert.ok(deepEqual(theirs as JsonValue, after));
    }),
    timeBox,
  );
});

test('a patch that is made for something else is not proved', () => {
  fc.assert(
    fc.property(json, json, json, (before, after, other) => {
      fc.pre(!deepEqual(after, other));
      assert.equal(provePatch(before, other, diff(before, after)), false);
    }),
    timeBox,
  );
});
