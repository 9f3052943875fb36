/**
 * The parts of pods that Istio's functions take as arguments. Go tells struct types apart by name, so these match the types of
 * kube/pod-types.ts without holding their fields: the functions read the data itself.
 */
import type { GoStructType, GoType, GoValue } from '../../value.ts';
import { GoRef } from '../../value.ts';
import type { Param } from '../signature.ts';

type Data = Readonly<Record<string, unknown>>;

const OBJECT_META: GoStructType = { kind: 'struct', name: 'v1.ObjectMeta', fields: new Map() };
const CONTAINER: GoStructType = { kind: 'struct', name: 'v1.Container', fields: new Map() };
const CONTAINERS: GoType = { kind: 'slice', elem: CONTAINER };

/** A metav1.ObjectMeta. */
export const objectMeta: Param<GoRef> = { type: OBJECT_META };
/** A []corev1.Container. */
export const containers: Param<GoRef> = { type: CONTAINERS };

export interface ContainerData {
  readonly name?: unknown;
  readonly image?: unknown;
  readonly ports?: unknown;
}

/** A pod's own annotation; undefined when it has none of that name. */
export function annotationOf(meta: GoRef, name: string): string | undefined {
  return stringAt((meta.data as Data | null | undefined)?.['annotations'], name);
}

/** The containers of a slice argument; none for a nil slice. */
export function containerList(slice: GoRef): readonly ContainerData[] {
  return Array.isArray(slice.data) ? (slice.data as readonly ContainerData[]) : [];
}

/** The entries of a map[string]string argument; none for a nil map. */
export function entriesOfMap(map: GoValue): Data {
  const data = map instanceof GoRef ? map.data : map;
  return typeof data === 'object' && data !== null ? (data as Data) : {};
}

/** The value of a map[string]string; undefined where the key is missing. A null value is Go's "". */
export function stringAt(data: unknown, key: string): string | undefined {
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, key)) return undefined;
  const value = (data as Data)[key];
  return typeof value === 'string' ? value : '';
}
