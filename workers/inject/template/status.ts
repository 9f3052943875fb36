/**
 * Annotation `meshgate.dev/status`: which template meshes have injected a pod, and what each of them added. A JSON object by mesh,
 * so that several meshes can share a pod.
 */
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { type Note, readNote } from './additions.ts';
import { isObject, memberOf, textOf } from './members.ts';

export const STATUS_ANNOTATION = 'meshgate.dev/status';

export interface MeshStatus {
  readonly revision: string;
  /** The beginning of the revision's digest: a revision whose files changed is another one. */
  readonly digest: string;
  readonly added: Note;
}

/** What the pod says of one mesh; null where it says nothing that can be read. */
export function readStatus(pod: JsonObject, mesh: string): MeshStatus | null {
  const entry = memberOf(readAll(pod), mesh);
  const revision = textOf(entry, 'revision');
  const digest = textOf(entry, 'digest');
  const added = readNote(memberOf(entry, 'added'));
  return revision === undefined || digest === undefined || added === null ? null : { revision, digest, added };
}

/** The pod with a mesh's status set, or with null removed; annotations that are then empty go. Nothing is changed in place. */
export function withStatus(pod: JsonObject, mesh: string, status: MeshStatus | null): JsonObject {
  const others = Object.entries(readAll(pod)).filter(([name]) => name !== mesh);
  const all = status === null ? others : [...others, [mesh, status] as const];
  const metadata = memberOf(pod, 'metadata');
  const annotations = memberOf(metadata, 'annotations');
  const rest = Object.entries(isObject(annotations) ? annotations : {}).filter(([name]) => name !== STATUS_ANNOTATION);
  const kept: [string, JsonValue][] =
    all.length === 0 ? rest : [...rest, [STATUS_ANNOTATION, JSON.stringify(Object.fromEntries(all))]];
  const { annotations: _, ...others_ } = isObject(metadata) ? metadata : {};
  return { ...pod, metadata: kept.length === 0 ? others_ : { ...others_, annotations: Object.fromEntries(kept) } };
}

function readAll(pod: JsonObject): JsonObject {
  const text = textOf(memberOf(memberOf(pod, 'metadata'), 'annotations'), STATUS_ANNOTATION);
  if (text === undefined) return {};
  try {
    const value: JsonValue = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
