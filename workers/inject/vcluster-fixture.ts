/**
 * Pods as vcluster's syncer copies them to its host, for tests alone: the moves of loft-sh/vcluster v0.2x, pkg/util/translate
 * (HostMetadata, HostLabelsMap, addHostAnnotations) and pkg/controllers/resources/pods/translate (Translate, translateFieldRef,
 * translateProjectedVolume), as far as an injector can see them.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { isObject, memberOf, textOf } from './template/members.ts';

const VCLUSTER = 'east';
const FIELDS: Readonly<Record<string, string>> = {
  'metadata.labels': 'labels',
  'metadata.name': 'name',
  'metadata.namespace': 'namespace',
  'metadata.uid': 'uid',
  'spec.serviceAccountName': 'service-account-name',
};

/** The host's copy of a pod of the virtual cluster `east`. */
export function syncedPod(pod: JsonObject): JsonObject {
  const metadata = pod['metadata'] as JsonObject;
  const spec = pod['spec'] as JsonObject;
  const name = textOf(metadata, 'name') ?? '';
  const namespace = textOf(metadata, 'namespace') ?? '';
  const labels = (metadata['labels'] ?? {}) as JsonObject;
  const annotations: JsonObject = {
    ...((metadata['annotations'] ?? {}) as JsonObject),
    'vcluster.loft.sh/object-name': name,
    'vcluster.loft.sh/object-namespace': namespace,
    'vcluster.loft.sh/object-uid': '0b5c9f0e-0000-4000-8000-000000000001',
    'vcluster.loft.sh/object-kind': '/v1, Kind=Pod',
    'vcluster.loft.sh/object-host-name': `${name}-x-${namespace}-x-${VCLUSTER}`,
    'vcluster.loft.sh/object-host-namespace': 'vcluster-east',
    'vcluster.loft.sh/name': name,
    'vcluster.loft.sh/namespace': namespace,
    'vcluster.loft.sh/uid': '0b5c9f0e-0000-4000-8000-000000000001',
    'vcluster.loft.sh/service-account-name': textOf(spec, 'serviceAccountName') ?? 'default',
    'vcluster.loft.sh/labels': Object.entries(labels)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .sort()
      .join('\n'),
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true',
  };
  const translated = translate(spec, annotations) as JsonObject;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-x-${namespace}-x-${VCLUSTER}`,
      namespace: 'vcluster-east',
      labels: {
        ...labels,
        'vcluster.loft.sh/managed-by': VCLUSTER,
        'vcluster.loft.sh/namespace': namespace,
        'vcluster.loft.sh/ns-label-x-f37f7a2ff1': namespace,
      },
      annotations,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: VCLUSTER, uid: 'u', controller: true }],
    },
    spec: {
      ...translated,
      serviceAccountName: `vc-workload-${VCLUSTER}`,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostname: name,
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'] }],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['10.0.0.9'], searches: [`${namespace}.svc.cluster.local`] },
    },
  };
}

/** fieldRefs to annotations, and projected tokens to annotations that hold them. */
function translate(value: JsonValue, annotations: JsonObject): JsonValue {
  if (Array.isArray(value)) return value.map((item) => translate(item, annotations));
  if (!isObject(value)) return value;
  const path = memberOf(memberOf(value, 'serviceAccountToken'), 'path');
  if (path !== undefined) {
    const annotation = 'vcluster.loft.sh/token-abcd1234';
    annotations[annotation] = 'token';
    const fieldRef = { apiVersion: 'v1', fieldPath: `metadata.annotations['${annotation}']` };
    return { downwardAPI: { items: [{ path, fieldRef, mode: 420 }] } };
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const field = key === 'fieldPath' && typeof member === 'string' ? FIELDS[member] : undefined;
      if (field !== undefined) return [key, `metadata.annotations['vcluster.loft.sh/${field}']`];
      return [key, translate(member, annotations)];
    }),
  );
}
