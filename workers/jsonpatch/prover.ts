/**
 * Patches are proved by applying them before they are sent (prove.ts), for the apiserver rejects a pod whose patch does not apply whatever
 * the failurePolicy. Whether a patch applies, and is right, hangs on its shape (what it does where, and what the pod has there), not
 * on the names and values in it; and pods of one revision have few shapes. So a patch is proved when there is something new about
 * its shape, and one of many all the same, which costs a tenth of proving each.
 *
 * A shape is in two parts. Operations on lists move what others find, and those near the top make or need what others have, so all of these
 * together are one thing to know, with what the pod has in those places. All other operations stand for themselves: what is done to a probe
 * of one container does not touch the next.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import type { Operation } from './operation.ts';

/** Parts of shapes that one prover remembers; with more it begins anew. */
export const PART_LIMIT = 1_024;
/** Patches of more operations are unusual, and always proved. */
export const KNOWN_OPERATIONS = 64;
/** Of this many patches with nothing new, one is proved all the same. */
export const PROVE_EVERY = 32;

const ANNOTATIONS = '/metadata/annotations/';
const LABELS = '/metadata/labels/';
/** Keys with these are written in another way. */
const ESCAPED = '~';
const SLASH = '/';

/** Applies the patch to see whether it is right. */
export type Proof = () => boolean;

/** Of one revision, in one thread. */
export class PatchProver {
  #known = new Set<string>();
  #sinceProof = 0;

  /** Whether the patch is right: as `proof` says, or has said of patches with all parts of its shape. */
  prove(document: JsonObject, patch: readonly Operation[], proof: Proof): boolean {
    const usual = patch.length <= KNOWN_OPERATIONS;
    if (usual && this.#knows(document, patch, false) && ++this.#sinceProof < PROVE_EVERY) return true;
    this.#sinceProof = 0;
    if (!proof()) return false;
    if (usual) this.#learn(document, patch);
    return true;
  }

  #learn(document: JsonObject, patch: readonly Operation[]): void {
    if (this.#known.size + patch.length >= PART_LIMIT) this.#known = new Set();
    this.#knows(document, patch, true);
  }

  /** Whether all parts of the shape are known; `learning`: they are from now on. */
  #knows(document: JsonObject, patch: readonly Operation[], learning: boolean): boolean {
    let structure = placesOf(document);
    let last = '';
    for (let i = 0; i < patch.length; i++) {
      const part = partOf(patch[i] as Operation);
      if (isStructural(part)) {
        // One more annotation needs what the last one needed.
        if (part !== last || !isOfMetadata(part)) structure += part;
        last = part;
      } else if (!this.#isKnown(part, learning)) return false;
    }
    return this.#isKnown(structure, learning);
  }

  #isKnown(part: string, learning: boolean): boolean {
    if (learning) this.#known.add(part);
    return learning || this.#known.has(part);
  }
}

/** What one operation does, but for the name of an annotation or label. */
function partOf({ op, path }: Operation): string {
  if (path.startsWith(ANNOTATIONS)) return op + placeOf(ANNOTATIONS, path);
  if (path.startsWith(LABELS)) return op + placeOf(LABELS, path);
  return op + path;
}

function placeOf(prefix: string, path: string): string {
  return path.includes(ESCAPED, prefix.length) ? prefix + ESCAPED : prefix;
}

function isOfMetadata(part: string): boolean {
  return part.includes(ANNOTATIONS) || part.includes(LABELS);
}

/** Whether it hangs on others or they on it: it is about an element of a list, as far as a path can tell, or near the top. */
function isStructural(part: string): boolean {
  const last = part.lastIndexOf(SLASH);
  const first = part.charCodeAt(last + 1);
  if ((first >= 48 && first <= 57) || first === 45) return true;
  const second = part.indexOf(SLASH, part.indexOf(SLASH) + 1);
  return second < 0 || second === last || isOfMetadata(part);
}

/** What the pod has in the places where injection adds something. */
function placesOf(document: JsonObject): string {
  const metadata = memberOf(document, 'metadata');
  const spec = memberOf(document, 'spec');
  return (
    kindOf(metadata) +
    kindOf(memberOf(metadata, 'annotations')) +
    kindOf(memberOf(metadata, 'labels')) +
    kindOf(spec) +
    kindOf(memberOf(spec, 'volumes')) +
    kindOf(memberOf(spec, 'initContainers')) +
    kindOf(memberOf(spec, 'containers'))
  );
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** What can be done with a value: nothing there, null, an object, a list of a length, or anything else. */
function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return '.';
  if (value === null) return '0';
  if (typeof value !== 'object') return '-';
  return Array.isArray(value) ? `[${value.length}]` : '{';
}
