/** What holds for every pod, however odd. Time-boxed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyPatch } from '../../jsonpatch/apply.ts';
import { encodePatch } from '../../jsonpatch/encode-patch.ts';
import type { RevisionSource } from '../../protocol.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import type { Container, Pod } from '../istio/pod.ts';
import type { CompiledRevision, InjectDecision } from '../provider.ts';
import { compileLinkerdRevision } from './compile.ts';

const TIME_BOX_MS = 1_000;
const RUNS = { numRuns: 100_000, interruptAfterTimeLimit: TIME_BOX_MS, markInterruptAsFailure: false };

function values(native: boolean, cni: boolean): string {
  return `
linkerdVersion: edge-26.8.1
clusterDomain: cluster.local
cniEnabled: ${cni}
identity: {serviceAccountTokenProjection: true}
proxy:
  image: {name: registry.example/proxy, version: proxy-1}
  ports: {admin: 4191, control: 4190, inbound: 4143, outbound: 4140}
  resources: {cpu: {request: 100m}}
  livenessProbe: {}
  readinessProbe: {}
  metrics: {hostnameLabels: false}
  opaquePorts: "25,3306"
  nativeSidecar: ${native}
  await: true
  tracing: {enabled: false, labels: {}}
  uid: 2102
proxyInit: {iptablesMode: nft, runAsUser: 65534, xtMountPath: {name: lock, mountPath: /run}}
networkValidator: {timeout: 10s}
debugContainer: {image: {name: registry.example/debug, version: debug-1}}
`;
}

const sources = [
  [true, false],
  [false, false],
  [false, true],
].map(
  ([native = false, cni = false]): RevisionSource => ({
    digest: '',
    mesh: 'linkerd',
    name: 'test',
    spec: {
      provider: 'linkerd',
      values: values(native, cni),
      trustAnchors: 'PEM',
      controlPlaneNamespace: 'linkerd',
    },
  }),
);
const revisions = sources.map(compileLinkerdRevision);

function inject(revision: number, object: JsonObject, namespace: Readonly<Record<string, string>>): InjectDecision {
  const chosen = revisions[revision % revisions.length];
  if (chosen === undefined) throw new Error('no revision');
  return injectWith(chosen, object, namespace);
}

function injectWith(
  revision: CompiledRevision,
  object: JsonObject,
  namespace: Readonly<Record<string, string>>,
): InjectDecision {
  return revision.inject({
    uid: 'u',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'shop',
    operation: 'CREATE',
    object,
    params: {},
    cluster: { namespace: { labels: {}, annotations: namespace }, owners: {}, nodes: [], nodesKnown: false },
  });
}

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom(
    'true',
    'enabled',
    'a: b',
    '"',
    '},]',
    '{{ . }}',
    '\n',
    '__proto__',
    '1500m',
    '4191',
    '60s',
    '1,http',
  ),
);
const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const setting = fc.constantFrom(
  'proxy-cpu-request',
  'proxy-cpu-limit',
  'proxy-cpu-ratio-limit',
  'proxy-memory-limit',
  'proxy-image',
  'proxy-version',
  'proxy-uid',
  'proxy-gid',
  'proxy-log-level',
  'opaque-ports',
  'skip-inbound-ports',
  'skip-subnets',
  'admin-port',
  'outbound-port',
  'proxy-await',
  'proxy-enable-native-sidecar',
  'proxy-additional-env',
  'enable-debug-sidecar',
  'access-log',
  'shutdown-grace-period',
  'proxy-outbound-connect-timeout',
  'default-inbound-policy',
);
const key = fc.oneof(
  text,
  setting.map((each) => `config.linkerd.io/${each}`),
  fc.constantFrom('__proto__', 'toString', 'constructor', 'linkerd.io/created-by', 'resource.opentelemetry.io/x'),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const map = fc.array(fc.tuple(key, text), { maxLength: 5 }).map((entries) => Object.fromEntries(entries) as JsonObject);
/** Not the opaque ports: an injection adds none of those itself. */
const port = fc.nat(65535).filter((each) => each !== 25 && each !== 3306);
const container = fc.record({
  name,
  image: text,
  args: optional(fc.array(text, { maxLength: 3 })),
  env: optional(fc.array(fc.record({ name: text, value: text }), { maxLength: 3 })),
  ports: optional(fc.array(fc.record({ name, containerPort: fc.oneof(port, fc.constant(3306)) }), { maxLength: 2 })),
  securityContext: optional(
    fc.record({ capabilities: fc.record({ add: fc.array(text), drop: fc.array(fc.constantFrom('ALL', 'NET_RAW')) }) }),
  ),
  readinessProbe: optional(fc.record({ httpGet: fc.record({ path: text, port: fc.oneof(port, name) }) })),
});
/** Names are unique over both lists, and the user's alone. */
const containers = fc
  .uniqueArray(container, { minLength: 1, maxLength: 5, selector: (item) => item.name })
  .chain((all) =>
    fc.nat(all.length - 1).map((inits) => ({ containers: all.slice(inits), initContainers: all.slice(0, inits) })),
  );

