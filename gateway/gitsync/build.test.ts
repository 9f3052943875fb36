import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CompileSource } from '../../workers/protocol.ts';
import { type Build, type BuildCache, buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import { digestOf } from './canonical-json.ts';
import { MAX_DOCUMENTS, MAX_POLICY_FILE_BYTES, MAX_REFERENCED_FILE_BYTES } from './limits.ts';
import { formatProblem, orderProblems } from './problem.ts';
import { createSchemaCheck } from './schema-check.ts';
import type { SourceTree } from './tree.ts';

type Files = Readonly<Record<string, string | Buffer>>;

const check = createSchemaCheck();
const loadedAt = new Date('2026-01-01T00:00:00Z');

function treeOf(files: Files, prefix = ''): SourceTree & { readonly reads: string[] } {
  const contents = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  const reads: string[] = [];
  return {
    revision: `main@sha1:${'0'.repeat(40)}`,
    prefix,
    files: new Map(
      [...contents].map(([path, bytes]) => [
        path,
        { path, bytes: bytes.length, id: digestOf(bytes.toString('latin1')) },
      ]),
    ),
    problems: [],
    reads,
    read: async (wanted) => {
      reads.push(...wanted.map(({ path }) => path));
      return new Map(wanted.map(({ path }) => [path, contents.get(path) ?? Buffer.alloc(0)]));
    },
  };
}

interface Overrides {
  readonly cache?: BuildCache;
  readonly compile?: (source: CompileSource) => ReturnType<Parameters<typeof buildSnapshot>[2]['compile']>;
}

async function build(
  files: Files | SourceTree,
  { cache = EMPTY_BUILD_CACHE, compile = async () => [] }: Overrides = {},
): Promise<Build> {
  const tree = 'revision' in files && files.files instanceof Map ? (files as SourceTree) : treeOf(files as Files);
  return buildSnapshot(tree, cache, { check, compile, loadedAt, signal: new AbortController().signal });
}

async function problemsOf(files: Files | SourceTree, overrides?: Overrides): Promise<readonly string[]> {
  return orderProblems((await build(files, overrides)).problems).map(formatProblem);
}

const MESH = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: edge}
spec:
  provider: template
  paths: [/edge]
  defaultRevision: v1
  tags: {prod: v1}
`;
const REVISION = `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: v1}
spec:
  mesh: edge
  template:
    template: {file: overlay.tpl}
    values: {inline: "a: 1"}
