/**
 * Takes Istio's injection out of whole resources, before `kubectl apply` or a commit.
 *
 * The pod itself tells which containers, volumes and pull secrets were added, and what probes and a user's istio-proxy were. It does
 * not tell which labels and annotations the templates added: with the configuration that made the injection, a member is taken out
 * where injection would put the very same one back; without it, where it is what Istio's own sidecar template writes. A user's own
 * label or annotation that says the same is taken out with them, and the places of the user's istio-proxy and of single members
 * within a list are not told.
 */
import { isDeepStrictEqual } from 'node:util';
import { normalizePod, TypedPodError } from '../../kube/typed-pod.ts';
import type { JsonObject } from '../../template/value.ts';
import { graft } from '../graft.ts';
import { Denial } from '../reason.ts';
import {
  namedOutcome,
  type PodTemplate,
  podTemplateOf,
  type ResourceOutcome,
  transformWorkloads,
} from '../workload.ts';
import { NEWEST } from './features.ts';
import { PROXY, REVISION, STATUS } from './names.ts';
import { type Container, type Named, type Pod, type PodSpec, type StringMap, stringAt } from './pod.ts';
import { decodeStatus, type InjectionStatus } from './status.ts';
import { uninject } from './uninject.ts';

/** Istio's default statusPort, which tells injected scrape annotations from a user's. */
const DEFAULT_STATUS_PORT = 15020;

/** Injects a resource the way this one was injected. */
export type Inject = (resource: JsonObject) => ResourceOutcome;

/**
 * Uninjects a workload, or every workload of a List; what was not injected stays. `inject`: how the resource was injected, null where
 * that is not known. Refused with the codes of a webhook's denial where the annotations are not an injector's.
 */
export function uninjectResource(resource: JsonObject, inject: Inject | null): ResourceOutcome {
  return transformWorkloads(resource, (workload) => uninjectWorkload(workload, inject));
}

/** istioctl writes the metadata of a CronJob's pods to the job template, the webhook to the pods. */
const METADATA_PATHS: readonly ((kind: string) => readonly string[] | undefined)[] = [
  () => undefined,
  (kind) => (kind === 'CronJob' ? ['spec', 'jobTemplate', 'metadata'] : undefined),
];

function uninjectWorkload(resource: JsonObject, inject: Inject | null): ResourceOutcome {
  for (const path of METADATA_PATHS) {
    const template = podTemplateOf(resource, path);
    if (template === null || !hasStatus(template.metadata)) continue;
    try {
      return { kind: 'changed', resource: uninjectTemplate(template, inject), skipped: [] };
    } catch (error) {
      if (!(error instanceof Denial)) throw error;
      return { kind: 'denied', denied: [namedOutcome(template, error.code, error.message)], skipped: [] };
    }
  }
  return { kind: 'untouched', skipped: [] };
}

function hasStatus({ annotations }: JsonObject): boolean {
  return typeof annotations === 'object' && annotations !== null && Object.hasOwn(annotations, STATUS);
}

/** Throws Denial. */
function uninjectTemplate(template: PodTemplate, inject: Inject | null): JsonObject {
  const raw: JsonObject = { metadata: template.metadata, spec: template.spec };
  const typed = typedPod(raw);
  const status = decodeStatus(typed.metadata.annotations);
  if (status === undefined) return template.with(template.metadata, template.spec);
  const stripped = typedPod(withoutPullSecrets(uninject(typed, status, DEFAULT_STATUS_PORT, NEWEST), typed));
  const own =
    (inject === null ? null : byTrial(template, stripped, typed, inject)) ?? byRule(template, stripped, status);
  const { metadata, spec } = graft(raw, typed, typedPod(own)) as Pod;
  return template.with(metadata, spec);
}

function typedPod(raw: JsonObject): Pod {
  try {
    return normalizePod(raw) as Pod;
  } catch (error) {
    if (error instanceof TypedPodError) throw new Denial('POD_MALFORMED', error.message);
    throw error;
  }
}

/** The status tells the names of pull secrets too. */
function withoutPullSecrets(pod: Pod, injected: Pod): Pod {
  const text = stringAt(injected.metadata.annotations, STATUS) ?? '';
  const secrets = pod.spec.imagePullSecrets;
  if (secrets === undefined) return pod;
  const status = parse(text);
  const names: unknown[] = Array.isArray(status?.['imagePullSecrets']) ? status['imagePullSecrets'] : [];
  return { ...pod, spec: { ...pod.spec, imagePullSecrets: secrets.filter(({ name }) => !names.includes(name)) } };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>> | null;
  } catch {
    return null;
  }
}

// ── with the configuration ──

/** Members of a spec that hold an injection's containers and volumes, which the status tells about. */
const TOLD: ReadonlySet<string> = new Set(['containers', 'initContainers', 'volumes']);

