import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyPatch } from '../jsonpatch/apply.ts';
import type { RevisionSource, VclusterHandling } from '../protocol.ts';
import type { JsonObject } from '../template/value.ts';
import { compileRevision } from './compile.ts';
import { revisionSpec } from './istio/fixture.ts';
import type { InjectDecision, InjectRequest } from './provider.ts';
import { explainVcluster, isSyncedPod } from './vcluster.ts';
import { syncedPod } from './vcluster-fixture.ts';

function istio(vcluster?: VclusterHandling, name = 'default'): RevisionSource {
  const spec = revisionSpec({ revision: name });
  return { digest: name, mesh: 'prod', name, spec, ...(vcluster === undefined ? {} : { vcluster }) };
}

const LINKERD_VALUES = `
linkerdVersion: edge-26.8.1
identity: {serviceAccountTokenProjection: true}
imagePullPolicy: IfNotPresent
clusterDomain: cluster.local
clusterNetworks: 10.0.0.0/8
disableIPv6: true
debugContainer: {image: {name: cr.l5d.io/linkerd/debug}}
proxy:
  resources: {cpu: {request: 100m}}
  metrics: {hostnameLabels: false}
  uid: 2102
  gid: -1
  image: {name: cr.l5d.io/linkerd/proxy}
  ports: {admin: 4191, control: 4190, inbound: 4143, outbound: 4140}
  opaquePorts: "25"
  livenessProbe: {initialDelaySeconds: 10, timeoutSeconds: 1}
  readinessProbe: {initialDelaySeconds: 2, timeoutSeconds: 1}
proxyInit: {iptablesMode: nft, xtMountPath: {name: linkerd-proxy-init-xtables-lock, mountPath: /run}}
`;

function linkerd(vcluster: VclusterHandling): RevisionSource {
  const spec = {
    provider: 'linkerd',
    values: LINKERD_VALUES,
    trustAnchors: 'x',
    controlPlaneNamespace: 'linkerd',
  } as const;
  return { digest: 'l', mesh: 'linkerd', name: 'edge', spec, vcluster };
}

function template(vcluster: VclusterHandling, name = 'v1'): RevisionSource {
  const overlay = 'spec: {containers: [{name: helper, image: "helper:1"}]}';
  const spec = {
    provider: 'template',
    template: overlay,
    values: '',
    injectKey: 'example.com/inject',
    policy: 'enabled',
  } as const;
  return { digest: `t${name}`, mesh: 'edge', name, spec, vcluster };
}

function request(object: JsonObject): InjectRequest {
  const cluster = { namespace: { labels: {}, annotations: {} }, owners: {}, nodes: [], nodesKnown: false };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  return { uid: 'u', kind, namespace: 'vcluster-east', operation: 'CREATE', object, params: {}, cluster };
}

function inject(source: RevisionSource, object: JsonObject): InjectDecision {
  return compileRevision(source).inject(request(object));
}

function injected(source: RevisionSource, object: JsonObject): JsonObject {
  const decision = inject(source, object);
  assert.equal(decision.kind, 'patched', JSON.stringify(decision));
  return applyPatch(object, decision.kind === 'patched' ? decision.patch : []) as JsonObject;
}

/** A pod inside the virtual cluster, which asks for everybody's injection and reads its own name. */
function podInside(labels: JsonObject = {}, annotations: JsonObject = {}): JsonObject {
  const fieldRef = (fieldPath: string) => ({ valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });
  const env = [
    { name: 'POD', ...fieldRef('metadata.name') },
    { name: 'NS', ...fieldRef('metadata.namespace') },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web-5d4f',
      namespace: 'shop',
      labels: { app: 'web', 'sidecar.istio.io/inject': 'true', ...labels },
      annotations: { 'linkerd.io/inject': 'enabled', ...annotations },
    },
    spec: { serviceAccountName: 'web', containers: [{ name: 'app', image: 'app:1', env }] },
  };
}

const NATIVE = syncedPod(podInside());

