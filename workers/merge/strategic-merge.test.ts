import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../template/value.ts';
import { MergeError, type MergeErrorCode } from './merge-error.ts';
import { MAX_MERGE_DEPTH } from './merge-run.ts';
import { mergeType } from './merge-schema.ts';
import { strategicMergePatch } from './strategic-merge.ts';

function freeze<T extends JsonValue>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) freeze(member);
    Object.freeze(value);
  }
  return value;
}

/** Merges frozen copies, so that any write to an input throws. */
function merge(original: JsonObject, patch: JsonObject): JsonObject {
  return strategicMergePatch(freeze(structuredClone(original)), freeze(structuredClone(patch)));
}

const spec = (members: JsonObject): JsonObject => ({ spec: members });
const named = (...names: string[]): JsonObject[] => names.map((name) => ({ name }));

const merges: readonly (readonly [string, JsonObject, JsonObject, JsonObject])[] = [
  [
    'objects merge, null deletes',
    { metadata: { labels: { a: '1', b: '2' } } },
    { metadata: { labels: { b: null, c: '3' } } },
    { metadata: { labels: { a: '1', c: '3' } } },
  ],
  [
    "new elements come before the object's own",
    spec({ containers: named('app') }),
    spec({ containers: named('proxy') }),
    spec({ containers: named('proxy', 'app') }),
  ],
  [
    'an element merges into the one with its key',
    spec({ containers: [{ name: 'a', image: 'x' }, { name: 'b' }] }),
    spec({ containers: [{ name: 'b', image: 'y' }] }),
    spec({
      containers: [
        { name: 'a', image: 'x' },
        { name: 'b', image: 'y' },
      ],
    }),
  ],
  [
    'a list without the strategy merge is replaced',
    spec({ tolerations: [{ key: 'a' }] }),
    spec({ tolerations: [{ key: 'b' }] }),
    spec({ tolerations: [{ key: 'b' }] }),
  ],
  [
    'ports merge by containerPort',
    spec({ containers: [{ name: 'a', ports: [{ containerPort: 1, name: 'x' }] }] }),
    spec({ containers: [{ name: 'a', ports: [{ containerPort: 1, protocol: 'UDP' }] }] }),
    spec({ containers: [{ name: 'a', ports: [{ containerPort: 1, name: 'x', protocol: 'UDP' }] }] }),
  ],
  [
    'finalizers merge as a set',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { finalizers: ['b', 'c'] } },
    { metadata: { finalizers: ['a', 'b', 'c'] } },
  ],
  [
    '$patch: delete takes an element out',
    spec({ containers: named('a', 'b') }),
    spec({ containers: [{ name: 'a', $patch: 'delete' }] }),
    spec({ containers: named('b') }),
  ],
  [
    '$patch: replace replaces a list',
    spec({ containers: named('a', 'b') }),
    spec({ containers: [{ $patch: 'replace' }, { name: 'c' }] }),
    spec({ containers: named('c') }),
  ],
  [
    '$patch: replace replaces an object',
    spec({ securityContext: { runAsUser: 1 } }),
    spec({ securityContext: { $patch: 'replace', fsGroup: 2 } }),
    spec({ securityContext: { fsGroup: 2 } }),
  ],
  [
    '$patch: delete empties an object',
    spec({ securityContext: { runAsUser: 1 } }),
    spec({ securityContext: { $patch: 'delete' } }),
    spec({ securityContext: {} }),
  ],
  [
    '$retainKeys drops the other members',
    spec({ volumes: [{ name: 'v', emptyDir: {} }] }),
    spec({ volumes: [{ name: 'v', hostPath: { path: '/' }, $retainKeys: ['name', 'hostPath'] }] }),
    spec({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
  ],
  [
    '$deleteFromPrimitiveList takes scalars out',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    { metadata: { finalizers: ['b'] } },
  ],
  [
    'beside the list itself, $deleteFromPrimitiveList comes second',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a', 'c'], finalizers: ['c', 'd'] } },
    { metadata: { finalizers: ['d', 'b'] } },
  ],
  [
    '$setElementOrder puts elements in order',
    spec({ containers: named('a', 'b', 'c') }),
    spec({ '$setElementOrder/containers': named('c', 'a'), containers: [{ name: 'a', image: 'x' }] }),
    spec({ containers: [{ name: 'b' }, { name: 'c' }, { name: 'a', image: 'x' }] }),
  ],
  [
    'what meets nothing is taken without nulls and directives',
    {},
    spec({ containers: [{ name: 'a', image: null, securityContext: { $patch: 'delete' } }, { $patch: 'replace' }] }),
    spec({ containers: [{ name: 'a' }] }),
  ],
  [
    'an element that meets none is taken as it is',
    spec({ containers: named('b') }),
    spec({ containers: [{ name: 'a', image: null }] }),
    spec({ containers: [{ name: 'a', image: null }, { name: 'b' }] }),
  ],
  [
    'another type replaces',
    spec({ hostname: 'x', containers: {} }),
    spec({ hostname: { a: 1 }, containers: named('a') }),
    spec({ hostname: { a: 1 }, containers: named('a') }),
  ],
  [
    'a name in another case finds its field, and stays another member',
    spec({ Containers: named('a') }),
    spec({ Containers: named('b') }),
    spec({ Containers: named('b', 'a') }),
  ],
];
for (const [name, original, patch, merged] of merges) {
  test(name, () => assert.deepEqual(merge(original, patch), merged));
}

const fails: readonly (readonly [string, JsonObject, JsonObject, MergeErrorCode, string])[] = [
  [
    'an unknown $patch',
    spec({ securityContext: {} }),
    spec({ securityContext: { $patch: 'merge' } }),
    'MERGE_DIRECTIVE',
    'spec.securityContext',
  ],
  [
    '$patch: merge in a list',
    spec({ containers: named('a') }),
    spec({ containers: [{ name: 'a', $patch: 'merge' }] }),
    'MERGE_DIRECTIVE',
    'spec.containers',
  ],
  [
    'an element without its key',
    spec({ containers: named('a') }),
    spec({ containers: [{ image: 'x' }] }),
    'MERGE_KEY_MISSING',
    'spec.containers',
  ],
  [
    'an element of the object without its key',
    spec({ containers: [{ image: 'x' }] }),
    spec({ containers: named('a') }),
    'MERGE_KEY_MISSING',
    'spec.containers',
  ],
  [
    'keys that are objects',
    spec({ containers: [{ name: {} }] }),
    spec({ containers: [{ name: {} }] }),
    'MERGE_KEY_TYPE',
    'spec.containers',
  ],
  [
    'scalars among objects',
    spec({ containers: named('a') }),
    spec({ containers: ['a'] }),
    'MERGE_LIST_ELEMENTS',
    'spec.containers',
  ],
  [
    'null in a merging list',
    { metadata: { finalizers: [null] } },
    { metadata: { finalizers: ['a'] } },
    'MERGE_LIST_ELEMENTS',
    'metadata.finalizers',
  ],
  ['objects under an unknown member', { x: {} }, { x: { a: {} }, y: 1 }, 'MERGE_UNKNOWN_FIELD', 'x'],
  [
    'objects in a map of strings',
    { metadata: { labels: { a: {} } } },
    { metadata: { labels: { a: {} } } },
    'MERGE_UNKNOWN_FIELD',
    'metadata.labels.a',
  ],
  [
    '$retainKeys that leaves out what the patch sets',
    spec({ volumes: named('v') }),
    spec({ volumes: [{ name: 'v', emptyDir: {}, $retainKeys: ['name'] }] }),
    'MERGE_RETAIN_KEYS',
    'spec.volumes[0]',
  ],
  [
    '$setElementOrder that the patch does not follow',
    spec({ containers: named('a') }),
    spec({ '$setElementOrder/containers': named('a', 'b'), containers: named('b', 'a') }),
    'MERGE_ELEMENT_ORDER',
    'spec',
  ],
  ['$setElementOrder without a member', {}, { $setElementOrder: [] }, 'MERGE_ELEMENT_ORDER', ''],
  ['$deleteFromPrimitiveList without a member', {}, { $deleteFromPrimitiveList: [] }, 'MERGE_DELETE_LIST', ''],
];
for (const [name, original, patch, code, path] of fails) {
  test(`${name}: ${code}`, () => {
    assert.throws(
      () => merge(original, patch),
      (error) => error instanceof MergeError && error.code === code && error.path === path,
    );
  });
}

test('an empty patch returns the object itself, and so does one that says what is there', () => {
  const pod = { metadata: { labels: { a: '1' } }, spec: { containers: [{ name: 'a', args: ['x'] }], volumes: [] } };
  assert.equal(strategicMergePatch(pod, {}), pod);
  assert.equal(strategicMergePatch(pod, { metadata: { labels: { a: '1' } }, spec: { containers: named('a') } }), pod);
});

test('what the patch does not touch is shared', () => {
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'a' }], volumes: [{ name: 'v' }] } };
  const merged = strategicMergePatch(pod, spec({ containers: named('b') }));
  assert.equal(merged.metadata, pod.metadata);
  assert.equal((merged.spec as JsonObject).volumes, pod.spec.volumes);
  assert.equal(((merged.spec as JsonObject).containers as JsonObject[])[1], pod.spec.containers[0]);
});