`;
const GOOD: Files = { 'edge/mesh.yaml': MESH, 'edge/v1.yaml': REVISION, 'edge/overlay.tpl': 'spec: {}' };

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

describe('references', () => {
  for (const [name, reference, expected] of [
    [
      'an absolute path',
      '{file: /etc/passwd}',
      "edge/v1.yaml:7:22: error: /etc/passwd is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a path that leaves the source',
      '{file: ../../x}',
      "edge/v1.yaml:7:22: error: ../../x is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a path that leaves and comes back',
      '{file: ../../edge/overlay.tpl}',
      "edge/v1.yaml:7:22: error: ../../edge/overlay.tpl is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a path with backslashes',
      "{file: '..\\..\\x'}",
      "edge/v1.yaml:7:22: error: ..\\..\\x is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a file that is not there',
      '{file: overlay.tlp}',
      'edge/v1.yaml:7:22: error: there is no file edge/overlay.tlp in the source (did you mean overlay.tpl?) [REFERENCE_MISSING]',
    ],
    [
      'a file that is not text',
      '{file: ../junk.bin}',
      'edge/v1.yaml:7:22: error: junk.bin is not text in UTF-8 [FILE_NOT_TEXT]',
    ],
    [
      'a file that is too large',
      '{file: ../huge.bin}',
      `edge/v1.yaml:7:22: error: huge.bin has ${MAX_REFERENCED_FILE_BYTES + 1} bytes; the limit is ${MAX_REFERENCED_FILE_BYTES} [FILE_TOO_LARGE]`,
    ],
    [
      'a key that is not there',
      '{configMap: {file: ../cm.yaml, key: nope}}',
      'edge/v1.yaml:7:51: error: the ConfigMap in cm.yaml has no key nope; it has config [REFERENCE_MISSING]',
    ],
    [
      'no ConfigMap',
      '{configMap: {file: mesh.yaml, key: config}}',
      'edge/v1.yaml:7:34: error: edge/mesh.yaml holds no ConfigMap [REFERENCE_MISSING]',
    ],
    [
      'another ConfigMap',
      '{configMap: {file: ../cm.yaml, key: config, name: b}}',
      'edge/v1.yaml:7:65: error: cm.yaml holds no ConfigMap b [REFERENCE_MISSING]',
    ],
    [
      'a ConfigMap that is not YAML',
      '{configMap: {file: ../broken.yaml, key: config}}',
      'broken.yaml:2:1: error: Flow sequence in block collection must be sufficiently indented and end with a ] [REFERENCE_INVALID]',
    ],
  ] as const) {
    it(`to ${name}`, async () => {
      const found = await problemsOf({
        ...GOOD,
        'edge/v1.yaml': REVISION.replace('{file: overlay.tpl}', reference),
        'junk.bin': Buffer.from([0, 1, 2, 255]),
        'huge.bin': Buffer.alloc(MAX_REFERENCED_FILE_BYTES + 1, 97),
        'cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {config: x}\n',
        'broken.yaml': 'data: [\n',
      });
      assert.deepEqual(found, [expected]);
    });
  }

  it('may go up, as long as they stay in the source', async () => {
    assert.deepEqual(
      await problemsOf({ ...GOOD, 'edge/v1.yaml': REVISION.replace('overlay.tpl', '../edge/overlay.tpl') }),
      [],
    );
  });
});

describe('limits', () => {
  it('refuse YAML that is too large to be read, or not text', async () => {
    const found = await problemsOf({
      ...GOOD,
      'huge.yaml': 'a'.repeat(MAX_REFERENCED_FILE_BYTES + 1),
      'junk.yaml': Buffer.from([0xff, 0xfe, 0]),
      'ours.yaml': `${MESH}# ${'x'.repeat(MAX_POLICY_FILE_BYTES)}\n`,
    });
    assert.deepEqual(
      found.map((line) => line.replace(/:.*\[/, ' [')),
      ['huge.yaml [FILE_TOO_LARGE]', 'junk.yaml [FILE_NOT_TEXT]', 'ours.yaml [FILE_TOO_LARGE]'],
    );
  });

  it('refuse more documents than the limit', async () => {
    const many = Array.from({ length: MAX_DOCUMENTS + 1 }, (_, index) =>
      MESH.replace('edge', `m${index}`).replace(/ {2}(paths|tags).*\n/g, ''),
    );
    const files = Object.fromEntries(
      Array.from({ length: 11 }, (_, part) => [`${part}.yaml`, many.slice(part * 500, part * 500 + 500).join('---\n')]),
    );
    await assert.rejects(build(files), { code: 'DOCUMENT_TOO_MANY' });
  });
});

describe('compiling', () => {
  it("puts a compiler's problems where the text stands: in its file, a block scalar or a ConfigMap", async () => {
    const compile = async () => [
      { code: 'TEMPLATE_SYNTAX', field: 'template', message: 'unexpected }', line: 2, column: 3 },
    ];
    const expected = '[TEMPLATE_SYNTAX]';
    const at = async (reference: string) =>
      (
        await problemsOf(
          { ...GOOD, 'cm.yaml': CM, 'edge/v1.yaml': REVISION.replace('{file: overlay.tpl}', reference) },
          { compile },
        )
      )[0];
    const CM = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  config: |\n    one\n    two\n';
    const message = `error: revision v1 of mesh edge, template: unexpected } ${expected}`;
    assert.equal(await at('{file: overlay.tpl}'), `edge/overlay.tpl:2:3: ${message}`);
    assert.equal(await at('{inline: x}'), `edge/v1.yaml:7:24: ${message}`);
    assert.equal(await at('\n      inline: |\n        one\n        two'), `edge/v1.yaml:10:11: ${message}`);
    assert.equal(await at('{configMap: {file: ../cm.yaml, key: config}}'), `cm.yaml:7:7: ${message}`);
  });

  it('may warn, and the snapshot serves', async () => {
    const compile = async () => [{ code: 'W', severity: 'warning', field: 'values', message: 'old' }] as const;
    const { snapshot, problems } = await build(GOOD, { compile });
    assert.ok(snapshot);
    assert.deepEqual(problems.map(formatProblem), [
      'edge/v1.yaml:8:22: warning: revision v1 of mesh edge, values: old [W]',
    ]);
  });

  it('tells a problem about no text of its own by the field', async () => {
    const compile = async () => [{ code: 'X', field: 'release', message: 'unknown' }];
    assert.deepEqual(await problemsOf(GOOD, { compile }), [
      'edge/overlay.tpl: error: revision v1 of mesh edge, release: unknown [X]',
    ]);
  });

  it('that fails by itself is a problem that may vanish', async () => {
    const compile = async () => Promise.reject(new Error('no worker'));
    assert.deepEqual(await problemsOf(GOOD, { compile }), [
      'error: revision v1 of mesh edge could not be compiled: no worker [COMPILE_FAILED]',
    ]);
  });
});