/** Null where injecting the stripped pod does not make the injected one: then this is not how it was injected. */
function byTrial(template: PodTemplate, stripped: Pod, injected: Pod, inject: Inject): Pod | null {
  const makesTheSame = (pod: Pod): boolean => {
    const outcome = inject(template.with(pod.metadata, pod.spec));
    const made = outcome.kind === 'changed' ? podTemplateAt(outcome.resource, template) : null;
    return made !== null && isDeepStrictEqual(normalizePod({ metadata: made.metadata, spec: made.spec }), injected);
  };
  if (!makesTheSame(stripped)) return null;
  let pod = stripped;
  for (const candidate of candidates(stripped)) {
    const less = candidate(pod);
    if (makesTheSame(less)) pod = less;
  }
  return pod;
}

/** The pod of a resource, with its metadata where that of `template` is. */
function podTemplateAt(resource: JsonObject, template: PodTemplate): PodTemplate | null {
  for (const path of METADATA_PATHS) {
    const found = podTemplateOf(resource, path);
    if (found !== null && hasStatus(found.metadata) === hasStatus(template.metadata)) return found;
  }
  return null;
}

/** Ways to take a single member out. */
function* candidates(pod: Pod): Generator<(pod: Pod) => Pod> {
  for (const member of ['annotations', 'labels'] as const) {
    for (const key of Object.keys(pod.metadata[member] ?? {})) {
      yield (from) => withMap(from, member, without(from.metadata[member], [key]));
    }
  }
  // Where users have networks of their own, the CNI's is appended.
  for (const less of [withoutLastNetwork, withoutListedNetwork]) {
    yield (from) => {
      const networks = stringAt(from.metadata.annotations, NETWORKS);
      if (networks === undefined) return from;
      return withMap(from, 'annotations', { ...from.metadata.annotations, [NETWORKS]: less(networks) });
    };
  }
  for (const key of Object.keys(pod.spec)) {
    if (!TOLD.has(key)) yield (from) => ({ ...from, spec: without(from.spec, [key]) as PodSpec });
  }
}

const NETWORKS = 'k8s.v1.cni.cncf.io/networks';

function withoutLastNetwork(networks: string): string {
  const comma = networks.lastIndexOf(',');
  return comma < 0 ? networks : networks.slice(0, comma);
}

/** Of networks in JSON, whose text is kept otherwise. */
function withoutListedNetwork(networks: string): string {
  const last = networks.lastIndexOf('{');
  return last < 0 ? networks : `${networks.slice(0, last).trimEnd().replace(/,$/, '')}]`;
}

// ── without it ──

const TLS_MODE = 'security.istio.io/tlsMode';
const CANONICAL_NAME = 'service.istio.io/canonical-name';
const CANONICAL_REVISION = 'service.istio.io/canonical-revision';
const DEFAULT_CONTAINERS = ['kubectl.kubernetes.io/default-container', 'kubectl.kubernetes.io/default-logs-container'];

/** Without what Istio's sidecar template says about such a pod. */
function byRule(template: PodTemplate, pod: Pod, status: InjectionStatus): Pod {
  const annotations = pod.metadata.annotations ?? {};
  const labels = pod.metadata.labels ?? {};
  const first = firstContainer(pod.spec);
  const written: readonly (readonly [key: string, value: string | undefined])[] = [
    [REVISION, status.revision],
    ...DEFAULT_CONTAINERS.map((key) => [key, first] as const),
  ];
  const labelled: readonly (readonly [key: string, value: string | undefined])[] = [
    [TLS_MODE, 'istio'],
    [CANONICAL_NAME, canonicalName(labels, template.name)],
    [CANONICAL_REVISION, stringAt(labels, 'app.kubernetes.io/version') || stringAt(labels, 'version') || 'latest'],
  ];
  const same = (map: StringMap, pairs: typeof written) =>
    pairs.flatMap(([key, value]) => (value !== undefined && stringAt(map, key) === value ? [key] : []));
  const lessLabels = withMap(pod, 'labels', without(labels, same(labels, labelled)));
  return withMap(lessLabels, 'annotations', without(annotations, same(annotations, written)));
}

function firstContainer({ containers }: PodSpec): string | undefined {
  return containers?.find(({ name }: Container) => name !== PROXY)?.name;
}

const MAX_CANONICAL_NAME = 63;

function canonicalName(labels: StringMap, workload: string): string {
  const name = stringAt(labels, 'app.kubernetes.io/name') || stringAt(labels, 'app') || workload;
  return name.slice(0, MAX_CANONICAL_NAME).replace(/^[-_.]+|[-_.]+$/g, '');
}

function without<T extends JsonObject | Named>(map: T | undefined, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.includes(key)));
}

/** An empty map goes. */
function withMap(pod: Pod, member: 'annotations' | 'labels', map: JsonObject): Pod {
  return { ...pod, metadata: { ...pod.metadata, [member]: map as StringMap } };
}