test('a part of a pod merges with its own type', () => {
  const merged = strategicMergePatch({ env: named('a') }, { env: named('b') }, mergeType('v1.Container'));
  assert.deepEqual(merged, { env: named('b', 'a') });
  assert.throws(() => mergeType('v1.Nothing'), /no type v1.Nothing/);
});

test('members with the names of built-in ones are members', () => {
  const original = JSON.parse('{"metadata": {"labels": {"constructor": "a", "toString": "b"}}}') as JsonObject;
  const patch = JSON.parse(
    '{"__proto__": {"polluted": 1}, "metadata": {"labels": {"__proto__": "x", "constructor": null, "valueOf": "c"}}}',
  ) as JsonObject;
  const merged = merge(original, patch);
  assert.equal(
    JSON.stringify(merged),
    '{"metadata":{"labels":{"toString":"b","__proto__":"x","valueOf":"c"}},"__proto__":{"polluted":1}}',
  );
  assert.equal(Object.getPrototypeOf(merged), Object.prototype);
  assert.equal('polluted' in {}, false);
  assert.throws(
    () => merge(patch, patch),
    (error) => error instanceof MergeError && error.code === 'MERGE_UNKNOWN_FIELD',
  );
});

test('nesting beyond the limit is refused with a code', () => {
  let deep: JsonObject = {};
  for (let i = 0; i < MAX_MERGE_DEPTH; i++) deep = { a: deep };
  assert.throws(
    () => strategicMergePatch({}, { unknown: deep }),
    (error) => error instanceof MergeError && error.code === 'MERGE_DEPTH',
  );
});

