import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RevisionSource } from '../../workers/protocol.ts';
import { decodeReview, type ReviewHeader } from '../admission/decode.ts';
import { podLabel } from '../admission/pod-label.ts';
import { sealRollout } from '../rollout/rollout.ts';
import type { ClusterSnapshot, Mesh, Snapshot } from '../snapshot.ts';
import { Router } from './router.ts';

const spec = { provider: 'template', template: '', values: '', injectKey: '', policy: 'enabled' } as const;
const revision = (name: string): [string, RevisionSource] => [name, { digest: name, mesh: 'm', name, spec }];

function meshOf(changes: Partial<Mesh> = {}): Mesh {
  return {
    name: 'm',
    provider: 'istio',
    paths: [],
    defaultRevision: '1-24',
    tags: new Map([['canary', '1-25']]),
    revisionLabel: 'istio.io/rev',
    unknownRevision: 'Default',
    onError: 'Fail',
    ignoredNamespaces: [],
    deadlineReserveMs: 0,
    share: 1,
    vcluster: 'Skip',
    nativeSidecars: 'Auto',
    cluster: null,
    revisions: new Map([revision('1-24'), revision('1-25'), revision('1-26')]),
    ...changes,
  };
}

type Labels = Readonly<Record<string, string>>;

/** A rollout from the default to 1-26 that nobody has a say in but the weight: everybody belongs to its cohort, or nobody. */
const ROLLOUT = sealRollout(
  {
    ...{ name: 'r', mesh: 'm', from: '1-24', to: '1-26', namespaceSelector: null, objectSelector: null },
    ...{ intervalMs: 1, threshold: 1, steps: [100], iterations: 1, metrics: [], webhooks: [] },
    ...{ skipAnalysis: false, suspend: false },
  },
  [],
);

/** @param weight of the rollout. */
function routerOf(mesh: Mesh, namespace: Labels | null, weight: 0 | 100 = 0): Router {
  const namespaces = new Map(namespace === null ? [] : [['shop', { labels: namespace, annotations: {} }]]);
  const cluster: ClusterSnapshot = { name: 'c', namespaces, owners: new Map(), nodes: [] };
  const snapshot: Snapshot = {
    revision: 'r',
    loadedAt: new Date(0),
    meshes: new Map([['m', mesh]]),
    paths: new Map([['/inject', 'm']]),
    clusters: new Map([['c', cluster]]),
    policies: null,
    rollouts: new Map([['r', ROLLOUT]]),
  };
  return new Router(snapshot, [{ rollout: 'r', digest: ROLLOUT.digest, weight, promoted: false }]);
}

function headerOf(object: unknown): ReviewHeader {
  const request = { uid: 'u', namespace: 'shop', object };
  const text = JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
  const decoded = decodeReview(Buffer.from(text));
  assert.ok(decoded.ok);
  return decoded.header;
}

/** The chosen revision's name, with `!` behind it where there is a warning; or why the pod is denied. */
function chosen(router: Router, pod: Labels, url = '/inject'): string {
  const resolution = router.resolve(url);
  assert.ok(resolution.ok);
  const choice = router.choose(resolution.route, headerOf({ metadata: { name: 'web', labels: pod }, spec: {} }));
  return choice.ok ? `${choice.revision.name}${choice.warning === null ? '' : '!'}` : choice.message;
}

