/** The files of a source at one moment, whether they come from a commit or from a folder. */
import type { Problem } from '../snapshot.ts';

export interface TreeFile {
  /** Relative to the source's path, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Identity of the contents: a blob's object name, or a digest. Equal ids, equal bytes. */
  readonly id: string;
}

export interface SourceTree {
  /** `main@sha1:…` or `dir@sha256:…`. */
  readonly revision: string;
  /** The source's path within it, `` or `clusters/prod/`: what is put before a file's path where people read it. */
  readonly prefix: string;
  /** By path; links, submodules and other things that are not files are in `problems` instead. */
  readonly files: ReadonlyMap<string, TreeFile>;
  readonly problems: readonly Problem[];
  /** The bytes of these files, by path. The caller has checked sizes. Throws SourceError where they can not be had. */
  read(files: readonly TreeFile[], signal: AbortSignal): Promise<ReadonlyMap<string, Buffer>>;
}

/** Where trees come from. `resolve` may use the network; `load` reads what it found. */
export interface TreeOrigin {
  /**
   * Finds what there is now and makes it readable.
   * @returns the revision it would serve as, and how to list its files.
   * @throws SourceError
   */
  resolve(signal: AbortSignal): Promise<{ readonly revision: string; load(signal: AbortSignal): Promise<SourceTree> }>;
  /** Files and folders whose change is worth a look; empty where only asking tells. */
  watched(): Promise<readonly string[]>;
}