test('lists of 20,000 elements merge in time that grows with their size', () => {
  const env = (offset: number): JsonObject[] => Array.from({ length: 20_000 }, (_, i) => ({ name: `V${i + offset}` }));
  const pod = spec({ containers: [{ name: 'a', env: env(0) }] });
  const patches = [
    { env: env(10_000) },
    { env: env(10_000).map((element) => ({ ...element, $patch: 'delete' })) },
    { env: env(10_000), '$setElementOrder/env': [] },
    { env: env(0), '$setElementOrder/env': env(0).reverse() },
  ];
  const start = performance.now();
  for (const [i, patch] of patches.entries()) {
    const call = (): JsonObject => strategicMergePatch(pod, spec({ containers: [{ name: 'a', ...patch }] }));
    if (i === 3) assert.throws(call, MergeError);
    else call();
  }
  // Generous for a busy machine; quadratic work takes many seconds.
  assert.ok(performance.now() - start < 4_000);
});

/** Pods and patches with few names, so that keys meet, and with directives, nulls and wrong types now and then. */
const name = fc.constantFrom('a', 'b', 'c', 'd');
const list = <T extends JsonValue>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(element, { maxLength: 4 });
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const withoutUndefined = (object: unknown): JsonObject => JSON.parse(JSON.stringify(object)) as JsonObject;
function element(patch: boolean): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      name,
      value: optional(fc.constantFrom<JsonValue>('x', 'y', null, 1)),
      args: optional(list(name)),
      env: optional(list(fc.record({ name, value: fc.constantFrom('x', 'y') }) as fc.Arbitrary<JsonObject>)),
      $patch: patch
        ? fc.option(fc.constantFrom('delete', 'replace', 'bogus'), { nil: undefined, freq: 8 })
        : fc.constant(undefined),
    })
    .map(withoutUndefined);
}
function podLike(patch: boolean): fc.Arbitrary<JsonObject> {
  const labels = fc.dictionary(
    fc.constantFrom('a', 'b', '__proto__', 'constructor'),
    fc.constantFrom<JsonValue>('x', 'y', null),
  );
  return fc
    .record({
      metadata: fc.record({
        labels: optional(labels),
        finalizers: optional(list(name)),
        '$deleteFromPrimitiveList/finalizers': patch ? optional(list(name)) : fc.constant(undefined),
      }),
      spec: fc.record({
        containers: optional(list(element(patch))),
        volumes: optional(list(element(patch))),
        tolerations: optional(list(element(patch))),
        hostname: optional(fc.constantFrom<JsonValue>('x', null, 1)),
        '$setElementOrder/containers': patch
          ? fc.option(list(fc.record({ name })), { nil: undefined, freq: 3 })
          : fc.constant(undefined),
      }),
    })
    .map(withoutUndefined);
}
const timeBox = { interruptAfterTimeLimit: 4_000, numRuns: 2_000 };

/** The merged pod, or the error's code. */
function outcome(original: JsonObject, patch: JsonObject): JsonObject | string {
  try {
    return strategicMergePatch(freeze(original), freeze(patch));
  } catch (error) {
    if (error instanceof MergeError) return 'error';
    throw error;
  }
}

function reversed<T extends JsonValue>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as unknown as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member as JsonValue)]),
  ) as T;
}

test('an empty patch changes nothing, whatever the pod', () => {
  fc.assert(
    fc.property(podLike(false), (pod) => assert.equal(strategicMergePatch(pod, {}), pod)),
    timeBox,
  );
});

test('the order of members does not change the outcome', () => {
  fc.assert(
    fc.property(podLike(false), podLike(true), (pod, patch) => {
      assert.deepEqual(outcome(reversed(pod), reversed(patch)), outcome(pod, patch));
    }),
    timeBox,
  );
});

test('merging neither writes to its inputs nor to any prototype', () => {
  const members = Object.getOwnPropertyNames(Object.prototype).sort();
  fc.assert(
    fc.property(podLike(false), podLike(true), (pod, patch) => {
      const texts = [JSON.stringify(pod), JSON.stringify(patch)];
      const merged = outcome(pod, patch);
      assert.deepEqual([JSON.stringify(pod), JSON.stringify(patch)], texts);
      assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), members);
      if (typeof merged !== 'string') assert.equal(Object.getPrototypeOf(merged), Object.prototype);
    }),
    timeBox,
  );
});
