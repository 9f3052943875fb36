/**
 * The texts that documents refer to: files of the same source, keys of committed ConfigMaps, or text written in place; and where in
 * those files a line of such a text stands.
 */
import { posix } from 'node:path';
import type { Problem } from '../snapshot.ts';
import type { ConfigMapFile } from './config-maps.ts';
import type { TextReference } from './kinds.ts';
import { MAX_REFERENCED_FILE_BYTES } from './limits.ts';
import { nearestName } from './nearest.ts';
import { fieldProblem, type PolicyDocument } from './policy-file.ts';
import { type Position, type ProblemCode, problem } from './problem.ts';
import { rootOf, type SourceTree, type TreeFile } from './tree.ts';
import type { FieldPath, TextPlace } from './yaml-document.ts';

/** A text with the place it came from. */
export interface ResolvedText {
  readonly text: string;
  readonly file: string;
  /** From a position within the text to one in the file. */
  place(position: Position | null): Position | null;
}

/** Where a reference is written: for the problem, if it leads nowhere. */
export interface ReferenceSite {
  readonly file: string;
  readonly document: PolicyDocument;
  readonly path: FieldPath;
}

export interface Resolution {
  readonly resolved: ResolvedText | null;
  readonly problems: readonly Problem[];
}

/** Referenced files by the identity of their contents, kept from one attempt to the next. */
export interface ReferenceCache {
  readonly texts: ReadonlyMap<string, string>;
  readonly configMaps: ReadonlyMap<string, ConfigMapFile>;
}

/**
 * The path in the source that a reference means, relative to the document's own file.
 * @param root what the paths of that file's source begin with, where several compose a tree.
 * @returns null when it is absolute or leaves the source's path.
 */
export function resolveReferencePath(fromFile: string, reference: string, root = ''): string | null {
  if (reference.startsWith('/') || reference.includes('\\') || reference.includes('\0')) return null;
  const path = posix.join(posix.dirname(fromFile), reference);
  return path === '..' || path.startsWith('../') || !path.startsWith(root) ? null : path;
}

/** Which file of the source a reference names, if any; inline texts name none. */
export function referencedPath(fromFile: string, reference: TextReference, root = ''): string | null {
  const named = reference.file ?? reference.configMap?.file;
  return named === undefined ? null : resolveReferencePath(fromFile, named, root);
}

export class References {
  readonly #tree: SourceTree;
  readonly #contents: ReadonlyMap<string, Buffer>;
  readonly #previous: ReferenceCache;
  readonly #prepared: ReadonlyMap<string, ConfigMapFile>;
  readonly #texts = new Map<string, string>();
  readonly #configMaps = new Map<string, ConfigMapFile>();

  /**
   * `contents` holds the files that were read for this, by path; others are taken from the previous attempt's cache. `configMaps` holds
   * every file that is referred to as one, by the identity of its contents.
   */
  constructor(
    tree: SourceTree,
    contents: ReadonlyMap<string, Buffer>,
    previous: ReferenceCache,
    configMaps: ReadonlyMap<string, ConfigMapFile>,
  ) {
    this.#tree = tree;
    this.#contents = contents;
    this.#previous = previous;
    this.#prepared = configMaps;
  }

