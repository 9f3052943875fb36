import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { pointerOf } from './change.ts';
import { comparePods, MAX_CHANGES } from './compare-pods.ts';

function told(from: JsonObject, to: JsonObject, application: readonly string[] = []): readonly string[] {
  return comparePods(from, to, new Set(application)).map(
    ({ kind, action, path, from: a, to: b }) =>
      `${kind} ${action} ${pointerOf(path)} ${JSON.stringify(a)} ${JSON.stringify(b)}`,
  );
}

function pod(containers: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return { spec: { containers: [...containers], ...more } };
}

test('elements are found by their names, wherever they stand', () => {
  const env = (...names: readonly string[]) => names.map((name) => ({ name, value: name.toLowerCase() }));
  const from = pod([{ name: 'p', image: 'p:1', env: env('A', 'B') }]);
  const to = pod([{ name: 'p', image: 'p:2', env: [{ name: 'N', valueFrom: { x: 'y' } }, ...env('A')] }]);
  assert.deepEqual(told(from, to), [
    'image changed /spec/containers/p/image "p:1" "p:2"',
    'env removed /spec/containers/p/env/B "b" undefined',
    'env added /spec/containers/p/env/N undefined {"valueFrom":{"x":"y"}}',
  ]);
});

test('a flag is the name of its value', () => {
  const from = pod([{ name: 'i', args: ['run', '-u', '1337', '--level=warning', '-x', ''] }]);
  const to = pod([{ name: 'i', args: ['run', '-u', '1338', '--level=info', '-x', '', '-v'] }]);
  assert.deepEqual(told(from, to), [
    'args changed /spec/containers/i/args/-u "1337" "1338"',
    'args changed /spec/containers/i/args/--level "warning" "info"',
    'args added /spec/containers/i/args/-v undefined "-v"',
  ]);
});

test('a container that goes to the other list is moved, and compared within', () => {
  const from = pod([{ name: 'app' }, { name: 'p', image: 'a' }]);
  const to = pod([{ name: 'app' }], { initContainers: [{ name: 'p', image: 'a', restartPolicy: 'Always' }] });
  assert.deepEqual(told(from, to), [
    'container moved /spec/initContainers/p "containers" "initContainers"',
    'other added /spec/initContainers/p/restartPolicy undefined "Always"',
  ]);
});

test('containers of one name in both lists are two', () => {
  const both = (image: string) => pod([{ name: 'p', image }], { initContainers: [{ name: 'p', image: 'same' }] });
  assert.deepEqual(told(both('a'), both('b')), ['image changed /spec/containers/p/image "a" "b"']);
});

test("the application's containers have one name", () => {
  const probe = (name: string, path: string) => pod([{ name, livenessProbe: { httpGet: { path } } }]);
  assert.deepEqual(told(probe('web', '/a'), probe('web', '/b'), ['web']), [
    'probe changed /spec/containers/*/livenessProbe/httpGet/path "/a" "/b"',
  ]);
});

test('texts that hold JSON are compared within', () => {
  const annotated = (value: string) => ({ metadata: { annotations: { 'a/b': value } } });
  assert.deepEqual(told(annotated('{"x":{"y":1},"z":[]}'), annotated('{"x":{"y":2},"z":[]}')), [
    'annotation changed /metadata/annotations/a~1b/x/y 1 2',
  ]);
  assert.deepEqual(told(annotated('{"x": 1}'), annotated('{"x":1}')), [
    'annotation changed /metadata/annotations/a~1b "{\\"x\\": 1}" "{\\"x\\":1}"',
  ]);
});

test('order counts, quantities and empty members do not', () => {
  const from = pod([{ name: 'a' }, { name: 'b', resources: { limits: { cpu: '1' } } }], { volumes: [] });
  const to = pod([{ name: 'b', resources: { limits: { cpu: '1000m' } }, env: [] }, { name: 'a' }]);
  assert.deepEqual(told(from, to), ['order moved /spec/containers "a, b" "b, a"']);
});

test('labels and volumes are told one by one where the other pod has none', () => {
  const to = { metadata: { labels: { a: '1', b: '2' } }, spec: { volumes: [{ name: 'v', emptyDir: {} }] } };
  assert.deepEqual(told({}, to), [
    'label added /metadata/labels/a undefined "1"',
    'label added /metadata/labels/b undefined "2"',
    'volume added /spec/volumes/v undefined {"emptyDir":{}}',
  ]);
});

test('there are differences exactly where the pods are not the same', () => {
  const word = fc.constantFrom('a', 'b', 'name', 'limits', 'cpu', '1', '1000m', '{"a":1}', '-a', '');
  const value = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.constantFrom<JsonValue>(null, 1, true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(word, tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  const member = fc.constantFrom('containers', 'initContainers', 'volumes', 'args', 'resources', 'x');
  const spec = fc.dictionary(member, value, { maxKeys: 3 });
  const anyPod = fc.dictionary(fc.constantFrom('metadata', 'spec'), fc.oneof(spec, value), { maxKeys: 2 });
  fc.assert(
    fc.property(anyPod, anyPod, (from, to) => {
      const isSame = firstDifference(from, to) === null;
      assert.equal(comparePods(from, to, new Set()).length === 0, isSame);
      assert.deepEqual(comparePods(from, from, new Set(['a'])), []);
    }),
    { numRuns: 2_000 },
  );
});

test('two pods have a bounded number of differences', () => {
  const labels = Object.fromEntries(Array.from({ length: MAX_CHANGES + 50 }, (_, index) => [`l${index}`, '']));
  assert.equal(comparePods({}, { metadata: { labels } }, new Set()).length, MAX_CHANGES);
});
