/**
 * Pods as an older Kubernetes knew them. Istio's patch is between typed pods: a field that its Kubernetes types do not know stays at
 * its list index while the lists around it move, or goes. Ours stays with its container or volume; so pods are compared without them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Difference, firstDifference } from '../../workers/kube/pod-compare.ts';
import { flattenFields, POD_STRUCTS, type TypeExpression } from '../../workers/kube/pod-schema.ts';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';

/** `STRUCT.member` → first minor release of Kubernetes that knows it; members that are older are not listed. */
const SINCE = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'vectors', 'pod-fields', 'since.json'), 'utf8'),
) as Readonly<Record<string, number>>;

const OVERRIDES = 'proxy.istio.io/overrides';

interface Member {
  readonly type: TypeExpression;
  readonly since: number;
}

const members = new Map<string, ReadonlyMap<string, Member>>();

/** The members of a struct's JSON object. A member of an inlined struct is listed under that struct. */
function membersOf(struct: string): ReadonlyMap<string, Member> {
  const known = members.get(struct);
  if (known !== undefined) return known;
  const inlined = (POD_STRUCTS.get(struct) ?? []).flatMap(({ inline, type }) =>
    inline && type.kind === 'struct' ? [type.name] : [],
  );
  const sinceOf = (member: string) =>
    Math.max(0, ...[struct, ...inlined].map((name) => SINCE[`${name}.${member}`] ?? 0));
  const found = new Map(
    flattenFields(struct).map(({ jsonName, type }) => [jsonName, { type, since: sinceOf(jsonName) }]),
  );
  members.set(struct, found);
  return found;
}

/** The value without the fields that Kubernetes 1.`minor` did not know, and those that none knows. */
function without(value: JsonValue, type: TypeExpression, minor: number): JsonValue {
  if (value === null || typeof value !== 'object') return value;
  switch (type.kind) {
    case 'pointer':
      return without(value, type.elem, minor);
    case 'slice':
      return Array.isArray(value) ? value.map((item) => without(item, type.elem, minor)) : value;
    case 'struct':
      return Array.isArray(value) ? value : withoutMembers(value, type.name, minor);
    default:
      return value;
  }
}

function withoutMembers(object: JsonObject, struct: string, minor: number): JsonObject {
  const known = membersOf(struct);
  // What has a JSON form of its own (metadata.managedFields' FieldsV1) has no members here.
  if (known.size === 0) return object;
  const kept: JsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    const member = known.get(key);
    if (member !== undefined && member.since <= minor) kept[key] = without(value, member.type, minor);
  }
  return kept;
}

/** How two pods differ in what Kubernetes 1.`minor` knew; null where they do not. */
export function differenceAsKnownTo(minor: number, wanted: JsonObject, made: JsonObject): Difference | null {
  const a = withoutMembers(wanted, 'v1.Pod', minor);
  const b = withoutMembers(made, 'v1.Pod', minor);
  const difference = firstDifference(a, b);
  if (difference === null || !difference.path.includes(OVERRIDES)) return difference;
  // Containers in a text: the same but for such fields?
  const [saved, ours] = [difference.a, difference.b].map((text) =>
    typeof text === 'string'
      ? JSON.stringify(withoutMembers(JSON.parse(text) as JsonObject, 'v1.PodSpec', minor))
      : text,
  );
  return saved === ours ? firstDifference(withoutOverrides(a), withoutOverrides(b)) : difference;
}

function withoutOverrides(pod: JsonObject): JsonObject {
  const metadata = pod['metadata'] as JsonObject;
  const { [OVERRIDES]: _, ...annotations } = metadata['annotations'] as JsonObject;
  return { ...pod, metadata: { ...metadata, annotations } };
}

/** Which Kubernetes minor release an Istio release was built with: the first Istio patch that has it, newest first. */
const ISTIO_KUBERNETES: readonly (readonly [minor: number, patch: number, kubernetes: number])[] = [
  [31, 0, 36],
  [29, 0, 35],
  [28, 0, 34],
  [26, 4, 33],
  [25, 0, 32],
  [24, 0, 31],
  [22, 0, 30],
  [21, 0, 29],
  [20, 0, 28],
];

export function kubernetesOfIstio(release: string): number {
  const [, minor = 0, patch = 0] = release.split('.').map(Number);
  const found = ISTIO_KUBERNETES.find(([line, first]) => minor > line || (minor === line && patch >= first));
  if (found === undefined) throw new Error(`no Kubernetes release is known for Istio ${release}`);
  return found[2];
}
