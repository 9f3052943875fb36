/**
 * A workload as Go writes it: fields without `omitempty` in k8s.io/api and in OpenShift's types are there even when they are zero, and
 * zero in the others is left out. Its pod is the matter of typed-pod.ts; members that no type knows stay.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';

type Members = { readonly [member: string]: JsonValue | Members };

const REPLICAS: Members = { status: { replicas: 0 } };

/** What Go writes in any case, but for what means nothing at all: null and {}. */
const WRITTEN: ReadonlyMap<string, Members> = new Map<string, Members>([
  ['Deployment', {}],
  [
    'DaemonSet',
    { status: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 } },
  ],
  ['StatefulSet', { spec: { serviceName: '' }, status: { replicas: 0, availableReplicas: 0 } }],
  ['ReplicaSet', REPLICAS],
  ['ReplicationController', REPLICAS],
  ['Job', {}],
  ['CronJob', { spec: { schedule: '' } }],
  [
    'DeploymentConfig',
    {
      spec: { replicas: 0, test: false },
      status: {
        latestVersion: 0,
        observedGeneration: 0,
        replicas: 0,
        updatedReplicas: 0,
        availableReplicas: 0,
        unavailableReplicas: 0,
      },
    },
  ],
]);

/** Members of `spec` that Go leaves out when they are zero; `replicas` and the like are pointers, which it writes. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'minReadySeconds',
  'paused',
  'podManagementPolicy',
  'concurrencyPolicy',
]);

/** The workload as Go writes it once it has read it; a resource of another kind stays as it is. */
export function typedWorkload(workload: JsonObject): JsonObject {
  const { kind, spec } = workload;
  const members = typeof kind === 'string' ? WRITTEN.get(kind) : undefined;
  if (members === undefined) return workload;
  const written = withMembers(workload, members);
  if (!isObject(spec)) return written;
  const entries = Object.entries(written['spec'] as JsonObject);
  const kept = entries.filter(([key, value]) => !(LEFT_OUT.has(key) && isZero(value)));
  return kept.length === entries.length ? written : { ...written, spec: Object.fromEntries(kept) };
}

function isObject(value: JsonValue | Members | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isZero(value: JsonValue): boolean {
  return value === 0 || value === false || value === '';
}

function withMembers(object: JsonObject, members: Members): JsonObject {
  const result: JsonObject = { ...object };
  for (const [key, value] of Object.entries(members)) {
    const present = result[key] ?? null;
    if (isObject(value)) {
      if (present === null || isObject(present)) result[key] = withMembers(present ?? {}, value);
    } else if (present === null) result[key] = value as JsonValue;
  }
  return result;
}
