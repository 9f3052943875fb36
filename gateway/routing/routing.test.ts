import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RevisionSource } from '../../workers/protocol.ts';
import { decodeReview, type ReviewHeader } from '../admission/decode.ts';
import type { ClusterSnapshot, Mesh, Snapshot } from '../snapshot.ts';
import { ClusterView } from './cluster.ts';
import { parseParams } from './params.ts';
import { Router } from './router.ts';
import { findClaim, parseUrl } from './target.ts';

const pairs = (rest: string): [string, string][] => Object.entries(parseParams(rest));

describe('pairs of a path', () => {
  test('are read as the injector of Istio reads them', () => {
    const cases: [string, [string, string][]][] = [
      ['', []],
      [
        'cluster/c1/net/n1',
        [
          ['cluster', 'c1'],
          ['net', 'n1'],
        ],
      ],
      [
        'cluster/c1/net/n1/',
        [
          ['cluster', 'c1'],
          ['net', 'n1'],
        ],
      ],
      ['cluster/c1/net', [['cluster', 'c1']]],
      ['custom_env/v1/net/', [['custom_env', 'v1']]],
      [
        'cluster/a--slash--b--slash--/x--slash--y/z',
        [
          ['cluster', 'a/b/'],
          ['x--slash--y', 'z'],
        ],
      ],
      [
        'cluster//net/n',
        [
          ['cluster', ''],
          ['net', 'n'],
        ],
      ],
      ['/v/k/w', [['k', 'w']]],
      [
        'a/1/b/2/a/3',
        [
          ['b', '2'],
          ['a', '3'],
        ],
      ],
      ['__proto__/x', [['__proto__', 'x']]],
      [
        ':ENV:a=b:ENV:c=d=e:ENV:=x:ENV:y:ENV:z=',
        [
          ['a', 'b'],
          ['c', 'd=e'],
          ['z', ''],
        ],
      ],
    ];
    for (const [rest, expected] of cases) assert.deepEqual(pairs(rest), expected, rest);
  });
});

describe('a URL', () => {
  test('names its timeout as the apiserver writes it; a bad one is the default, a long one is cut', () => {
    const cases: [string, number][] = [
      ['/inject', 10_000],
      ['/inject?timeout=5s', 5_000],
      ['/inject?dry=1&timeout=500ms', 500],
      ['/inject?timeout=1m', 30_000],
      ['/inject?timeout=0s', 10_000],
      ['/inject?timeout=-5s', 10_000],
      ['/inject?timeout=soon', 10_000],
      ['/inject?timeout=', 10_000],
    ];
    for (const [url, ms] of cases) assert.equal(parseUrl(url).timeoutMs, ms, url);
  });

  test('names a mesh, and a revision only right behind it', () => {
    const target = (url: string) => parseUrl(url).target;
    const params = Object.assign(Object.create(null), { net: 'n' }) as Record<string, string>;
    assert.deepEqual(target('/inject/mesh/a/net/n'), { kind: 'mesh', mesh: 'a', revision: null, params });
    assert.deepEqual(target('/inject/mesh/a/rev/r/net/n'), { kind: 'mesh', mesh: 'a', revision: 'r', params });
    const later = target('/inject/mesh/a/net/n/rev/r');
    assert.ok(later.kind === 'mesh' && later.revision === null && later.params['rev'] === 'r');
    assert.deepEqual(target('/inject/mesh/'), { kind: 'path', path: '/inject/mesh/' });
    assert.deepEqual(target('https://host:1/inject?x'), { kind: 'path', path: '/inject' });
    assert.deepEqual(target('/a%2Fb'), { kind: 'path', path: '/a/b' });
    assert.deepEqual(target('/%ff'), { kind: 'malformed' });
  });

  test('belongs to the longest claim that covers it', () => {
    const claims = new Map([
      ['/inject', 'a'],
      ['/inject/east', 'b'],
      ['/', 'c'],
      ['/v1/hook/', 'd'],
    ]);
    const cases: [string, { mesh: string; rest: string } | null][] = [
      ['/inject', { mesh: 'a', rest: '' }],
      ['/inject/', { mesh: 'a', rest: '' }],
      ['/inject/cluster/x', { mesh: 'a', rest: 'cluster/x' }],
      ['/inject/east/cluster/x', { mesh: 'b', rest: 'cluster/x' }],
      ['/inject/eastern', { mesh: 'a', rest: 'eastern' }],
      ['/injector', null],
      ['/', { mesh: 'c', rest: '' }],
      ['/other', null],
      ['/v1/hook/k/v', { mesh: 'd', rest: 'k/v' }],
    ];
    for (const [path, claim] of cases) assert.deepEqual(findClaim(path, claims), claim, path);
  });
});

