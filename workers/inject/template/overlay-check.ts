/** What an overlay may hold: a part of a pod that the apiserver takes, in metadata nothing but labels and annotations. */
import { normalizePod, TypedPodError } from '../../kube/typed-pod.ts';
import { lookupField, type MergeType, POD_MERGE_TYPE } from '../../merge/merge-schema.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { isObject } from './members.ts';

const TOP_MEMBERS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec']);
const METADATA_MEMBERS: ReadonlySet<string> = new Set(['labels', 'annotations']);
/** `$patch`, `$setElementOrder/containers` and the other directives of strategic merge. */
const DIRECTIVE = '$';

/** What is wrong with an overlay, or null. The apiserver would drop unknown fields in silence and reject the pod for wrong types. */
export function overlayFault(overlay: JsonObject): string | null {
  const foreign = Object.keys(overlay).find((name) => !TOP_MEMBERS.has(name));
  if (foreign !== undefined) return `an overlay holds metadata and spec, not ${foreign}`;
  const { metadata, spec } = overlay;
  if (metadata !== undefined && !isObject(metadata)) return 'metadata is not a mapping';
  const forbidden = Object.keys(metadata ?? {}).find((name) => !METADATA_MEMBERS.has(name));
  if (forbidden !== undefined)
    return `metadata.${forbidden} is not an overlay's to change: only labels and annotations are`;
  const unknown = unknownMember(spec ?? null, lookupField(POD_MERGE_TYPE, 'spec')?.object, 'spec');
  if (unknown !== null) return `there is no field ${unknown} in a pod`;
  try {
    normalizePod(withoutDirectives(overlay) as JsonObject);
    return null;
  } catch (error) {
    if (error instanceof TypedPodError) return error.message;
    throw error;
  }
}

/** Depth is bounded by the YAML reader. */
function unknownMember(value: JsonValue, type: MergeType | undefined, path: string): string | null {
  if (!isObject(value) || type?.fields === undefined) return null;
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith(DIRECTIVE)) continue;
    const field = lookupField(type, name);
    if (field === undefined) return `${path}.${name}`;
    const elements = Array.isArray(member) ? member : [];
    for (const [index, element] of elements.entries()) {
      const found = unknownMember(element, field.element, `${path}.${name}[${index}]`);
      if (found !== null) return found;
    }
    const found = unknownMember(member, field.object, `${path}.${name}`);
    if (found !== null) return found;
  }
  return null;
}

function withoutDirectives(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([name]) => !name.startsWith(DIRECTIVE));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutDirectives(member)]));
}
