/** The files of a source at one moment, whether they come from a commit or from a folder. */
import type { Problem } from '../snapshot.ts';
import type { SourceAllowance } from './source-spec.ts';

export interface TreeFile {
  /** Relative to the source's path, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Identity of the contents: a blob's object name, or a digest. Equal ids, equal bytes. */
  readonly id: string;
}

/** One source's part of a composed tree. */
export interface TreeLayer {
  /** The source's name. */
  readonly name: string;
  readonly revision: string;
  /** What its files' paths begin with, `team-a/clusters/prod/`: references never leave it. */
  readonly root: string;
  /** What it may define; undefined: everything. */
  readonly allow: SourceAllowance | undefined;
}

export interface SourceTree {
  /** `main@sha1:…` or `dir@sha256:…`. */
  readonly revision: string;
  /** The source's path within it, `` or `clusters/prod/`: what is put before a file's path where people read it. */
  readonly prefix: string;
  /** By path; links, submodules and other things that are not files are in `problems` instead. */
  readonly files: ReadonlyMap<string, TreeFile>;
  readonly problems: readonly Problem[];
  /** The sources that the tree is composed of, the base first; left out where it is of one alone. */
  readonly layers?: readonly TreeLayer[];
  /** The bytes of these files, by path. The caller has checked sizes. Throws SourceError where they can not be had. */
  read(files: readonly TreeFile[], signal: AbortSignal): Promise<ReadonlyMap<string, Buffer>>;
}

/** The layer that a file of a composed tree belongs to. */
export function layerOf(tree: Pick<SourceTree, 'layers'>, file: string): TreeLayer | undefined {
  return tree.layers?.find(({ root }) => file.startsWith(root));
}

/** What the paths of a file's source begin with; empty where the tree is of one source alone. */
export function rootOf(tree: Pick<SourceTree, 'layers'>, file: string): string {
  return layerOf(tree, file)?.root ?? '';
}

/** What an origin has now. */
export interface FoundTree {
  readonly revision: string;
  /** What was verified of its signatures, as a sentence; null where nothing has to be. */
  readonly verified: string | null;
  load(signal: AbortSignal): Promise<SourceTree>;
}

/** Where trees come from. `resolve` may use the network; `load` reads what it found. */
export interface TreeOrigin {
  /**
   * Finds what there is now, makes it readable, and verifies its signatures where that is asked for.
   * @returns the revision it would serve as, and how to list its files.
   * @throws SourceError
   */
  resolve(signal: AbortSignal): Promise<FoundTree>;
  /** Files and folders whose change is worth a look; empty where only asking tells. */
  watched(): Promise<readonly string[]>;
  /** Remembers a revision that serves, so that it can be read again without the network. */
  keep?(revision: string, signal: AbortSignal): Promise<void>;
  /** The remembered revision, if it can still be read. */
  kept?(signal: AbortSignal): Promise<FoundTree | null>;
}