/** Without the members that are undefined, as JSON has it. */
function plain(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

const volumes = fc.uniqueArray(fc.record({ name, emptyDir: fc.constant({}) }), {
  maxLength: 3,
  selector: (volume) => volume.name,
});
const pod = fc
  .record({
    metadata: fc.record({ name, labels: optional(map), annotations: optional(map) }),
    spec: fc
      .tuple(containers, fc.record({ volumes: optional(volumes), unknown: optional(fc.jsonValue()) }))
      .map(([lists, rest]) => ({ ...lists, ...rest })),
  })
  .map(plain);
const namespace = map.map(
  (annotations) => ({ ...annotations, 'linkerd.io/inject': 'enabled' }) as Record<string, string>,
);
const revision = fc.nat(revisions.length - 1);

function injected(which: number, object: JsonObject, annotations: Record<string, string>): Pod | null {
  const decision = inject(which, object, annotations);
  if (decision.kind === 'failed') assert.fail(JSON.stringify(decision));
  return decision.kind === 'patched' ? (applyPatch(object, decision.patch) as Pod) : null;
}

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([member, item]) => [member, reversed(item)]),
  );
}

test('what a revision has injected before does not show in what it injects', () => {
  fc.assert(
    fc.property(revision, pod, namespace, (which, object, annotations) => {
      const source = sources[which] as RevisionSource;
      const used = inject(which, object, annotations);
      const fresh = injectWith(compileLinkerdRevision(source), object, annotations);
      assert.deepEqual(used, fresh);
      if (used.kind === 'patched') assert.equal(encodePatch(used.patch), JSON.stringify(used.patch));
    }),
    RUNS,
  );
});

test('the patch applies, and what is the user’s survives it', () => {
  let patched = 0;
  fc.assert(
    fc.property(revision, pod, namespace, (which, object, annotations) => {
      const before = JSON.stringify([object, annotations]);
      const after = injected(which, object, annotations);
      assert.equal(JSON.stringify([object, annotations]), before, 'the request is not changed');
      if (after === null) return;
      patched++;
      const own = object as unknown as Pod;
      for (const list of ['containers', 'initContainers'] as const) {
        const wanted = (own.spec[list] ?? []) as Container[];
        const names = new Set(wanted.map((item) => item.name));
        assert.deepEqual(
          (after.spec[list] ?? []).filter((item) => names.has(item.name)),
          wanted,
        );
      }
      assert.deepEqual(after.spec['unknown'], own.spec['unknown']);
      assert.deepEqual((after.spec.volumes ?? []).slice(0, own.spec.volumes?.length ?? 0), own.spec.volumes ?? []);
      const proxies = [...(after.spec.initContainers ?? []), ...(after.spec.containers ?? [])];
      assert.equal(proxies.filter((item) => item.name === 'linkerd-proxy').length, 1);
    }),
    RUNS,
  );
  assert.ok(patched > 20, `${patched} pods were injected`);
});

test('a second injection changes nothing, whichever revision makes it', () => {
  fc.assert(
    fc.property(revision, revision, pod, namespace, (which, other, object, annotations) => {
      const once = injected(which, object, annotations);
      if (once === null) return;
      const again = inject(other, once, annotations);
      assert.equal(again.kind, 'skipped');
      assert.deepEqual(again.kind === 'skipped' ? (again.patch ?? []) : [], []);
    }),
    RUNS,
  );
});

test('the order of members does not matter', () => {
  fc.assert(
    fc.property(revision, pod, namespace, (which, object, annotations) => {
      const other = injected(which, reversed(object) as JsonObject, reversed(annotations) as Record<string, string>);
      assert.deepEqual(other, injected(which, object, annotations));
    }),
    RUNS,
  );
});

test('nothing in a pod or namespace reaches a prototype', () => {
  fc.assert(
    fc.property(revision, pod, namespace, fc.jsonValue(), (which, object, annotations, value) => {
      const polluted = `{"__proto__":{"polluted":${JSON.stringify(value)}},`;
      const hostile = JSON.parse(
        JSON.stringify(object)
          .replace('"metadata":{', () => `"metadata":${polluted}`)
          .replace('"spec":{', () => `"spec":${polluted}`),
      ) as JsonObject;
      const around = JSON.parse(`{"__proto__":"x","constructor":"y",${JSON.stringify(annotations).slice(1)}`);
      injected(which, hostile, around);
      assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
      assert.equal(({} as JsonObject)['polluted'], undefined);
    }),
    RUNS,
  );
});
