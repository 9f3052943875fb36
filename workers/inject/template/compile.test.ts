import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { applyPatch } from '../../jsonpatch/apply.ts';
import type { RevisionSource, TemplateRevisionSpec } from '../../protocol.ts';
import type { JsonObject } from '../../template/value.ts';
import { type CompiledRevision, CompileError, type InjectDecision, type InjectRequest } from '../provider.ts';
import { compileTemplateRevision } from './compile.ts';
import { STATUS_ANNOTATION } from './status.ts';

const SIDECAR = `metadata:
  labels: { sidecar: {{ .Revision | quote }} }
spec:
  containers:
    - name: helper
      image: {{ .Values.image }}
  volumes:
    - { name: shared, emptyDir: {} }
`;

function sourceOf(
  template: string,
  spec: Partial<TemplateRevisionSpec> = {},
  name = 'v1',
  mesh = 'edge',
): RevisionSource {
  const full: TemplateRevisionSpec = {
    provider: 'template',
    template,
    values: 'image: helper:1',
    injectKey: 'example.com/inject',
    policy: 'enabled',
    ...spec,
  };
  return {
    digest: createHash('sha256')
      .update(JSON.stringify([mesh, name, full]))
      .digest('hex'),
    mesh,
    name,
    spec: full,
  };
}

function requestOf(object: JsonObject, overrides: Partial<InjectRequest> = {}): InjectRequest {
  return {
    uid: 'u',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'shop',
    operation: 'CREATE',
    object,
    params: {},
    cluster: { namespace: null, owners: {}, nodes: [], nodesKnown: false },
    ...overrides,
  };
}

function podOf(metadata: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { containers: [{ name: 'app', image: 'app:1', resources: {} }], ...spec },
  };
}

function injected(revision: CompiledRevision, object: JsonObject, overrides: Partial<InjectRequest> = {}): JsonObject {
  const decision = revision.inject(requestOf(object, overrides));
  assert.equal(decision.kind, 'patched', JSON.stringify(decision));
  return decision.kind === 'patched' ? (applyPatch(object, decision.patch) as JsonObject) : {};
}

function names(pod: JsonObject, list: string): unknown {
  return ((pod['spec'] as JsonObject)[list] as JsonObject[] | undefined)?.map(({ name }) => name);
}

function withoutStatus(pod: JsonObject): JsonObject {
  const { annotations, ...metadata } = pod['metadata'] as JsonObject;
  const rest = Object.fromEntries(
    Object.entries((annotations ?? {}) as JsonObject).filter(([name]) => name !== STATUS_ANNOTATION),
  );
  return { ...pod, metadata: Object.keys(rest).length === 0 ? metadata : { ...metadata, annotations: rest } };
}

function codeOf(decision: InjectDecision): string {
  if (decision.kind === 'patched') return 'patched';
  return decision.kind === 'skipped' ? decision.reason : decision.code;
}

