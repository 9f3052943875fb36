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
/** Rows of structural parts that one prover remembers, each beginning of a row for itself. */
export const ROW_LIMIT = 8_192;
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

const OPERATIONS = ['add', 'remove', 'replace', 'test', 'move', 'copy'] as const;

/** What is worked out once about operations in one place. */
interface Spot {
  /** The place, but for the name of an annotation or label. */
  readonly text: string;
  readonly ofMetadata: boolean;
  /** Whether they hang on others or others on them. */
  readonly structural: boolean;
  /** Parts of shapes by number, in the order of OPERATIONS; 0: not told yet. */
  readonly parts: number[];
}

/** A row of structural parts, and the rows that go on from it; mostly that is one. */
class Row {
  known = false;
  #part = 0;
  #then: Row | null = null;
  #others: Map<number, Row> | null = null;

  next(part: number): Row | undefined {
    if (this.#then !== null && this.#part === part) return this.#then;
    return this.#others?.get(part);
  }

  /** One more part than this row has. */
  add(part: number): Row {
    const row = new Row();
    if (this.#then === null) {
      this.#part = part;
      this.#then = row;
    } else {
      this.#others ??= new Map();
      this.#others.set(part, row);
    }
    return row;
  }
}

/** Of one revision, in one thread. */
export class PatchProver {
  /** By the pointer's text. */
  #spots = new Map<string, Spot>();
  #numbers = new Map<string, number>();
  #known = new Set<number>();
  #start = new Row();
  #rows = 1;
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
    if (this.#numbers.size + patch.length >= PART_LIMIT || this.#rows + patch.length >= ROW_LIMIT) {
      this.#spots = new Map();
      this.#numbers = new Map();
      this.#known = new Set();
      this.#start = new Row();
      this.#rows = 1;
    }
    this.#knows(document, patch, true);
  }

  /** Whether all parts of the shape are known; `learning`: they are from now on. */
  #knows(document: JsonObject, patch: readonly Operation[], learning: boolean): boolean {
    let row: Row | undefined = this.#placesOf(document, learning);
    let last = 0;
    for (let i = 0; i < patch.length; i++) {
      const { op, path } = patch[i] as Operation;
      const spot = this.#spots.get(path) ?? this.#newSpot(path);
      const part = this.#partOf(spot, op);
      if (spot.structural) {
        // One more annotation needs what the last one needed.
        if (part !== last || !spot.ofMetadata) row = this.#nextRow(row, part, learning);
        if (row === undefined) return false;
        last = part;
      } else if (learning) this.#known.add(part);
      else if (!this.#known.has(part)) return false;
    }
    if (row === undefined) return false;
    if (learning) row.known = true;
    return row.known;
  }

  #newSpot(path: string): Spot {
    if (this.#spots.size >= PART_LIMIT) this.#spots = new Map();
    const spot = spotOf(path);
    this.#spots.set(path, spot);
    return spot;
  }

  #partOf(spot: Spot, op: Operation['op']): number {
    const index = OPERATIONS.indexOf(op);
    const known = spot.parts[index] as number;
    if (known !== 0) return known;
    const name = op + spot.text;
    const number = this.#numbers.get(name) ?? this.#numbers.size + 1;
    // Without room it stays without a number that another one could know it by.
    if (number > PART_LIMIT) return UNNUMBERED;
    this.#numbers.set(name, number);
    spot.parts[index] = number;
    return number;
  }

  #nextRow(row: Row | undefined, part: number, learning: boolean): Row | undefined {
    const next = row?.next(part);
    if (next !== undefined || !learning || row === undefined) return next;
    this.#rows++;
    return row.add(part);
  }

  /** What the pod has in the places where injection adds something. */
  #placesOf(document: JsonObject, learning: boolean): Row | undefined {
    const metadata = memberOf(document, 'metadata');
    const spec = memberOf(document, 'spec');
    let row = this.#nextRow(this.#start, kindOf(metadata), learning);
    row = this.#nextRow(row, kindOf(memberOf(metadata, 'annotations')), learning);
    row = this.#nextRow(row, kindOf(memberOf(metadata, 'labels')), learning);
    row = this.#nextRow(row, kindOf(spec), learning);
    row = this.#nextRow(row, kindOf(memberOf(spec, 'volumes')), learning);
    row = this.#nextRow(row, kindOf(memberOf(spec, 'initContainers')), learning);
    return this.#nextRow(row, kindOf(memberOf(spec, 'containers')), learning);
  }
}

/** The part of an operation that there was no number left for: known to nobody. */
const UNNUMBERED = -1_000_000;

function spotOf(path: string): Spot {
  const ofMetadata = path.startsWith(ANNOTATIONS) || path.startsWith(LABELS);
  return {
    text: textOf(path),
    ofMetadata,
    structural: ofMetadata || isStructural(path),
    parts: OPERATIONS.map(() => 0),
  };
}

/** The place, but for the name of an annotation or label. */
function textOf(path: string): string {
  if (path.startsWith(ANNOTATIONS)) return placeOf(ANNOTATIONS, path);
  if (path.startsWith(LABELS)) return placeOf(LABELS, path);
  return path;
}

function placeOf(prefix: string, path: string): string {
  return path.includes(ESCAPED, prefix.length) ? prefix + ESCAPED : prefix;
}

/** Whether it hangs on others or they on it: it is about an element of a list, as far as a path can tell, or near the top. */
function isStructural(path: string): boolean {
  const last = path.lastIndexOf(SLASH);
  const first = path.charCodeAt(last + 1);
  if ((first >= 48 && first <= 57) || first === 45) return true;
  const second = path.indexOf(SLASH, path.indexOf(SLASH) + 1);
  return second < 0 || second === last;
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** What can be done with a value: nothing there, null, an object, a list of a length, or anything else. Below all numbers of parts. */
function kindOf(value: JsonValue | undefined): number {
  if (value === undefined) return -1;
  if (value === null) return -2;
  if (typeof value !== 'object') return -3;
  return Array.isArray(value) ? -5 - value.length : -4;
}