describe('a pod that vcluster synced', () => {
  it('is told by its label together with its annotation', () => {
    assert.equal(isSyncedPod(NATIVE), true);
    assert.equal(isSyncedPod(podInside()), false);
    assert.equal(isSyncedPod(podInside({ 'vcluster.loft.sh/managed-by': 'east' })), false);
    assert.equal(isSyncedPod(podInside({}, { 'vcluster.loft.sh/object-name': 'web' })), false);
    const empty = podInside({ 'vcluster.loft.sh/managed-by': 'east' }, { 'vcluster.loft.sh/object-name': '' });
    assert.equal(isSyncedPod(empty), false);
    for (const object of [{}, { metadata: null }, { metadata: { labels: [] } }] as JsonObject[]) {
      assert.equal(isSyncedPod(object), false);
    }
  });

  it('is skipped with a reason of its own where the mesh says Skip', () => {
    for (const source of [istio('Skip'), linkerd('Skip'), template('Skip')]) {
      assert.deepEqual(inject(source, NATIVE), { kind: 'skipped', reason: 'VCLUSTER_SYNCED' });
    }
  });

  it('is injected where the mesh says Allow, and its own fieldRefs stay as vcluster wrote them', () => {
    for (const source of [istio('Allow'), istio(), linkerd('Allow'), template('Allow')]) {
      const pod = injected(source, NATIVE);
      const containers = (pod['spec'] as JsonObject)['containers'] as JsonObject[];
      const app = containers.find(({ name }) => name === 'app');
      const [before] = (NATIVE['spec'] as JsonObject)['containers'] as JsonObject[];
      assert.deepEqual(app?.['env'], before?.['env'], source.name);
      const env = JSON.stringify(app?.['env']);
      assert.ok(env.includes("metadata.annotations['vcluster.loft.sh/name']"), env);
      assert.ok(containers.length > 1 || source.spec.provider !== 'template');
    }
  });

  it('loses what asks for injection where the mesh says StripLabels, and nothing else', () => {
    const metadata = NATIVE['metadata'] as JsonObject;
    const without = (member: 'labels' | 'annotations', name: string): JsonObject => {
      const { [name]: _, ...rest } = metadata[member] as JsonObject;
      return { ...NATIVE, metadata: { ...metadata, [member]: rest } };
    };
    const stripped = (source: RevisionSource, object = NATIVE): unknown => {
      const decision = inject(source, object);
      assert.ok(decision.kind === 'skipped' && decision.reason === 'VCLUSTER_SYNCED', JSON.stringify(decision));
      return applyPatch(object, decision.patch ?? []);
    };
    assert.deepEqual(stripped(istio('StripLabels')), without('labels', 'sidecar.istio.io/inject'));
    assert.deepEqual(stripped(linkerd('StripLabels')), without('annotations', 'linkerd.io/inject'));
    assert.deepEqual(stripped(template('StripLabels')), NATIVE, 'its key is not there');
    const revisioned = syncedPod(podInside({ 'istio.io/rev': 'canary' }, { 'sidecar.istio.io/inject': 'true' }));
    const after = stripped(istio('StripLabels'), revisioned) as { metadata: { labels: object; annotations: object } };
    assert.ok(!Object.hasOwn(after.metadata.labels, 'istio.io/rev'));
    assert.ok(!Object.hasOwn(after.metadata.annotations, 'sidecar.istio.io/inject'));
  });

  it('keeps a label that refuses injection, for without it others might inject', () => {
    const refusing = syncedPod(podInside({ 'sidecar.istio.io/inject': 'false' }, { 'linkerd.io/inject': 'disabled' }));
    for (const source of [istio('StripLabels'), linkerd('StripLabels')]) {
      assert.deepEqual(inject(source, refusing), { kind: 'skipped', reason: 'VCLUSTER_SYNCED' });
    }
  });

  it('is never injected again when it was injected inside, whatever the mesh says and whoever injected it', () => {
    const inside: readonly JsonObject[] = [
      injected(istio(), podInside()),
      injected(istio(undefined, 'canary'), podInside()),
      injected(linkerd('Allow'), podInside()),
    ];
    for (const pod of inside) {
      const synced = syncedPod(pod);
      const rewritten = JSON.parse(
        JSON.stringify(synced).replaceAll('"image":"', '"image":"mirror.example.com/'),
      ) as JsonObject;
      for (const handling of ['Skip', 'StripLabels', 'Allow'] as const) {
        for (const source of [istio(handling), linkerd(handling), template(handling)]) {
          for (const object of [synced, rewritten]) {
            const decision = inject(source, object);
            assert.ok(decision.kind === 'skipped', JSON.stringify(decision));
            assert.equal(decision.reason, 'VCLUSTER_INJECTED');
            const touched = (decision.patch ?? []).every(
              ({ op, path }) => op === 'remove' && path.startsWith('/metadata/'),
            );
            assert.ok(touched, 'the containers and their fieldRefs stay');
          }
        }
      }
    }
    const helped = syncedPod(injected(template('Allow'), podInside()));
    assert.deepEqual(inject(template('Allow', 'v2'), helped), { kind: 'skipped', reason: 'VCLUSTER_INJECTED' });
  });

  it('is not taken for an injected one because of a copied annotation or a setting for the proxy', () => {
    const status = '{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":null,"revision":"default"}';
    const copied = syncedPod(podInside({}, { 'sidecar.istio.io/status': status }));
    assert.equal(inject(istio('Allow'), copied).kind, 'patched');
    const unreadable = syncedPod(podInside({}, { 'sidecar.istio.io/status': 'yes' }));
    assert.notEqual((inject(istio('Allow'), unreadable) as { reason?: string }).reason, 'VCLUSTER_INJECTED');
    const own = podInside();
    const spec = own['spec'] as JsonObject;
    const proxy = { name: 'istio-proxy', image: 'auto', resources: { limits: { cpu: '1' } } };
    const setting = { ...own, spec: { ...spec, containers: [...(spec['containers'] as JsonObject[]), proxy] } };
    assert.equal(inject(istio('Allow'), syncedPod(setting)).kind, 'patched');
  });

  it('has a step in the explanation, and others have none', () => {
    const step = (source: RevisionSource, object: JsonObject) =>
      explainVcluster(source, request(object), inject(source, object));
    assert.equal(step(istio('Skip'), podInside()), null);
    const skipped = step(istio('Skip'), NATIVE);
    assert.equal(skipped?.code, 'VCLUSTER_SYNCED');
    assert.match(
      skipped?.saw ?? '',
      /managed-by: east; annotation vcluster.loft.sh\/object-name: web-5d4f; vcluster: Skip/,
    );
    assert.match(step(istio('StripLabels'), NATIVE)?.says ?? '', /metadata\/labels\/sidecar.istio.io\/inject$/);
    assert.deepEqual([step(istio(), NATIVE)?.effect, step(istio(), NATIVE)?.code], ['next', undefined]);
  });
});

it('does not concern other pods', () => {
  const pod = podInside();
  const decision = inject(istio('Skip'), pod);
  assert.deepEqual(decision, inject(istio(), pod));
  assert.equal(decision.kind, 'patched');
});
