/**
 * Applying a JSON Patch as the apiserver does: with gopkg.in/evanphx/json-patch.v4 (v4.13), whose rules are RFC 6902's but for
 *
 *   - indices may be negative, counted from the list's end, and signed or zero-padded (`-1`, `+1`, `01`); `add` takes `-`
 *   - `replace` adds a member that an object has not got; `copy` of such a member adds null; `test` finds null there
 *   - an operation without `value` has the value null
 *   - what a path holds before its first slash is ignored; a whole document can be replaced and tested, nothing else
 *   - null can not be entered, also where an earlier operation could have made it an object
 *   - a `test` that meets null in a list fails (upstream crashes)
 *
 * One difference is left: a `test` of an object with a null that an earlier operation of the same patch wrote passes here, and
 * fails upstream. Values compare as parsed: `1.0` equals `1`.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { MAX_JSON_DEPTH } from './deep-equal.ts';
import { type Operation, PatchError } from './operation.ts';
import { unescapeSegment } from './pointer.ts';

/** Operations in one patch. The apiserver's own limit for patches of users is the same. */
export const MAX_OPERATIONS = 10_000;
/** What `copy` operations of one patch may add, as JSON text; the apiserver's limit. */
export const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/**
 * The document with the patch applied. The document is not changed; the result shares with it, and with the values of the
 * patch, what it can, so treat all as frozen. Throws PatchError: PATCH_MALFORMED, PATCH_PATH, PATCH_INDEX, PATCH_TEST,
 * PATCH_LIMIT.
 */
export function applyPatch(document: JsonValue, patch: readonly Operation[]): JsonValue {
  if (patch.length > MAX_OPERATIONS) throw new PatchError('PATCH_LIMIT', -1, `more than ${MAX_OPERATIONS} operations`);
  if (!isContainer(document)) throw new PatchError('PATCH_PATH', -1, 'the document is neither an object nor a list');
  const run = new PatchRun(document);
  for (let i = 0; i < patch.length; i++) run.step(patch[i] as Operation, i);
  return run.root;
}

type Container = JsonObject | JsonValue[];

/** Where an operation works: a member of an object or list, which may be changed in place. */
interface Place {
  readonly container: Container;
  readonly key: string;
}

class PatchRun {
  root: Container;
  #index = 0;
  /** Containers made here, which nobody else holds: they are changed in place, all others copied first. */
  #own = new Set<Container>();
  /**
   * The way to the container that was changed last: the containers from the root on, all of them this run's own, and the segments
   * between them as the path had them. The next operation mostly goes the same way for a while. They still lie there: a step moves
   * what is in its container, never a container on the way to it.
   */
  readonly #way: Container[] = [];
  readonly #segmentsOfWay: string[] = [];
  /** The path that was opened last, and where it led. */
  #lastPath: string | undefined;
  #lastPlace: Place | undefined;
  #copiedBytes = 0;

  constructor(root: Container) {
    this.root = root;
  }

  step(operation: Operation, index: number): void {
    this.#index = index;
    switch (operation.op) {
      case 'add':
        this.#add(operation.path, operation.value ?? null);
        break;
      case 'remove':
        this.#remove(operation.path);
        break;
      case 'replace':
        this.#replace(operation.path, operation.value ?? null);
        break;
      case 'move':
        this.#add(operation.path, this.#remove(operation.from));
        break;
      case 'copy':
        this.#copy(operation.from, operation.path);
        break;
      case 'test':
        this.#test(operation.path, operation.value ?? null);
        break;
      default:
        this.#fail('PATCH_MALFORMED', 'its op is none of add, remove, replace, move, copy, test');
    }
  }

  #add(path: string, value: JsonValue): void {
    const { container, key } = this.#openForChange(path);
    if (!Array.isArray(container)) setMember(container, key, value);
    else if (key === '-') container.push(value);
    else container.splice(this.#listIndex(key, container.length + 1), 0, value);
  }

