/** Merging an overlay into a pod as Go does: a strategic merge, whose result is read back as a typed pod. */
import { normalizePod, normalizeTyped, type TypedPod } from '../../kube/typed-pod.ts';
import { strategicMergePatch } from '../../merge/strategic-merge.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { prepareOverlay, type RenderedOverlay, TYPED_LISTS } from './typed-lists.ts';

const LIST_TYPES: ReadonlyMap<string, string> = new Map(TYPED_LISTS);

/**
 * The pod with the overlay merged into it, in typed form. `pod` has to be in typed form; neither argument is changed, and the
 * result shares with both. Throws MergeError, and TypedPodError where the result is no pod.
 */
export function mergeOverlay(pod: JsonObject, rendered: RenderedOverlay): TypedPod {
  const spec = pod['spec'] as JsonObject;
  const lists = listsWithAdditions(rendered, spec);
  if (lists !== null) {
    const merged = typedAfter(pod, strategicMergePatch(pod, rendered.base), NOTHING_KNOWN);
    return { ...merged, spec: { ...merged.spec, ...lists } };
  }
  const { overlay, known } = prepareOverlay(rendered, spec);
  return typedAfter(pod, strategicMergePatch(pod, overlay), known);
}

const NOTHING_KNOWN: ReadonlySet<JsonValue> = new Set();

/**
 * The lists of a pod whose elements the overlay only adds to, as a merge would leave them: the overlay's elements stand before the pod's. Null
 * where an element meets one of its name, or something else has to be looked at by the merge itself.
 */
function listsWithAdditions({ base, lists }: RenderedOverlay, spec: JsonObject): JsonObject | null {
  const baseSpec = base['spec'];
  if (lists.size === 0 || hasDirective(base) || !isObject(baseSpec) || hasDirective(baseSpec)) return null;
  const merged: JsonObject = {};
  for (const [list, elements] of lists) {
    const before = spec[list] ?? NO_ELEMENTS;
    if (!Array.isArray(before)) return null;
    const names = distinctNames(before);
    if (names === null) return null;
    const after: JsonValue[] = [];
    for (const element of elements) {
      const typed = names.includes(element.name) ? null : element.typed();
      if (typed === null) return null;
      after.push(typed);
    }
    for (const element of before) after.push(element);
    merged[list] = after;
  }
  return merged;
}

/** Lists up to here are looked through for each name, which takes less than a set of them. */
const FEW_NAMES = 24;

/** The names of a list's elements; null where one has none, or two have the same. */
function distinctNames(list: readonly JsonValue[]): readonly string[] | null {
  const few = list.length <= FEW_NAMES;
  const names: string[] = [];
  for (const element of list) {
    const name = isObject(element) ? element['name'] : undefined;
    if (typeof name !== 'string' || (few && names.includes(name))) return null;
    names.push(name);
  }
  return few || new Set(names).size === names.length ? names : null;
}

const NO_ELEMENTS: readonly JsonValue[] = [];

function hasDirective(object: JsonObject): boolean {
  for (const key in object) if (key.startsWith('$')) return true;
  return false;
}

/**
 * What an overlay adds to no pod at all, in typed form; null where that takes a merge. The first template's view of what was
 * injected: only names and containers of the lists are read in it.
 */
export function overlayAlone({ base, lists }: RenderedOverlay): TypedPod | null {
  const spec = base['spec'];
  if (lists.size === 0 || !isObject(spec)) return null;
  const alone: JsonObject = {};
  for (const [list, type] of TYPED_LISTS) {
    const elements = lists.get(list);
    if (elements === undefined) {
      if (Object.hasOwn(spec, list)) return null;
      continue;
    }
    alone[list] = elements.map((element) => element.typed() ?? normalizeTyped(type, element.raw()));
  }
  return { metadata: {}, spec: alone, status: {} };
}

/** Brings what the merge changed into typed form; what the pod had before, and what is known, is in that form already. */
function typedAfter(before: JsonObject, after: JsonObject, known: ReadonlySet<JsonValue>): TypedPod {
  const { metadata, spec, ...rest } = after;
  if (!isObject(spec) || !isObject(before['spec'])) return normalizePod(after);
  for (const key of Object.keys(rest)) if (rest[key] !== before[key]) return normalizePod(after);
  const typed: JsonObject = { ...rest };
  typed['metadata'] =
    metadata === undefined || metadata === before['metadata']
      ? (metadata ?? {})
      : typedMetadata(before['metadata'], metadata);
  typed['spec'] = spec === before['spec'] ? spec : typedSpec(before['spec'], spec, known);
  return typed as TypedPod;
}

/** Maps of texts are all that most overlays change of a pod's metadata, and most of them are in typed form as they are. */
function typedMetadata(before: JsonValue | undefined, after: JsonValue): JsonValue {
  if (!isObject(before) || !isObject(after)) return normalizeTyped('v1.ObjectMeta', after);
  for (const key in after) {
    const value = after[key];
    if (value === before[key] && value !== undefined) continue;
    if ((key !== 'labels' && key !== 'annotations') || !isTypedMap(value))
      return normalizeTyped('v1.ObjectMeta', after);
  }
  return after;
}

/** Whether a value is a map of texts with something in it, in typed form. */
function isTypedMap(value: JsonValue | undefined): boolean {
  if (!isObject(value)) return false;
  let some = false;
  for (const key in value) {
    const text = value[key];
    if (typeof text !== 'string' || !text.isWellFormed()) return false;
    some = true;
  }
  return some;
}

function typedSpec(before: JsonObject, after: JsonObject, known: ReadonlySet<JsonValue>): JsonObject {
  const spec: JsonObject = {};
  const changed: JsonObject = {};
  let others = false;
  for (const key of Object.keys(after)) {
    const value = after[key] as JsonValue;
    const type = LIST_TYPES.get(key);
    if (value === before[key]) spec[key] = value;
    else if (type !== undefined && Array.isArray(value) && value.length > 0) {
      spec[key] = typedList(before[key], value, type, known);
    } else {
      others = true;
      changed[key] = value;
    }
  }
  if (!others) return spec;
  const typed = normalizeTyped('v1.PodSpec', changed) as JsonObject;
  // Go always writes `containers`, which may not have been among them.
  if (!Object.hasOwn(changed, 'containers') && Object.hasOwn(spec, 'containers')) delete typed['containers'];
  return { ...spec, ...typed };
}

function typedList(
  before: JsonValue | undefined,
  after: readonly JsonValue[],
  type: string,
  known: ReadonlySet<JsonValue>,
): JsonValue[] {
  const same = new Set(Array.isArray(before) ? before : []);
  return after.map((element) => (known.has(element) || same.has(element) ? element : normalizeTyped(type, element)));
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
