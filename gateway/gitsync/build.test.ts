import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { build, GOOD, loadedAt, MESH, problemsOf, REVISION } from './build-fixture.ts';
import { digestOf } from './canonical-json.ts';

describe('a good source', () => {
  it('gives meshes with their defaults, claimed paths and resolved revisions', async () => {
    const { snapshot, problems } = await build(GOOD);
    assert.deepEqual(problems, []);
    assert.ok(snapshot);
    assert.equal(snapshot.loadedAt, loadedAt);
    assert.deepEqual([...snapshot.paths], [['/edge', 'edge']]);
    const mesh = snapshot.meshes.get('edge');
    assert.ok(mesh);
    const { revisions, tags, ...rest } = mesh;
    assert.deepEqual([...tags], [['prod', 'v1']]);
    assert.deepEqual(rest, {
      name: 'edge',
      provider: 'template',
      paths: ['/edge'],
      defaultRevision: 'v1',
      onError: 'Fail',
      ignoredNamespaces: [],
      deadlineReserveMs: 50,
      share: 1,
      revisionLabel: 'meshgate.dev/rev',
      unknownRevision: 'Default',
      vcluster: 'Skip',
      nativeSidecars: 'Auto',
      cluster: null,
    });
    const revision = revisions.get('v1');
    assert.ok(revision);
    const { digest, ...content } = revision;
    assert.equal(digest, digestOf(content));
    assert.deepEqual(content, {
      mesh: 'edge',
      name: 'v1',
      spec: {
        provider: 'template',
        template: 'spec: {}',
        values: 'a: 1',
        injectKey: 'meshgate.dev/inject',
        policy: 'disabled',
      },
      vcluster: 'Skip',
    });
  });

  it('gives Istio and Linkerd revisions the texts of dumped ConfigMaps', async () => {
    const configMaps = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: istio}
    data: {mesh: "trustDomain: td1"}
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: istio-sidecar-injector}
    data:
      values: '{}'
      config: |
        policy: enabled
        templates: {}
`;
    const { snapshot, problems } = await build({
      'all.yaml': `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: i}
spec: {provider: istio, defaultRevision: 1-24, nativeSidecars: Never, deadlineReserve: 1.5s}
---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: 1-24}
spec:
  mesh: i
  istio:
    injectConfig: {configMap: {file: dump.yaml, key: config}}
    values: {configMap: {file: dump.yaml, key: values, name: istio-sidecar-injector}}
    meshConfig: {configMap: {file: ./dump.yaml, key: mesh}}
    env: {A: b}
---
apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: l}
spec: {provider: linkerd, defaultRevision: e}
---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: e}
spec: {mesh: l, linkerd: {values: {inline: 'linkerdVersion: edge-1'}, trustAnchors: {inline: PEM}}}
`,
      'dump.yaml': configMaps,
    });
    assert.deepEqual(problems, []);
    assert.equal(snapshot?.meshes.get('i')?.deadlineReserveMs, 1500);
    assert.deepEqual(snapshot?.meshes.get('i')?.revisions.get('1-24')?.spec, {
      provider: 'istio',
      injectConfig: 'policy: enabled\ntemplates: {}\n',
      values: '{}',
      meshConfig: 'trustDomain: td1',
      revision: '1-24',
      platform: '',
      compliancePolicy: '',
      env: { A: 'b' },
      nativeSidecars: 'Never',
    });
    assert.deepEqual(snapshot?.meshes.get('l')?.revisions.get('e')?.spec, {
      provider: 'linkerd',
      values: 'linkerdVersion: edge-1',
      trustAnchors: 'PEM',
      controlPlaneNamespace: 'linkerd',
    });
  });

  it('reads cluster snapshots', async () => {
    const { snapshot, problems } = await build({
      ...GOOD,
      'cluster.yaml': `apiVersion: meshgate.dev/v1alpha1
kind: ClusterSnapshot
metadata: {name: prod}
spec:
  namespaces: [{name: shop, labels: {team: a}}]
  owners:
    - apiVersion: apps/v1
      kind: ReplicaSet
      metadata: {name: web-1, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]}
  nodes: [{name: n1, kubeletVersion: v1.33.0}]