describe('what is kept between builds', () => {
  it('parses and compiles only what changed', async () => {
    const compiled: string[] = [];
    const compile = async (source: CompileSource) => {
      if ('policies' in source) return [];
      compiled.push(source.name);
      return [];
    };
    const two = {
      ...GOOD,
      'edge/v2.yaml': REVISION.replace('name: v1', 'name: v2').replace('overlay', 'overlay2'),
      'edge/overlay2.tpl': '',
    };
    const first = await build(two, { compile });
    assert.deepEqual(first.problems, []);
    assert.deepEqual(first.work, { parsedFiles: 3, compiledRevisions: 2 });

    const changed = treeOf({ ...two, 'edge/overlay2.tpl': 'metadata: {}' });
    const second = await build(changed, { compile, cache: first.cache });
    assert.deepEqual(changed.reads, ['edge/overlay2.tpl']);
    assert.deepEqual(second.work, { parsedFiles: 0, compiledRevisions: 1 });
    assert.deepEqual(compiled, ['v1', 'v2', 'v2']);

    const third = await build(treeOf(GOOD), { compile, cache: second.cache });
    assert.deepEqual(third.work, { parsedFiles: 0, compiledRevisions: 0 });
    assert.equal(third.cache.files.size, 2);
    assert.equal(third.cache.compiled.size, 1);
  });

  it('reports the problems of a file that did not change again', async () => {
    const bad = { ...GOOD, 'bad.yaml': MESH.replace('kind: Mesh', 'kind: Mash') };
    const first = await build(bad);
    const second = await build(treeOf(bad), { cache: first.cache });
    assert.deepEqual(second.problems, first.problems);
    assert.equal(second.work.parsedFiles, 0);
  });
});

describe('files that somebody has torn', () => {
  const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  config: |\n    one\n';
  const texts = {
    'edge/mesh.yaml': MESH,
    'edge/v1.yaml': REVISION.replace('{file: overlay.tpl}', '{configMap: {file: cm.yaml, key: config}}'),
    'edge/cm.yaml': CONFIG_MAP,
  };
  const cut = fc.record({
    file: fc.constantFrom(...(Object.keys(texts) as (keyof typeof texts)[])),
    at: fc.nat(220),
    length: fc.nat(12),
    insert: fc.oneof(
      fc.string({ maxLength: 6, unit: 'binary' }),
      fc.constantFrom(
        '\n',
        '  ',
        ': ',
        '- ',
        '{',
        '[',
        '&a ',
        '*a',
        '---\n',
        '<<: *a',
        '!!binary ',
        '"',
        '|',
        '\t',
        '__proto__: 1',
        '../',
        '{}',
      ),
    ),
  });

  it('never end a build but by problems with places within the files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 4 }), async (cuts) => {
        const files: Record<string, string> = { ...texts };
        for (const { file, at, length, insert } of cuts) {
          const text = files[file] ?? '';
          files[file] = (text.slice(0, at) + insert + text.slice(at + length)).toWellFormed();
        }
        const { snapshot, problems } = await build(files);
        assert.equal(snapshot === null, problems.length > 0);
        for (const { file, line = 1, column = 1 } of problems) {
          assert.ok(line >= 1 && line <= (files[file] ?? '').split('\n').length, `${file}:${line}`);
          assert.ok(column >= 1);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});