describe('the revision of a pod', () => {
  it("follows the path, then the namespace's labels, then the pod's, then the cohort, then the default", () => {
    const rev = (name: string) => ({ 'istio.io/rev': name });
    const cohort = 100;
    const cases: readonly (readonly [url: string, namespace: Labels | null, pod: Labels, weight: 0 | 100, string])[] = [
      ['/inject', {}, {}, 0, '1-24'],
      ['/inject', {}, {}, cohort, '1-26'],
      ['/inject', {}, rev('1-25'), cohort, '1-25'],
      ['/inject', {}, rev('canary'), cohort, '1-25'],
      ['/inject', null, rev('canary'), 0, '1-25'],
      ['/inject', rev('1-24'), rev('1-25'), cohort, '1-24'],
      ['/inject', rev('canary'), {}, 0, '1-25'],
      ['/inject', { ...rev('1-25'), 'istio-injection': 'enabled' }, rev('1-25'), 0, '1-24'],
      ['/inject', { 'istio-injection': 'enabled' }, rev('1-25'), cohort, '1-26'],
      ['/inject', rev(''), rev('1-25'), 0, '1-25'],
      ['/inject', rev('default'), {}, 0, '1-24'],
      ['/inject/mesh/m/rev/1-26', rev('1-24'), rev('1-25'), cohort, '1-26'],
      ['/inject/mesh/m/rev/canary', rev('1-24'), {}, 0, '1-25'],
      ['/inject/mesh/m/cluster/c', {}, rev('1-25'), 0, '1-25'],
    ];
    for (const [url, namespace, pod, weight, expected] of cases) {
      const router = routerOf(meshOf(), namespace, weight);
      assert.equal(chosen(router, pod, url), expected, JSON.stringify([url, namespace, pod]));
    }
  });

  it('is the default with a warning, or none, where a label names one that the mesh does not have', () => {
    const pod = { 'istio.io/rev': '1-23' };
    assert.equal(chosen(routerOf(meshOf(), {}), pod), '1-24!');
    assert.equal(chosen(routerOf(meshOf(), {}, 100), pod), '1-24!', 'a cohort is for those that ask for nothing');
    const denying = meshOf({ unknownRevision: 'Deny' });
    assert.equal(chosen(routerOf(denying, {}), pod), 'label istio.io/rev=1-23 of the pod names no revision of mesh m');
    assert.match(chosen(routerOf(denying, pod), {}), /^label istio.io\/rev=1-23 of the namespace/);
    assert.equal(chosen(routerOf(denying, { 'istio-injection': 'enabled' }), pod), '1-24');
    for (const name of ['__proto__', 'constructor']) {
      assert.equal(chosen(routerOf(meshOf(), {}), { 'istio.io/rev': name }), '1-24!');
    }
  });

  it('is read from the label that the mesh names; istio-injection is for Istio alone', () => {
    const linkerd = meshOf({ provider: 'linkerd', revisionLabel: 'meshgate.dev/rev' });
    const pod = { 'meshgate.dev/rev': '1-25', 'istio.io/rev': '1-26' };
    assert.equal(chosen(routerOf(linkerd, { 'istio-injection': 'enabled' }), pod), '1-25');
  });

  it('costs no look at the pod where there is only one, unless others are denied', () => {
    const look = () => assert.fail('the object was looked at');
    const never = { ...headerOf({}), object: look, podLabel: look } as ReviewHeader;
    const single = { revisions: new Map([revision('1-24')]), tags: new Map<string, string>() };
    const router = routerOf(meshOf(single), { 'istio.io/rev': '1-25' });
    const resolution = router.resolve('/inject');
    assert.ok(resolution.ok);
    assert.equal(router.choose(resolution.route, never).ok, true);
    assert.notEqual(
      chosen(routerOf(meshOf({ ...single, unknownRevision: 'Deny' }), {}), { 'istio.io/rev': 'x' }),
      '1-24',
    );
  });
});

describe('a label', () => {
  const read = (json: string) => podLabel(Buffer.from(json), Buffer.from('a/b'));

  it('is read as JSON.parse reads it', () => {
    const cases: readonly (readonly [json: string, value: string | undefined])[] = [
      ['{"metadata":{"labels":{"x":"1","a/b":"v"}}}', 'v'],
      ['{"spec":{"metadata":{"labels":{"a/b":"no"}}},"metadata":{"name":"n","labels":{"a/b":"v"}}}', 'v'],
      ['{"metadata":{"labels":{"a/b":"1"},"labels":{"a/b":"2"}}}', '2'],
      ['{"metadata":{"labels":{"a/b":"1"}},"metadata":{}}', undefined],
      ['{"metadata":{"labels":{"a/b":"1"},"labels":null}}', undefined],
      ['{"metadata":{"labels":{"a\\/b":"v"}}}', 'v'],
      ['{"metadata":{"labels":{"a/b":"\\u0076"}}}', 'v'],
      ['{"metadata":{"labels":{"a/b":5}}}', undefined],
      ['{"metadata":{"labels":{"a/b":""}}}', undefined],
      ['{"metadata":{"labels":[]}}', undefined],
      ['{"metadata":7}', undefined],
      ['[]', undefined],
      ['', undefined],
      ['{"metadata":{"labels":{"a/b":"v"', undefined],
    ];
    for (const [json, value] of cases) assert.equal(read(json), value, json);
  });

  it('is the same as parsing gives for any JSON', () => {
    const labels = fc.dictionary(
      fc.constantFrom('a/b', 'c', '__proto__', 'é'),
      fc.oneof(fc.string(), fc.constant('v')),
    );
    const metadata = fc.record({ labels, name: fc.string(), more: fc.jsonValue() }, { requiredKeys: [] });
    const pods = fc.record(
      { metadata: fc.oneof(metadata, fc.jsonValue()), spec: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(pods, fc.constantFrom(0, 2), (pod, indent) => {
        const json = JSON.stringify(pod, null, indent);
        const parsed = JSON.parse(json) as { metadata?: { labels?: Record<string, unknown> } };
        const value = parsed.metadata?.labels?.['a/b'];
        assert.equal(read(json), typeof value === 'string' && value !== '' ? value : undefined);
      }),
      { numRuns: 500 },
    );
  });
});