`,
    });
    assert.deepEqual(problems, []);
    const cluster = snapshot?.clusters.get('prod');
    assert.deepEqual(cluster?.namespaces.get('shop'), { labels: { team: 'a' }, annotations: {} });
    assert.deepEqual(cluster?.owners.get('ReplicaSet/shop/web-1')?.ownerReferences, [
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true },
    ]);
    assert.deepEqual(cluster?.nodes, [{ name: 'n1', kubeletVersion: 'v1.33.0' }]);
  });

  it("leaves other people's YAML alone, charts and junk kinds among it", async () => {
    assert.deepEqual(
      await problemsOf({
        ...GOOD,
        'chart/templates/x.yaml': '{{ if .Values.x }}\nkind: Mesh\n{{ end }}\n',
        'deploy.yaml': 'apiVersion: apps/v1\nkind: Deployment\nunknown: [\n',
        'notes.yml': 'just: text\n',
      }),
      [],
    );
  });
});

describe('what is wrong with one document', () => {
  const cases: readonly (readonly [name: string, file: string, expected: readonly string[]])[] = [
    [
      'an unknown field, with the nearest name',
      MESH.replace('  tags:', '  tag:'),
      ['edge/mesh.yaml:8:3: error: unknown field "tag" (did you mean "tags"?) [FIELD_UNKNOWN]'],
    ],
    [
      'a missing field',
      MESH.replace('  provider: template\n', ''),
      ['edge/mesh.yaml:4:1: error: spec lacks the field "provider" [FIELD_MISSING]'],
    ],
    [
      'a number where a name belongs',
      MESH.replace('prod: v1', 'prod: 1.24'),
      [
        'edge/mesh.yaml:8:16: error: spec.tags.prod must be a string, not the number 1.24: write it in quotes, "1.24" [FIELD_INVALID]',
      ],
    ],
    [
      'a word outside an enumeration',
      MESH.replace('provider: template', 'provider: Istio'),
      [
        'edge/mesh.yaml:5:13: error: spec.provider must be one of istio, linkerd, template, not "Istio" (did you mean "istio"?) [FIELD_INVALID]',
      ],
    ],
    [
      'a path the apiserver does not allow',
      MESH.replace('/edge', '/Edge/'),
      [
        'edge/mesh.yaml:6:11: error: spec.paths[0] must begin with "/", without a trailing one, in segments of lower-case letters, digits, "-" and ".": the apiserver allows no others, not "/Edge/" [FIELD_INVALID]',
      ],
    ],
    [
      'a tag that can not be part of an address',
      MESH.replace('prod:', 'Prod_1:'),
      [
        'edge/mesh.yaml:8:10: error: spec.tags.Prod_1 has the name "Prod_1", which must be lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit [FIELD_INVALID]',
      ],
    ],
    [
      'a reference in two ways at once',
      REVISION.replace('{file: overlay.tpl}', '{file: overlay.tpl, inline: x}'),
      [
        'edge/v1.yaml:7:5: error: spec.template.template must have exactly one of file, inline, configMap, and has file and inline [FIELD_INVALID]',
      ],
    ],
    [
      'a revision of no provider',
      'apiVersion: meshgate.dev/v1alpha1\nkind: MeshRevision\nmetadata: {name: v1}\nspec:\n  mesh: edge\n',
      [
        'edge/v1.yaml:4:1: error: spec must have exactly one of istio, linkerd, template, and has none of them [FIELD_INVALID]',
      ],
    ],
    [
      'an unknown kind',
      MESH.replace('kind: Mesh', 'kind: Meshes'),
      ['edge/mesh.yaml:2:7: error: unknown kind "Meshes" (did you mean "Mesh"?) [KIND_UNKNOWN]'],
    ],
    [
      'no kind',
      MESH.replace('kind: Mesh\n', ''),
      ['edge/mesh.yaml:1:1: error: the document has no kind [DOCUMENT_INVALID]'],
    ],
    [
      'an unknown version',
      MESH.replace('v1alpha1', 'v9'),
      [
        'edge/mesh.yaml:1:13: error: unknown version "meshgate.dev/v9": this gateway reads meshgate.dev/v1alpha1 [VERSION_UNKNOWN]',
      ],
    ],
    [
      'a reserve that leaves nothing',
      MESH.replace('  tags:', '  deadlineReserve: 1m\n  tags:'),
      ['edge/mesh.yaml:8:20: error: spec.deadlineReserve 1m is more than 10s [FIELD_INVALID]'],
    ],
  ];
  for (const [name, text, expected] of cases) {
    it(name, async () => {
      const path = text.includes('MeshRevision') ? 'edge/v1.yaml' : 'edge/mesh.yaml';
      const found = await problemsOf({ ...GOOD, [path]: text });
      // Taking a mesh away leaves its revision dangling: that is told as well, and is not what is looked at here.
      assert.deepEqual(
        found.filter((line) => !line.includes('_UNDEFINED]')),
        expected,
      );
    });
  }

  it('syntax errors, all of them, without blaming what they hide', async () => {
    const found = await problemsOf({ ...GOOD, 'edge/mesh.yaml': MESH.replace('spec:', 'spec: {') });
    assert.ok(found.length > 0);
    assert.ok(
      found.every((line) => line.includes('[YAML_SYNTAX]')),
      found.join('\n'),
    );
  });
});

describe('what is wrong between documents', () => {
  it('is all told at once, with places', async () => {
    const found = await problemsOf({
      'a.yaml': `${MESH.replace('defaultRevision: v1', 'defaultRevision: prod').replace('{prod: v1}', '{prod: v11, v1: v1}')}  cluster: nowhere