  #remove(path: string): JsonValue {
    const { container, key } = this.#openForChange(path);
    if (Array.isArray(container)) {
      return container.splice(this.#listIndex(key, container.length), 1)[0] as JsonValue;
    }
    if (!Object.hasOwn(container, key)) this.#fail('PATCH_PATH', `nothing to remove at ${path}`);
    const value = container[key] as JsonValue;
    this.#replaceOpen(without(container, key));
    return value;
  }

  #replace(path: string, value: JsonValue): void {
    if (path === '') {
      if (!isContainer(value)) this.#fail('PATCH_PATH', 'a document is an object or a list');
      this.root = value;
      this.#forgetWay();
      return;
    }
    const { container, key } = this.#openForChange(path);
    if (Array.isArray(container)) container[this.#listIndex(key, container.length)] = value;
    else setMember(container, key, value);
  }

  #copy(from: string, path: string): void {
    const value = this.#read(from);
    this.#copiedBytes += this.#sizeOf(value, 0);
    if (this.#copiedBytes > MAX_COPIED_BYTES)
      this.#fail('PATCH_LIMIT', `copies of more than ${MAX_COPIED_BYTES} bytes`);
    // The value now stands in two places: nothing in it may be changed in place any more.
    this.#own = new Set();
    this.#forgetWay();
    this.#add(path, value);
  }

  /** About the length of a value as JSON. */
  #sizeOf(value: JsonValue, depth: number): number {
    if (typeof value === 'string') return value.length + 2;
    if (!isContainer(value)) return String(value).length;
    if (depth > MAX_JSON_DEPTH) this.#fail('PATCH_LIMIT', `nested deeper than ${MAX_JSON_DEPTH} levels`);
    let size = 2;
    if (Array.isArray(value)) for (const element of value) size += 1 + this.#sizeOf(element, depth + 1);
    else
      for (const key of Object.keys(value)) size += key.length + 4 + this.#sizeOf(value[key] as JsonValue, depth + 1);
    return size;
  }

  #test(path: string, value: JsonValue): void {
    const found = path === '' ? this.root : this.#read(path);
    if (!matches(found, value, 0)) this.#fail('PATCH_TEST', `another value at ${path}`);
  }

  /** The value at a path; null for a member that is not there. */
  #read(path: string): JsonValue {
    const segments = this.#segments(path);
    let container = this.root;
    for (let i = 1; i < segments.length - 1; i++) {
      container = this.#enter(container, segments[i] as string, path);
    }
    return this.#member(container, segments[segments.length - 1] as string);
  }

  /** The container at a path's last segment, copied down from the root where it is not this run's own. */
  #openForChange(path: string): Place {
    if (path === this.#lastPath && this.#lastPlace !== undefined) return this.#lastPlace;
    const place = this.#open(path);
    this.#lastPath = path;
    this.#lastPlace = place;
    return place;
  }

  #open(path: string): Place {
    if (typeof path !== 'string') this.#fail('PATCH_MALFORMED', 'its path or from is no text');
    const end = path.lastIndexOf('/');
    if (end < 0) this.#fail('PATCH_PATH', `${JSON.stringify(path)} names no member`);
    let depth = 0;
    // What is before the first slash is ignored.
    let at = path.indexOf('/');
    const ways = this.#segmentsOfWay;
    while (at < end && depth < ways.length) {
      const segment = ways[depth] as string;
      const next = at + 1 + segment.length;
      if (path.charCodeAt(next) !== SLASH || !path.startsWith(segment, at + 1)) break;
      at = next;
      depth++;
    }
    ways.length = depth;
    this.#way.length = Math.min(this.#way.length, depth + 1);
    let container = this.#way[depth] ?? this.#ownRoot();
    while (at < end) {
      const next = path.indexOf('/', at + 1);
      const segment = path.slice(at + 1, next);
      const child = this.#enter(container, segment, path);
      container = this.#own.has(child) ? child : this.#ownMember(container, segment, child);
      this.#way.push(container);
      ways.push(segment);
      if (ways.length >= MAX_JSON_DEPTH) this.#fail('PATCH_LIMIT', `a path of more than ${MAX_JSON_DEPTH} segments`);
      at = next;
    }
    return { container, key: unescapeSegment(path.slice(end + 1)) };
  }

  #ownRoot(): Container {
    if (!this.#own.has(this.root)) {
      this.root = copyOf(this.root);
      this.#own.add(this.root);
    }
    this.#way[0] = this.root;
    return this.root;
  }

  #ownMember(container: Container, segment: string, member: Container): Container {
    const copy = copyOf(member);
    this.#own.add(copy);
    this.#put(container, segment, copy);
    return copy;
  }

  #put(container: Container, segment: string, value: Container): void {
    const key = unescapeSegment(segment);
    if (Array.isArray(container)) container[this.#listIndex(key, container.length)] = value;
    else setMember(container, key, value);
  }

  /** Another object in the place of the one that was opened last. */
  #replaceOpen(object: JsonObject): void {
    const last = this.#way.length - 1;
    this.#way[last] = object;
    this.#lastPath = undefined;
    this.#own.add(object);
    const parent = this.#way[last - 1];
    if (parent === undefined) this.root = object;
    else this.#put(parent, this.#segmentsOfWay[last - 1] as string, object);
  }

  #forgetWay(): void {
    this.#way.length = 0;
    this.#segmentsOfWay.length = 0;
    this.#lastPath = undefined;
  }

  #segments(path: string): string[] {
    if (typeof path !== 'string') this.#fail('PATCH_MALFORMED', 'its path or from is no text');
    const segments = path.split('/');
    if (segments.length < 2) this.#fail('PATCH_PATH', `${JSON.stringify(path)} names no member`);
    if (segments.length > MAX_JSON_DEPTH) this.#fail('PATCH_LIMIT', `a path of more than ${MAX_JSON_DEPTH} segments`);
    return segments;
  }

  #enter(container: Container, segment: string, path: string): Container {
    const next = this.#member(container, segment);
    if (!isContainer(next)) this.#fail('PATCH_PATH', `nothing at ${path}`);
    return next;
  }

  #member(container: Container, segment: string): JsonValue {
    const key = unescapeSegment(segment);
    if (Array.isArray(container)) return container[this.#listIndex(key, container.length)] as JsonValue;
    return Object.hasOwn(container, key) ? (container[key] as JsonValue) : null;
  }

  /** An index below `length`; negative ones count from there. */
  #listIndex(key: string, length: number): number {
    const index = SIGNED_INTEGER.test(key) ? Number(key) : Number.NaN;
    const at = index < 0 ? index + length : index;
    if (!(at >= 0 && at < length)) this.#fail('PATCH_INDEX', `no index ${JSON.stringify(key)}`);
    return at;
  }

  #fail(code: PatchError['code'], detail: string): never {
    throw new PatchError(code, this.#index, detail);
  }
}

