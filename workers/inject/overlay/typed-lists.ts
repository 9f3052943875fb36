/**
 * The lists of a pod that overlays mostly add to. An element that the pod does not have yet ends in the pod as Go's types see it, so
 * that form can be worked out beforehand; one that meets an element of the same name has to be merged as it was written.
 */
import type { JsonObject, JsonValue } from '../../template/value.ts';

/** Members of a pod's spec that merge by `name`, with the Go type of their elements. */
export const TYPED_LISTS = [
  ['initContainers', 'v1.Container'],
  ['containers', 'v1.Container'],
  ['volumes', 'v1.Volume'],
  ['imagePullSecrets', 'v1.LocalObjectReference'],
] as const;

export type TypedList = (typeof TYPED_LISTS)[number][0];

/** One element of an overlay's list. Both forms are made when they are asked for. */
export interface OverlayElement {
  readonly name: string;
  /** As the overlay says it. */
  raw(): JsonObject;
  /** As Go's types see it; null where that depends on values. */
  typed(): JsonObject | null;
}

/** What a template made of a pod: an overlay for a strategic merge. Its parts are shared between calls and must not be changed. */
export interface RenderedOverlay {
  /** The overlay without the lists below. */
  readonly base: JsonObject;
  readonly lists: ReadonlyMap<TypedList, readonly OverlayElement[]>;
}

/** An overlay that nothing is known about. */
export function plainOverlay(overlay: JsonObject): RenderedOverlay {
  return { base: overlay, lists: new Map() };
}

export interface PreparedOverlay {
  readonly overlay: JsonObject;
  /** Elements that are in typed form already. */
  readonly known: ReadonlySet<JsonValue>;
}

/** The overlay for one pod: elements that the pod does not have yet come in typed form. */
export function prepareOverlay({ base, lists }: RenderedOverlay, spec: JsonObject): PreparedOverlay {
  const known = new Set<JsonValue>();
  if (lists.size === 0) return { overlay: base, known };
  const merged: JsonObject = { ...(base['spec'] as JsonObject | undefined) };
  for (const [list, elements] of lists) {
    const taken = namesIn(spec[list]);
    merged[list] = elements.map((element) => {
      const typed = taken.has(element.name) ? null : element.typed();
      if (typed !== null) known.add(typed);
      return typed ?? element.raw();
    });
  }
  return { overlay: { ...base, spec: merged }, known };
}

function namesIn(list: JsonValue | undefined): ReadonlySet<JsonValue> {
  return new Set(Array.isArray(list) ? list.map((item) => (item as JsonObject)['name'] ?? null) : []);
}
