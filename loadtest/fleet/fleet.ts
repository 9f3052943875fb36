/**
 * A seeded model of a fleet: workloads with the variety of real ones (languages, ports, probes, volumes, several containers),
 * and their pods as the apiserver sends them for admission (managedFields, kube-api-access volume, generateName, owner). No two
 * reviews are alike; `storm` makes the pods of one workload instead, alike but for uid, and the token volume's suffix.
 */
import { createRandom, type Random } from './random.ts';
import { type FleetOptions, makeWorkload, uid, type Workload } from './workload.ts';

export type { FleetOptions };

export interface Review {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly request: {
    readonly uid: string;
    readonly namespace: string;
    readonly operation: 'CREATE';
    readonly object: Record<string, unknown>;
    readonly [key: string]: unknown;
  };
}

/** An endless sequence of distinct pods' reviews. */
export function* distinctReviews(options: FleetOptions): Generator<Review, never> {
  const random = createRandom(options.seed);
  while (true) yield review(makeWorkload(random, options), random);
}

/** An endless sequence of reviews of one workload's replicas (one Deployment scaled up). */
export function* stormReviews(options: FleetOptions): Generator<Review, never> {
  const random = createRandom(options.seed);
  let workload = makeWorkload(random, options);
  while (workload.kind !== 'ReplicaSet') workload = makeWorkload(random, options);
  while (true) yield review(workload, random);
}

/** One pod of the workload, wrapped as kube-apiserver wraps it for a mutating webhook. */
function review(workload: Workload, random: Random): Review {
  const token = `kube-api-access-${random.suffix(5)}`;
  const { metadata, spec } = workload.template;
  const mount = { name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
  const withToken = (container: Record<string, unknown>): Record<string, unknown> => ({
    ...container,
    volumeMounts: [...(container.volumeMounts as unknown[]), mount],
  });
  const object = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...(workload.kind === 'StatefulSet'
        ? { name: `${workload.name}-${random.below(9)}` }
        : { generateName: `${workload.owner}-` }),
      namespace: workload.namespace,
      creationTimestamp: null,
      ...metadata,
      ownerReferences: [
        {
          apiVersion: workload.kind === 'Job' ? 'batch/v1' : 'apps/v1',
          kind: workload.kind,
          name: workload.owner,
          uid: workload.ownerUid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time: '2026-11-21T10:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:generateName': {}, 'f:labels': { '.': {}, 'f:app': {} } },
            'f:spec': { 'f:containers': {} },
          },
        },
      ],
    },
    spec: {
      ...spec,
      volumes: [
        ...(spec.volumes as unknown[]),
        {
          name: token,
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
                },
              },
            ],
            defaultMode: 420,
          },
        },
      ],
      ...(spec.initContainers === undefined
        ? {}
        : { initContainers: (spec.initContainers as Record<string, unknown>[]).map(withToken) }),
      containers: (spec.containers as Record<string, unknown>[]).map(withToken),
    },
    status: {},
  };
  const pod = { group: '', version: 'v1', kind: 'Pod' };
  const pods = { group: '', version: 'v1', resource: 'pods' };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: uid(random),
      kind: pod,
      resource: pods,
      requestKind: pod,
      requestResource: pods,
      namespace: workload.namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: '5c5bdd2c-8cbd-4f0b-9a59-1e6a3f0a52d1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}