describe('what a template adds', () => {
  it('is merged by name, and what it does not mention stays as it is', () => {
    const pod = podOf({ labels: { app: 'web' } }, { nodeSelector: { disk: 'ssd' }, unknownField: { kept: true } });
    const result = injected(compileTemplateRevision(sourceOf(SIDECAR)), pod);
    assert.deepEqual(names(result, 'containers'), ['helper', 'app']);
    assert.deepEqual(names(result, 'volumes'), ['shared']);
    const { metadata, spec } = result as { metadata: JsonObject; spec: JsonObject };
    assert.deepEqual(metadata['labels'], { app: 'web', sidecar: 'v1' });
    assert.deepEqual([spec['nodeSelector'], spec['unknownField']], [{ disk: 'ssd' }, { kept: true }]);
  });

  it('is told in the status annotation, by mesh', () => {
    const result = injected(compileTemplateRevision(sourceOf(SIDECAR)), podOf());
    const { annotations } = result['metadata'] as { annotations: Record<string, string> };
    assert.deepEqual(JSON.parse(annotations[STATUS_ANNOTATION] ?? ''), {
      edge: {
        revision: 'v1',
        digest: sourceOf(SIDECAR).digest.slice(0, 12),
        added: {
          in: {
            metadata: { in: { labels: { add: ['sidecar'], made: true } } },
            spec: { in: { containers: { add: ['helper'] }, volumes: { add: ['shared'], made: true } } },
          },
        },
      },
    });
  });

  it('can follow everything that the template sees', () => {
    const template = `metadata:
  annotations:
    seen: {{ list .Pod.ObjectMeta.Name .ObjectMeta.Namespace (index .Spec.Containers 0).Image .Mesh .Revision .Namespace.Name (index .Namespace.Labels "team") (index .Namespace.Annotations "a") .Owner.Kind .Owner.Name (index .Params "net") .Values.image | join "," | quote }}
`;
    const pod = podOf({
      labels: { 'pod-template-hash': '6f7d' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6f7d', uid: 'u', controller: true }],
    });
    const cluster = {
      namespace: { labels: { team: 'x' }, annotations: { a: 'y' } },
      owners: {},
      nodes: [],
      nodesKnown: false,
    };
    const result = injected(compileTemplateRevision(sourceOf(template)), pod, { cluster, params: { net: 'blue' } });
    const { annotations } = result['metadata'] as { annotations: Record<string, string> };
    assert.equal(annotations['seen'], 'web,shop,app:1,edge,v1,shop,x,y,Deployment,web,blue,helper:1');
  });

  it('may be nothing', () => {
    for (const template of ['', '{{ if eq .ObjectMeta.Name "other" }}spec: {}{{ end }}', '{}', '# nothing\n']) {
      assert.equal(codeOf(compileTemplateRevision(sourceOf(template)).inject(requestOf(podOf()))), 'OVERLAY_EMPTY');
    }
  });
});

describe('whether a pod is injected', () => {
  const key = 'example.com/inject';
  const inNamespace = (entries: Partial<NonNullable<InjectRequest['cluster']['namespace']>>) => ({
    cluster: { namespace: { labels: {}, annotations: {}, ...entries }, owners: {}, nodes: [], nodesKnown: false },
  });
  const cases: readonly (readonly [string, JsonObject, Partial<InjectRequest>, 'enabled' | 'disabled', string])[] = [
    ['the policy decides at last: yes', podOf(), {}, 'enabled', 'patched'],
    ['the policy decides at last: no', podOf(), {}, 'disabled', 'POLICY_DISABLED'],
    [
      'the namespace label before the policy',
      podOf(),
      inNamespace({ labels: { [key]: 'enabled' } }),
      'disabled',
      'patched',
    ],
    [
      'the namespace annotation as well',
      podOf(),
      inNamespace({ annotations: { [key]: 'true' } }),
      'disabled',
      'patched',
    ],
    [
      'the namespace label before its annotation',
      podOf(),
      inNamespace({ labels: { [key]: 'disabled' }, annotations: { [key]: 'true' } }),
      'enabled',
      'NAMESPACE_DISABLED',
    ],
    [
      'the pod annotation before the namespace',
      podOf({ annotations: { [key]: 'false' } }),
      inNamespace({ labels: { [key]: 'enabled' } }),
      'enabled',
      'INJECT_KEY_DISABLED',
    ],
    [
      'the pod label before its annotation',
      podOf({ labels: { [key]: 'true' }, annotations: { [key]: 'disabled' } }),
      {},
      'disabled',
      'patched',
    ],
    [
      'other values do not count',
      podOf({ labels: { [key]: 'yes' }, annotations: { [key]: '' } }),
      inNamespace({ labels: { [key]: 'TRUE' } }),
      'disabled',
      'POLICY_DISABLED',
    ],
    ['host network', podOf({ labels: { [key]: 'true' } }, { hostNetwork: true }), {}, 'enabled', 'HOST_NETWORK'],
    [
      'the cluster itself',
      podOf({ namespace: 'kube-system', labels: { [key]: 'true' } }),
      {},
      'enabled',
      'NAMESPACE_IGNORED',
    ],
    [
      'the cluster itself, by the request',
      { metadata: { name: 'x' }, spec: {} },
      { namespace: 'kube-public' },
      'enabled',
      'NAMESPACE_IGNORED',
    ],
    [
      'a mirror of a static pod',
      podOf({ annotations: { 'kubernetes.io/config.mirror': 'h' } }),
      {},
      'enabled',
      'MIRROR_POD',
    ],
    [
      'another kind',
      podOf(),
      { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } },
      'enabled',
      'KIND_UNSUPPORTED',
    ],
    ['another operation', podOf(), { operation: 'UPDATE' }, 'enabled', 'OPERATION_UNSUPPORTED'],
  ];
  for (const [name, pod, overrides, policy, expected] of cases) {
    it(name, () => {
      assert.equal(
        codeOf(compileTemplateRevision(sourceOf(SIDECAR, { policy })).inject(requestOf(pod, overrides))),
        expected,
      );
    });
  }
});