  /** What was used of the cache and added to it: the next attempt's cache. */
  cache(): ReferenceCache {
    return { texts: this.#texts, configMaps: this.#configMaps };
  }

  resolve(site: ReferenceSite, reference: TextReference): Resolution {
    if (reference.inline !== undefined) return this.#inline(site, reference.inline);
    const field: FieldPath =
      reference.file === undefined ? [...site.path, 'configMap', 'file'] : [...site.path, 'file'];
    const fault = (code: ProblemCode, message: string, at: FieldPath = field): Resolution => ({
      resolved: null,
      problems: [fieldProblem(code, this.#shown(site.file), site.document, at, message)],
    });
    const found = this.#file(site.file, reference.file ?? reference.configMap?.file ?? '');
    if (!found.ok) return fault(found.code, found.message);
    const { configMap } = reference;
    if (configMap === undefined) return { resolved: wholeFile(found.text, this.#shown(found.file.path)), problems: [] };
    return this.#configMapKey(found.file, configMap, (message, part) =>
      fault('REFERENCE_MISSING', message, [...site.path, 'configMap', part]),
    );
  }

  /** A whole file as text, for references that are nothing but a path. */
  readFile(site: ReferenceSite, named: string): Resolution {
    const found = this.#file(site.file, named);
    if (found.ok) return { resolved: wholeFile(found.text, this.#shown(found.file.path)), problems: [] };
    return {
      resolved: null,
      problems: [fieldProblem(found.code, this.#shown(site.file), site.document, site.path, found.message)],
    };
  }

  #inline(site: ReferenceSite, text: string): Resolution {
    const path = [...site.path, 'inline'];
    const place = (position: Position | null): Position => {
      return withinScalar(site.document.source.locateText(path), position);
    };
    return { resolved: { text, file: this.#shown(site.file), place }, problems: [] };
  }

  #file(fromFile: string, named: string): FoundFile {
    const path = resolveReferencePath(fromFile, named, rootOf(this.#tree, fromFile));
    if (path === null)
      return { ok: false, code: 'REFERENCE_ESCAPES', message: `${named} is absolute or leaves the source's path` };
    const file = this.#tree.files.get(path);
    if (file === undefined) {
      const near = nearestName(path, this.#tree.files.keys());
      const hint = near === null ? '' : ` (did you mean ${posix.relative(posix.dirname(fromFile), near)}?)`;
      return { ok: false, code: 'REFERENCE_MISSING', message: `there is no file ${path} in the source${hint}` };
    }
    if (file.bytes > MAX_REFERENCED_FILE_BYTES) {
      return {
        ok: false,
        code: 'FILE_TOO_LARGE',
        message: `${path} has ${file.bytes} bytes; the limit is ${MAX_REFERENCED_FILE_BYTES}`,
      };
    }
    const text = this.#text(file);
    return text === null
      ? { ok: false, code: 'FILE_NOT_TEXT', message: `${path} is not text in UTF-8` }
      : { ok: true, file, text };
  }

  #text(file: TreeFile): string | null {
    const known = this.#texts.get(file.id) ?? this.#previous.texts.get(file.id);
    const text = known ?? decodeText(this.#contents.get(file.path));
    if (text !== null) this.#texts.set(file.id, text);
    return text;
  }

  #configMapKey(
    file: TreeFile,
    wanted: { readonly key: string; readonly name?: string },
    missing: (message: string, part: 'file' | 'key' | 'name') => Resolution,
  ): Resolution {
    const parsed = this.#prepared.get(file.id);
    if (parsed === undefined) return missing(`${file.path} was not read`, 'file');
    this.#configMaps.set(file.id, parsed);
    const shown = this.#shown(file.path);
    if (parsed.problems.length > 0) {
      return {
        resolved: null,
        problems: parsed.problems.map((each) => problem('REFERENCE_INVALID', shown, each.message, each.position)),
      };
    }
    const named = parsed.configMaps.filter((each) => wanted.name === undefined || each.name === wanted.name);
    if (parsed.configMaps.length === 0) return missing(`${file.path} holds no ConfigMap`, 'file');
    if (named.length === 0) return missing(`${file.path} holds no ConfigMap ${wanted.name}`, 'name');
    const holders = named.filter((each) => each.data.has(wanted.key));
    if (holders.length === 0) return missing(describeKeys(file.path, wanted.key, named[0]?.data.keys() ?? []), 'key');
    if (holders.length > 1)
      return missing(`several ConfigMaps of ${file.path} have the key ${wanted.key}: add its name`, 'key');
    const value = holders[0]?.data.get(wanted.key);
    if (value === undefined) return missing(`${file.path} has no key ${wanted.key}`, 'key');
    const place = (position: Position | null) => withinScalar(value.place, position);
    return { resolved: { text: value.text, file: shown, place }, problems: [] };
  }

  #shown(path: string): string {
    return this.#tree.prefix + path;
  }
}

type FoundFile =
  | { readonly ok: true; readonly file: TreeFile; readonly text: string }
  | { readonly ok: false; readonly code: ProblemCode; readonly message: string };

function wholeFile(text: string, file: string): ResolvedText {
  return { text, file, place: (position) => position };
}

/** Lines of a literal block stand where they are written; a quoted text has only its beginning. */
export function withinScalar({ position: start, indent }: TextPlace, position: Position | null): Position {
  if (indent === null || position === null) return start;
  return { line: start.line + position.line - 1, column: position.column + indent };
}

/** UTF-8 without NUL, or null. */
export function decodeText(bytes: Buffer | undefined): string | null {
  if (bytes === undefined || bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function describeKeys(path: string, key: string, known: Iterable<string>): string {
  const keys = [...known];
  return `the ConfigMap in ${path} has no key ${key}${keys.length === 0 ? '' : `; it has ${keys.slice(0, 10).join(', ')}`}`;
}