function mesh(changes: Partial<Mesh> = {}): Mesh {
  const revision = (name: string): RevisionSource => ({
    digest: name,
    mesh: 'm',
    name,
    spec: { provider: 'template', template: '', values: '', injectKey: '', policy: 'enabled' },
  });
  return {
    name: 'm',
    provider: 'linkerd',
    paths: [],
    defaultRevision: 'prod',
    tags: new Map([['prod', '1-24']]),
    onError: 'Fail',
    ignoredNamespaces: [],
    deadlineReserveMs: 0,
    share: 1,
    revisionLabel: 'meshgate.dev/rev',
    unknownRevision: 'Default',
    vcluster: 'Skip',
    nativeSidecars: 'Auto',
    cluster: null,
    revisions: new Map([
      ['1-24', revision('1-24')],
      ['1-25', revision('1-25')],
    ]),
    ...changes,
  };
}

function cluster(name: string, changes: Partial<ClusterSnapshot> = {}): ClusterSnapshot {
  return { name, namespaces: new Map(), owners: new Map(), nodes: [], ...changes };
}

function snapshot(meshes: Mesh[], clusters: ClusterSnapshot[] = []): Snapshot {
  return {
    revision: 'r',
    loadedAt: new Date(0),
    meshes: new Map(meshes.map((each) => [each.name, each])),
    paths: new Map(),
    clusters: new Map(clusters.map((each) => [each.name, each])),
    policies: null,
  };
}

function headerOf(request: object): ReviewHeader {
  const text = JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: { uid: 'u', ...request },
  });
  const decoded = decodeReview(Buffer.from(text));
  assert.ok(decoded.ok);
  return decoded.header;
}

describe('the router', () => {
  test('takes names and tags, in the path and as the default', () => {
    const router = new Router(snapshot([mesh()]));
    const revision = (url: string): string => {
      const resolution = router.resolve(url);
      return resolution.ok ? resolution.route.revision.name : resolution.code;
    };
    assert.equal(revision('/inject/mesh/m'), '1-24');
    assert.equal(revision('/inject/mesh/m/rev/1-25'), '1-25');
    assert.equal(revision('/inject/mesh/m/rev/prod'), '1-24');
    assert.equal(revision('/inject/mesh/m/rev/other'), 'REVISION_NOT_FOUND');
    assert.equal(revision('/inject/mesh/x'), 'MESH_UNKNOWN');
    assert.equal(revision('/x'), 'PATH_UNKNOWN');
    assert.equal(revision('/inject/mesh/m'), '1-24', 'also when it is asked again');
  });

  test('gives the cluster that the URL names, else the one of the mesh, else the watched one, else the only one', () => {
    let watches = false;
    const named = (url: string, own: string | null, ...names: string[]): unknown => {
      const namespaces = (name: string) => new Map([['ns', { labels: { cluster: name }, annotations: {} }]]);
      const [watched = null, ...clusters] = ['live', ...names].map((name) =>
        cluster(name, { namespaces: namespaces(name) }),
      );
      const router = new Router(snapshot([mesh({ cluster: own })], clusters), [], watches ? watched : null);
      const resolution = router.resolve(url);
      assert.ok(resolution.ok);
      const view = resolution.route.cluster;
      return view?.contextFor(headerOf({ namespace: 'ns' }), false).namespace?.labels['cluster'];
    };
    assert.equal(named('/inject/mesh/m/cluster/b', 'a', 'a', 'b'), 'b');
    assert.equal(named('/inject/mesh/m/cluster/x', 'a', 'a', 'b'), 'a');
    assert.equal(named('/inject/mesh/m', 'a', 'a', 'b'), 'a');
    assert.equal(named('/inject/mesh/m', null, 'a'), 'a');
    assert.equal(named('/inject/mesh/m', null, 'a', 'b'), undefined);
    assert.equal(named('/inject/mesh/m', null), undefined);
    watches = true;
    assert.equal(named('/inject/mesh/m/cluster/b', 'a', 'a', 'b'), 'b');
    assert.equal(named('/inject/mesh/m', null, 'a'), 'live');
    assert.equal(named('/inject/mesh/m', null), 'live');
  });
});