describe('a pod that comes again', () => {
  const v1 = compileTemplateRevision(sourceOf(SIDECAR));
  const v2 = compileTemplateRevision(
    sourceOf(SIDECAR.replaceAll('helper', 'agent').replace('shared', 'other'), { values: 'image: agent:2' }, 'v2'),
  );

  it('stays as it is with the same revision', () => {
    assert.equal(codeOf(v1.inject(requestOf(injected(v1, podOf())))), 'ALREADY_INJECTED');
  });

  it('is what the other revision alone would have made of it', () => {
    const pod = podOf(
      { labels: { app: 'web' }, annotations: { note: 'kept' } },
      { volumes: [{ name: 'data', emptyDir: {} }] },
    );
    assert.deepEqual(injected(v2, injected(v1, pod)), injected(v2, pod));
  });

  it('keeps what others have changed since', () => {
    const once = injected(v1, podOf()) as {
      metadata: JsonObject;
      spec: { containers: JsonObject[]; volumes: JsonObject[] };
    };
    const changed = {
      ...once,
      metadata: { ...once.metadata, labels: { ...(once.metadata['labels'] as JsonObject), later: 'x' } },
      spec: {
        ...once.spec,
        containers: [{ name: 'late', image: 'l' }, ...once.spec.containers],
        volumes: [...once.spec.volumes, { name: 'late' }],
      },
    };
    const twice = injected(v2, changed);
    assert.deepEqual(names(twice, 'containers'), ['agent', 'late', 'app']);
    assert.deepEqual(names(twice, 'volumes'), ['other', 'late']);
    assert.deepEqual((twice['metadata'] as JsonObject)['labels'], { later: 'x', sidecar: 'v2' });
  });

  it('is injected anew when the files of the revision have changed', () => {
    const changed = compileTemplateRevision(sourceOf(SIDECAR, { values: 'image: helper:2' }));
    const pod = podOf();
    assert.deepEqual(injected(changed, injected(v1, pod)), injected(changed, pod));
  });

  it('gets back what an overlay had replaced or taken away', () => {
    const greedy = compileTemplateRevision(
      sourceOf(
        'metadata: {labels: {app: null, tier: x}}\nspec: {dnsPolicy: None, nodeSelector: null, containers: [{name: app, image: "other:1", command: [x]}], tolerations: [{key: b}], hostAliases: null}',
        {},
        'greedy',
      ),
    );
    const pod = podOf(
      { labels: { app: 'web', tier: 'y' } },
      {
        dnsPolicy: 'ClusterFirst',
        nodeSelector: { a: 'b' },
        tolerations: [{ key: 'a' }],
        hostAliases: [{ ip: '1.1.1.1' }],
      },
    );
    assert.deepEqual(injected(v2, injected(greedy, pod)), injected(v2, pod));
  });

  it('shares the annotation with other meshes', () => {
    const other = compileTemplateRevision(
      sourceOf(SIDECAR.replaceAll('helper', 'second').replace('shared', 'more'), {}, 'v1', 'second-mesh'),
    );
    const both = injected(other, injected(v1, podOf()));
    assert.deepEqual(names(both, 'containers'), ['second', 'helper', 'app']);
    for (const revision of [v1, other]) assert.equal(codeOf(revision.inject(requestOf(both))), 'ALREADY_INJECTED');
    assert.deepEqual(names(injected(v2, both), 'containers'), ['agent', 'second', 'app']);
  });

  for (const [name, status] of [
    ['is not JSON', '{'],
    ['is a list', '[]'],
    ['has no such mesh', '{"other":{}}'],
    ['has the wrong types', '{"edge":{"revision":1,"digest":2,"added":3}}'],
    ['has a note of the wrong type', '{"edge":{"revision":"v1","digest":"x","added":{"in":{"spec":{"add":"all"}}}}}'],
    [
      'is deeper than any',
      `{"edge":{"revision":"v1","digest":"x","added":${'{"in":{"x":'.repeat(100)}{}${'}}'.repeat(100)}}}`,
    ],
    [
      'speaks of the prototype',
      '{"__proto__":{"revision":"v1"},"edge":{"revision":"v1","digest":"x","added":{"in":{"__proto__":{"add":["toString"]}}}}}',
    ],
    [
      'claims an injection that did not happen',
      JSON.stringify({
        edge: {
          revision: 'v1',
          digest: sourceOf(SIDECAR).digest.slice(0, 12),
          added: { in: { spec: { in: { containers: { add: ['helper'] } } } } },
        },
      }),
    ],
  ] as const) {
    it(`whose status ${name} is injected all the same`, () => {
      const result = injected(v1, podOf({ annotations: { [STATUS_ANNOTATION]: status } }));
      assert.deepEqual(names(result, 'containers'), ['helper', 'app']);
      assert.equal(({} as Record<string, unknown>)['revision'], undefined);
    });
  }
});