---
${MESH}---
${MESH.replace('name: edge', 'name: other').replace('template', 'istio').replace('paths: [/edge]', 'paths: [/edge, /policies/x, /inject/mesh]')}`,
      'b.yaml': `${REVISION}---
${REVISION}---
${REVISION.replace('mesh: edge', 'mesh: other')}---
${REVISION.replace('mesh: edge', 'mesh: edgy')}`,
      'overlay.tpl': '',
    });
    assert.deepEqual(found, [
      'a.yaml:7:20: error: mesh edge has no revision "prod": it is a tag, name the revision itself [REVISION_UNDEFINED]',
      'a.yaml:8:16: error: tag prod stands for "v11", which is no revision of mesh edge (did you mean "v1"?) [REVISION_UNDEFINED]',
      'a.yaml:8:21: error: the tag "v1" has the name of a revision of mesh edge [TAG_CONFLICT]',
      'a.yaml:9:12: error: there is no ClusterSnapshot "nowhere" [CLUSTER_UNDEFINED]',
      'a.yaml:13:18: error: mesh edge is defined twice: first in a.yaml:3 [NAME_DUPLICATE]',
      'a.yaml:25:11: error: mesh edge already claims the path /edge [PATH_DUPLICATE]',
      "a.yaml:25:18: error: /policies and what is below it are the gateway's own addresses [PATH_RESERVED]",
      "a.yaml:25:31: error: /inject/mesh and what is below it are the gateway's own addresses [PATH_RESERVED]",
      'b.yaml:12:18: error: mesh edge: revision v1 is defined twice: first in b.yaml:3 [NAME_DUPLICATE]',
      'b.yaml:24:3: error: mesh other has the provider istio, and this revision is one of template [PROVIDER_MISMATCH]',
      'b.yaml:32:9: error: there is no mesh "edgy" (did you mean "edge"?) [MESH_UNDEFINED]',
    ]);
  });

  it('a document that is wrong in itself is still there for those that refer to it', async () => {
    const found = await problemsOf({
      ...GOOD,
      'edge/v1.yaml': REVISION.replace('mesh: edge', 'mesh: edge\n  colour: red'),
    });
    assert.deepEqual(found, [
      'edge/v1.yaml:6:3: error: unknown field "colour"; there are mesh, istio, linkerd, template [FIELD_UNKNOWN]',
    ]);
  });

  it('a source without any mesh', async () => {
    assert.deepEqual(await problemsOf({ 'README.md': '' }), [
      'error: the source holds no Mesh: is its path right? [POLICY_EMPTY]',
    ]);
  });

  it('a name that stands twice in a cluster snapshot', async () => {
    const found = await problemsOf({
      ...GOOD,
      'cluster.yaml':
        'apiVersion: meshgate.dev/v1alpha1\nkind: ClusterSnapshot\nmetadata: {name: c}\nspec:\n  namespaces: [{name: a}, {name: a}]\n',
    });
    assert.deepEqual(found, [
      'cluster.yaml:5:34: error: namespace a stands twice in cluster snapshot c [NAME_DUPLICATE]',
    ]);
  });
});