describe('the context of a review', () => {
  const owner = (kind: string, name: string, above?: [string, string]) => {
    const references =
      above === undefined ? [] : [{ apiVersion: 'apps/v1', kind: above[0], name: above[1], controller: true }];
    const record = { apiVersion: 'apps/v1', kind, name, namespace: 'ns', ownerReferences: references };
    return [`${kind}/ns/${name}`, record] as const;
  };
  const view = new ClusterView(
    cluster('c', {
      namespaces: new Map([
        ['ns', { labels: { a: 'b' }, annotations: {} }],
        ['own', { labels: { own: 'yes' }, annotations: {} }],
      ]),
      owners: new Map([
        owner('ReplicaSet', 'web-1', ['Deployment', 'web']),
        owner('Deployment', 'web'),
        owner('ReplicaSet', 'other', ['Deployment', 'web']),
        owner('Job', 'loop', ['Job', 'loop']),
      ]),
      nodes: [
        { name: 'n1', kubeletVersion: 'v1.33.0' },
        { name: 'n2', kubeletVersion: 'v1.33.0' },
        { name: 'n3', kubeletVersion: 'v1.30.0' },
      ],
    }),
  );
  const pod = (metadata: object, spec: object = {}) => headerOf({ namespace: 'ns', object: { metadata, spec } });

  test('has the owners that the pod leads to and no others', () => {
    const owners = (kind: string, name: string): string[] => {
      return Object.keys(view.contextFor(pod({ ownerReferences: [{ kind, name }] }), false).owners);
    };
    assert.deepEqual(owners('ReplicaSet', 'web-1'), ['ReplicaSet/ns/web-1', 'Deployment/ns/web']);
    assert.deepEqual(owners('ReplicaSet', 'unknown'), []);
    assert.deepEqual(owners('Job', 'loop'), ['Job/ns/loop']);
    assert.deepEqual(owners('__proto__', 'x'), []);
    assert.equal(view.contextFor(pod({}), false).ownersKnown, true);
  });

  test('has one node of each version, and the one that the pod is bound to', () => {
    const nodes = (spec: object): string[] => view.contextFor(pod({}, spec), false).nodes.map(({ name }) => name);
    assert.deepEqual(nodes({}), ['n1', 'n3']);
    assert.deepEqual(nodes({ nodeName: 'n2' }), ['n1', 'n3', 'n2']);
    assert.deepEqual(nodes({ nodeName: 'n3' }), ['n1', 'n3']);
    assert.deepEqual(nodes({ nodeName: 'gone' }), ['n1', 'n3']);
  });

  test("has the request's namespace, or the pod's own where that counts", () => {
    const header = pod({ namespace: 'own' });
    assert.deepEqual(view.contextFor(header, false).namespace?.labels, { a: 'b' });
    assert.deepEqual(view.contextFor(header, true).namespace?.labels, { own: 'yes' });
    assert.deepEqual(view.contextFor(pod({}), true).namespace?.labels, { a: 'b' });
    assert.equal(view.contextFor(headerOf({ namespace: 'nowhere' }), true).namespace, null);
  });

  test('is the same object for all reviews of a namespace that need no more, so that a batch carries it once', () => {
    assert.equal(view.contextFor(pod({}), false), view.contextFor(pod({ name: 'x' }), false));
  });

  test('survives pods that are no pods', () => {
    for (const object of [
      null,
      [],
      5,
      { metadata: null },
      { metadata: [] },
      { metadata: { ownerReferences: {} } },
      { spec: 1 },
    ]) {
      assert.deepEqual(view.contextFor(headerOf({ namespace: 'ns', object }), true).owners, Object.create(null));
    }
  });
});