describe('what a template may not do', () => {
  for (const [name, overlay, code] of [
    ['give something else than a mapping', '- a', 'OVERLAY_MALFORMED'],
    ['give text', 'just words', 'OVERLAY_MALFORMED'],
    ['give broken YAML', 'spec: [', 'OVERLAY_MALFORMED'],
    ['change the status', 'status: {phase: Running}', 'OVERLAY_INVALID'],
    ['change the name', 'metadata: {name: other}', 'OVERLAY_INVALID'],
    ['misspell a field', 'spec: {container: []}', 'OVERLAY_INVALID'],
    [
      'misspell a field deep within',
      'spec: {containers: [{name: a, livenessProbe: {httpGet: {prot: 1}}}]}',
      'OVERLAY_INVALID',
    ],
    [
      'give a field the wrong type',
      'spec: {containers: [{name: a, ports: [{containerPort: eighty}]}]}',
      'OVERLAY_INVALID',
    ],
    ['leave out a merge key', 'spec: {containers: [{image: x}]}', 'OVERLAY_UNMERGEABLE'],
    ['fail', '{{ fail "no" }}', 'TEMPLATE_FAILED'],
    ['call what is not there', '{{ .Nothing.At.All }}', 'TEMPLATE_FAILED'],
    ['run for ever', '{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}', 'TEMPLATE_LIMIT'],
    ['grow without end', '{{ repeat 10000000 "x" }}', 'TEMPLATE_LIMIT'],
  ] as const) {
    it(`${name}: ${code}`, () => {
      const decision = compileTemplateRevision(sourceOf(overlay)).inject(requestOf(podOf()));
      assert.deepEqual([decision.kind, codeOf(decision)], ['denied', code], JSON.stringify(decision));
    });
  }

  it('a pod that is none is denied', () => {
    const decision = compileTemplateRevision(sourceOf(SIDECAR)).inject(
      requestOf({ metadata: {}, spec: { containers: 'x' } }),
    );
    assert.equal(codeOf(decision), 'POD_MALFORMED');
  });
});

describe('compiling', () => {
  function problemsOf(source: RevisionSource): unknown {
    try {
      compileTemplateRevision(source);
    } catch (error) {
      assert.ok(error instanceof CompileError);
      return error.problems.map(({ code, field, line }) => [code, field, line]);
    }
    return [];
  }

  it('tells all problems of template and values, with lines', () => {
    assert.deepEqual(problemsOf(sourceOf('a\n{{ nothing }}', { values: 'a: [' })), [
      ['TEMPLATE_VALUES_SYNTAX', 'values', 1],
      ['TEMPLATE_SYNTAX', 'template', 2],
    ]);
    assert.deepEqual(problemsOf(sourceOf('', { values: '- a' })), [['TEMPLATE_VALUES_TYPE', 'values', 1]]);
  });

  it('takes empty values as none', () => {
    assert.deepEqual(problemsOf(sourceOf('{{ .Values.x }}', { values: '' })), []);
  });
});

it('patches touch nothing but what changes', () => {
  const pod = podOf({ labels: { app: 'web' } });
  const before = JSON.stringify(pod);
  const decision = compileTemplateRevision(sourceOf('metadata: {labels: {new: x}}')).inject(requestOf(pod));
  assert.equal(JSON.stringify(pod), before);
  assert.ok(decision.kind === 'patched');
  assert.deepEqual(decision.patch.map(({ path }) => path).sort(), ['/metadata/annotations', '/metadata/labels/new']);
  assert.deepEqual(
    withoutStatus(applyPatch(pod, decision.patch) as JsonObject),
    podOf({ labels: { app: 'web', new: 'x' } }),
  );
});
