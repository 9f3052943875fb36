/** One difference between what two revisions make of a pod, and where in the pod it is. */
import type { JsonValue } from '../../workers/template/value.ts';

/** What kind of thing differs; in the order in which reports tell them. */
export const CHANGE_KINDS = [
  'outcome',
  'container',
  'image',
  'args',
  'env',
  'probe',
  'lifecycle',
  'port',
  'resources',
  'security',
  'mount',
  'volume',
  'label',
  'annotation',
  'order',
  'other',
  /** Annotations that list what was injected, by which revision, and so repeat other differences. */
  'status',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** `moved`: containers that are in another list, and lists whose elements are in another order. */
export type ChangeAction = 'added' | 'removed' | 'changed' | 'moved';

export interface Change {
  readonly kind: ChangeKind;
  readonly action: ChangeAction;
  /**
   * Member names, and names of list elements instead of their positions: `spec`, `containers`, `istio-proxy`, `env`, `NAME`, `value`.
   * It goes on into texts that hold JSON. APPLICATION stands for any container of the application. Of an outcome: what it was and is.
   */
  readonly path: readonly string[];
  /** Undefined where there is nothing. */
  readonly from: JsonValue | undefined;
  readonly to: JsonValue | undefined;
}

/** Stands in a path for the name of a container that the pod had before any injection. */
export const APPLICATION = '*';

const STATUS_ANNOTATIONS: ReadonlySet<string> = new Set(['sidecar.istio.io/status', 'meshgate.dev/status']);

/** The path as a JSON pointer (RFC 6901). */
export function pointerOf(path: readonly string[]): string {
  return path.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const CONTAINER_LISTS: ReadonlySet<string> = new Set(['containers', 'initContainers', 'ephemeralContainers']);

export function isContainerList(member: string): boolean {
  return CONTAINER_LISTS.has(member);
}

const KINDS_IN_CONTAINER: ReadonlyMap<string, ChangeKind> = new Map<string, ChangeKind>([
  ['image', 'image'],
  ['args', 'args'],
  ['command', 'args'],
  ['env', 'env'],
  ['envFrom', 'env'],
  ['livenessProbe', 'probe'],
  ['readinessProbe', 'probe'],
  ['startupProbe', 'probe'],
  ['lifecycle', 'lifecycle'],
  ['ports', 'port'],
  ['resources', 'resources'],
  ['securityContext', 'security'],
  ['volumeMounts', 'mount'],
]);

/** What a place in a pod belongs to. */
export function kindOf(path: readonly string[]): ChangeKind {
  const [top = '', member = '', name = '', part] = path;
  if (top === 'metadata' && member === 'labels') return 'label';
  if (top === 'metadata' && member === 'annotations') return STATUS_ANNOTATIONS.has(name) ? 'status' : 'annotation';
  if (top !== 'spec') return 'other';
  if (member === 'volumes') return 'volume';
  if (member === 'securityContext') return 'security';
  if (!isContainerList(member)) return 'other';
  return part === undefined ? 'container' : (KINDS_IN_CONTAINER.get(part) ?? 'other');
}
