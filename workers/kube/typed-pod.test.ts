import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../template/value.ts';
import { normalizePod, normalizeTyped, TypedPodError } from './typed-pod.ts';
import { carryUnknownFields } from './unknown-fields.ts';

const EMPTY = { metadata: {}, spec: { containers: null }, status: {} };

test('members that Go always writes come, empty ones go', () => {
  assert.deepEqual(normalizePod({}), EMPTY);
  const pod = {
    apiVersion: 'v1',
    kind: '',
    metadata: { name: 'p', labels: {}, creationTimestamp: null, finalizers: [] },
    spec: {
      hostNetwork: false,
      priority: 0,
      containers: [
        { name: 'a', args: [], env: [{ name: 'E', value: '' }], readinessProbe: { httpGet: {} }, tty: null },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
  };
  assert.deepEqual(normalizePod(pod), {
    apiVersion: 'v1',
    metadata: { name: 'p' },
    spec: {
      priority: 0,
      containers: [{ name: 'a', env: [{ name: 'E' }], readinessProbe: { httpGet: { port: 0 } }, resources: {} }],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
    status: {},
  });
});

test('quantities and times take their canonical text', () => {
  const resources = { limits: { cpu: '2000m', memory: '1024Mi' }, requests: { cpu: 0.5, memory: '1e3' } };
  assert.deepEqual(normalizeTyped('v1.Container', { name: 'a', resources }), {
    name: 'a',
    resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '500m', memory: '1e3' } },
  });
  const times: readonly (readonly [string, string | undefined])[] = [
    ['2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z'],
    ['2020-01-01T00:30:00.999+02:00', '2019-12-31T22:30:00Z'],
    ['2024-02-29T1:02:03,5-01:30', '2024-02-29T02:32:03Z'],
    ['0001-01-01T00:00:00Z', undefined],
  ];
  for (const [text, canonical] of times) {
    assert.equal(normalizePod({ metadata: { creationTimestamp: text } }).metadata.creationTimestamp, canonical);
  }
});

const wrong: readonly (readonly [JsonObject, string])[] = [
  [{ spec: { containers: [{ name: 'a' }, { name: 1 }] } }, 'spec.containers[1].name'],
  [{ spec: { containers: {} } }, 'spec.containers'],
  [{ spec: { priority: '1' } }, 'spec.priority'],
  [{ spec: { priority: 1.5 } }, 'spec.priority'],
  [{ spec: { priority: 2 ** 31 } }, 'spec.priority'],
  [{ spec: { hostNetwork: 'true' } }, 'spec.hostNetwork'],
  [{ metadata: { labels: { a: 1 } } }, 'metadata.labels.a'],
  [{ metadata: { labels: ['a'] } }, 'metadata.labels'],
  [{ metadata: { creationTimestamp: '2020-02-30T00:00:00Z' } }, 'metadata.creationTimestamp'],
  [{ spec: { overhead: { cpu: 'much' } } }, 'spec.overhead.cpu'],
  [{ spec: { overhead: { cpu: {} } } }, 'spec.overhead.cpu'],
  [
    { spec: { containers: [{ livenessProbe: { tcpSocket: { port: true } } }] } },
    'spec.containers[0].livenessProbe.tcpSocket.port',
  ],
];
for (const [pod, path] of wrong) {
  test(`a wrong type is refused with its path: ${path} of ${JSON.stringify(pod)}`, () => {
    assert.throws(
      () => normalizePod(pod),
      (error) => error instanceof TypedPodError && error.code === 'POD_TYPE' && error.path === path,
    );
  });
}

test('a pod in typed form is returned itself, and what is in that form is shared', () => {
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'a', resources: {} }] }, status: {} };
  assert.equal(normalizePod(pod), pod);
  const normal = normalizePod({ ...pod, metadata: { name: 'p', labels: null } });
  assert.equal(normal.spec, pod.spec);
});

test('names match without regard to case as in encoding/json, or exactly as in apimachinery', () => {
  const pod = { Spec: { HOSTNAME: 'h', ho\u017Ft: 1 } };
  assert.deepEqual(normalizePod(pod).spec, { hostname: 'h', containers: null });
  assert.deepEqual(normalizePod(pod, { names: 'exact' }), EMPTY);
  assert.deepEqual(normalizePod({ spec: { hostname: 'a', Hostname: null } }).spec.hostname, 'a');
});

test('unknown members are dropped, or kept in place', () => {
  const pod = { spec: { containers: [{ name: 'a', later: { x: null } }], unknown: 1 }, constructor: 'c' };
  assert.deepEqual(normalizePod(pod), {
    metadata: {},
    spec: { containers: [{ name: 'a', resources: {} }] },
    status: {},
  });
  assert.deepEqual(normalizePod(pod, { unknownFields: 'keep' }), {
    metadata: {},
    spec: { containers: [{ name: 'a', later: { x: null }, resources: {} }], unknown: 1 },
    status: {},
    constructor: 'c',
  });
});

test('unknown members of the raw pod are carried over by their index', () => {
  const raw = { later: 1, spec: { containers: [{ name: 'app', later: 'x' }, { name: 'b' }] }, metadata: { name: 'p' } };
  const typed = { spec: { containers: [{ name: 'proxy' }, { name: 'app' }, { name: 'b' }] }, metadata: { name: 'p' } };
  assert.deepEqual(carryUnknownFields(raw, typed), {
    spec: { containers: [{ name: 'proxy', later: 'x' }, { name: 'app' }, { name: 'b' }] },
    metadata: { name: 'p' },
    later: 1,
  });
  assert.equal(carryUnknownFields({ spec: { containers: [{ name: 'a' }] } }, typed), typed);
});

test('members called __proto__ stay members', () => {
  const pod = JSON.parse(
    '{"metadata": {"labels": {"__proto__": "x", "a": null}}, "__proto__": {"polluted": 1}}',
  ) as JsonObject;
  const normal = normalizePod(pod, { unknownFields: 'keep' });
  assert.equal(JSON.stringify(normal.metadata), '{"labels":{"__proto__":"x","a":""}}');
  assert.equal(Object.getPrototypeOf(normal), Object.prototype);
  assert.equal(JSON.stringify(carryUnknownFields(pod, normalizePod(pod))).includes('"__proto__":{"polluted":1}'), true);
  assert.equal('polluted' in {}, false);
});

test('normalizing twice is normalizing once, and leaves its input alone', () => {
  const scalar = fc.constantFrom<JsonValue>(null, '', 'a', 0, 7, true, false);
  const object = fc.dictionary(
    fc.constantFrom(
      'metadata',
      'spec',
      'containers',
      'env',
      'name',
      'value',
      'labels',
      'resources',
      'limits',
      'cpu',
      'Name',
      'x',
    ),
    fc.oneof(scalar, fc.constant<JsonValue>('1024Mi')),
  );
  const pods = fc
    .record({ metadata: object, spec: fc.record({ containers: fc.array(object), hostname: scalar }) })
    .map((pod) => pod as unknown as JsonObject);
  fc.assert(
    fc.property(pods, fc.constantFrom('folded', 'exact'), (pod, names) => {
      const text = JSON.stringify(pod);
      try {
        const once = normalizePod(pod, { names });
        assert.equal(normalizePod(once, { names }), once);
      } catch (error) {
        assert.ok(error instanceof TypedPodError);
      }
      assert.equal(JSON.stringify(pod), text);
    }),
    { interruptAfterTimeLimit: 4_000, numRuns: 2_000 },
  );
});