const SIGNED_INTEGER = /^[+-]?\d+$/;
const SLASH = 47;

function isContainer(value: JsonValue): value is Container {
  return typeof value === 'object' && value !== null;
}

function copyOf(container: Container): Container {
  return Array.isArray(container) ? container.slice() : { ...container };
}

/** The object without a member; taking one out of an object makes everything slow that is done with it afterwards. */
function without(object: JsonObject, gone: string): JsonObject {
  const rest: JsonObject = {};
  for (const key of Object.keys(object)) if (key !== gone) setMember(rest, key, object[key] as JsonValue);
  return rest;
}

function setMember(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** Equality as upstream tests it: in lists null matches nothing. */
function matches(found: JsonValue, value: JsonValue, depth: number): boolean {
  if (!isContainer(found) || !isContainer(value)) return found === value;
  if (depth > MAX_JSON_DEPTH) return false;
  if (Array.isArray(found)) {
    if (!Array.isArray(value) || found.length !== value.length) return false;
    return found.every((element, i) => element !== null && matches(element, value[i] as JsonValue, depth + 1));
  }
  if (Array.isArray(value)) return false;
  const keys = Object.keys(found);
  if (keys.length !== Object.keys(value).length) return false;
  return keys.every(
    (key) => Object.hasOwn(value, key) && matches(found[key] as JsonValue, value[key] as JsonValue, depth + 1),
  );
}
