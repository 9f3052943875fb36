/** What holds for every pod, however odd. Time-boxed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyPatch } from '../../jsonpatch/apply.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { injector } from './fixture.ts';
import type { Container, Pod } from './pod.ts';

const TIME_BOX_MS = 3_000;
const RUNS = { numRuns: 100_000, interruptAfterTimeLimit: TIME_BOX_MS, markInterruptAsFailure: false };

const inject = injector();
const other = injector({ revision: 'green' });

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom(
    'true',
    'null',
    'a: b',
    '- x',
    '"',
    "'",
    '{{ . }}',
    '0x1F',
    '\n',
    '__proto__',
    'constructor',
    '15020',
  ),
);
const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const key = fc.oneof(text, fc.constantFrom('__proto__', 'toString', 'sidecar.istio.io/inject', 'prometheus.io/port'));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const map = fc.array(fc.tuple(key, text), { maxLength: 4 }).map((entries) => Object.fromEntries(entries) as JsonObject);
const probe = fc.oneof(
  fc.record({ httpGet: fc.record({ path: text, port: fc.oneof(fc.nat(65535), name) }) }),
  fc.record({ tcpSocket: fc.record({ port: fc.oneof(fc.nat(65535), name) }) }),
  fc.record({ exec: fc.record({ command: fc.array(text, { maxLength: 2 }) }) }),
);
const container = fc.record({
  name: fc.oneof(
    { weight: 6, arbitrary: name },
    { weight: 1, arbitrary: fc.constantFrom('istio-proxy', 'istio-init') },
  ),
  image: fc.oneof(text, fc.constant('auto')),
  args: optional(fc.array(text, { maxLength: 3 })),
  env: optional(fc.array(fc.record({ name: text, value: text }), { maxLength: 3 })),
  ports: optional(fc.array(fc.record({ name, containerPort: fc.nat(65535) }), { maxLength: 2 })),
  readinessProbe: optional(probe),
  livenessProbe: optional(probe),
});
/** Names are unique over both lists. */
const containers = fc
  .uniqueArray(container, { minLength: 1, maxLength: 5, selector: (item) => item.name })
  .chain((all) =>
    fc.nat(all.length - 1).map((inits) => ({ containers: all.slice(inits), initContainers: all.slice(0, inits) })),
  );

/** Without the members that are undefined, as JSON has it. */
function plain(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

const pod = fc
  .record({
    metadata: fc.record({ name, labels: optional(map), annotations: optional(map) }),
    spec: fc
      .tuple(
        containers,
        fc.record({
          volumes: optional(
            fc.uniqueArray(fc.record({ name, emptyDir: fc.constant({}) }), {
              maxLength: 3,
              selector: (volume) => volume.name,
            }),
          ),
          unknown: optional(fc.jsonValue()),
        }),
      )
      .map(([lists, rest]) => ({ ...lists, ...rest })),
  })
  .map(plain);

function injected(object: JsonObject): Pod | null {
  const decision = inject(object);
  if (decision.kind === 'failed') assert.fail(JSON.stringify(decision));
  return decision.kind === 'patched' ? (applyPatch(object, decision.patch) as Pod) : null;
}

function shuffled(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([member, item]) => [member, shuffled(item)]),
  );
}

test('the patch applies, and the user’s containers and volumes survive it', () => {
  fc.assert(
    fc.property(pod, (object) => {
      const before = JSON.stringify(object);
      const after = injected(object);
      assert.equal(JSON.stringify(object), before, 'the request’s object is not changed');
      if (after === null) return;
      const present = new Map(
        [...(after.spec.containers ?? []), ...(after.spec.initContainers ?? [])].map((item) => [item.name, item]),
      );
      for (const list of ['containers', 'initContainers'] as const) {
        for (const own of ((object['spec'] as Pod['spec'])[list] ?? []) as Container[]) {
          const kept = present.get(own.name);
          assert.ok(kept, own.name);
          if (own.image !== 'auto' && own.image !== '') assert.equal(kept.image, own.image);
          if (own.args?.length) assert.deepEqual(kept.args, own.name === 'istio-init' ? kept.args : own.args);
        }
      }
      assert.deepEqual(after.spec['unknown'], (object['spec'] as Pod['spec'])['unknown']);
      const volumes = new Set(after.spec.volumes?.map((volume) => volume.name));
      for (const volume of (object['spec'] as Pod['spec']).volumes ?? []) assert.ok(volumes.has(volume.name));
    }),
    RUNS,
  );
});

test('a second injection changes nothing, also after another revision’s', () => {
  fc.assert(
    fc.property(pod, (object) => {
      const once = injected(object);
      if (once === null) return;
      assert.equal(inject(once).kind, 'skipped');
      const switched = other(once);
      if (switched.kind !== 'patched') return;
      const twice = applyPatch(once, switched.patch) as JsonObject;
      assert.equal(other(twice).kind, 'skipped');
    }),
    RUNS,
  );
});

test('the order of members does not matter', () => {
  fc.assert(
    fc.property(pod, (object) => {
      assert.deepEqual(injected(shuffled(object) as JsonObject), injected(object));
    }),
    RUNS,
  );
});

test('nothing in a pod reaches a prototype', () => {
  fc.assert(
    fc.property(pod, fc.jsonValue(), (object, value) => {
      const hostile = JSON.parse(
        JSON.stringify(object).replace(
          '"metadata":{',
          () => `"metadata":{"__proto__":{"polluted":${JSON.stringify(value)}},`,
        ),
      ) as JsonObject;
      injected(hostile);
      assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
      assert.equal(({} as JsonObject)['polluted'], undefined);
    }),
    RUNS,
  );
});
