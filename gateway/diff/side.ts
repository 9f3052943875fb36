/** What `--from` and `--to` name: a revision or tag of the source as it is, a commit, or a revision in a commit. */
import { type CheckedSource, type CheckedSources, checkSource } from '../gitsync/check.ts';
import type { Environment } from '../gitsync/git-command.ts';
import { sourceError } from '../gitsync/problem.ts';
import type { Mesh, Problem, Snapshot } from '../snapshot.ts';
import { committedSource, resolveCommit } from './repository.ts';

export interface Side {
  /** As it was given. */
  readonly name: string;
  /** `main@sha1:…`, `dir@sha256:…`. */
  readonly sourceRevision: string;
  readonly snapshot: Snapshot;
  readonly checked: CheckedSource;
  /** Revision or tag; null: what routing picks. */
  readonly revision: string | null;
}

export interface SideOptions {
  /** With a ref, one of the source itself (`REPO@REF`). Commits are the source's, over the same base. */
  readonly sources: CheckedSources;
  readonly mesh: string | undefined;
  readonly environment: Environment;
  /** Told about the problems of what is read. */
  readonly onProblems: (problems: readonly Problem[]) => void;
}

/** A name that stands for nothing. */
export class UnknownSideError extends Error {
  override readonly name = 'UnknownSideError';
  readonly code = 'FLAGS_INVALID';
}

/** Names of revisions and tags. */
const REVISION = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

/** Opens sides; each commit is read once. */
export class Sides {
  readonly #options: SideOptions;
  readonly #read = new Map<string, Promise<CheckedSource>>();

  constructor(options: SideOptions) {
    this.#options = options;
  }

  /**
   * Opens `REV`, `COMMIT` or `REV@COMMIT`; undefined is the source as it is. A name that is both a revision and a commit is the
   * revision. Throws UnknownSideError for a name that is neither, SourceError for what can not be read.
   */
  async open(name: string | undefined): Promise<Side> {
    if (name === undefined) return this.#side('the source', await this.#asItIs(), null);
    const at = name.indexOf('@');
    if (at > 0 && REVISION.test(name.slice(0, at)) && !name.startsWith('@{', at)) {
      const revision = name.slice(0, at);
      const side = this.#side(name, await this.#commit(name, name.slice(at + 1)), revision);
      if (this.#hasRevision(side.snapshot, revision)) return side;
      throw new UnknownSideError(`${name}: ${this.#noRevision(side.snapshot, revision)} in ${side.sourceRevision}`);
    }
    if (REVISION.test(name)) {
      const asItIs = await this.#asItIs();
      if (asItIs.snapshot !== null && this.#hasRevision(asItIs.snapshot, name)) return this.#side(name, asItIs, name);
    }
    return this.#side(name, await this.#commit(name, name), null);
  }

  /** Opens what `SOURCE@REF` and a revision say, where neither may stand for the other. Throws as `open` does. */
  async openAt(ref: string | undefined, revision: string | undefined): Promise<Side> {
    const name = [revision, ref].filter((part) => part !== undefined).join('@') || 'the source';
    const checked = ref === undefined ? await this.#asItIs() : await this.#commit(name, ref);
    const side = this.#side(name, checked, revision ?? null);
    if (revision === undefined || this.#hasRevision(side.snapshot, revision)) return side;
    throw new UnknownSideError(`${this.#noRevision(side.snapshot, revision)} in ${side.sourceRevision}`);
  }

  #side(name: string, checked: CheckedSource, revision: string | null): Side {
    const { snapshot } = checked;
    if (snapshot === null) throw sourceError('SOURCE_FAILED', '', `the policies of ${name} have problems`);
    return { name, sourceRevision: checked.revision, snapshot, checked, revision };
  }

  #asItIs(): Promise<CheckedSource> {
    return this.#check(this.#options.sources);
  }

  async #commit(name: string, commit: string): Promise<CheckedSource> {
    const { sources, environment } = this.#options;
    if ('sources' in sources) {
      const why =
        'commits can be told of one source alone: give it with --source, and what it is laid over with --base';
      throw new UnknownSideError(`${name} is no revision and no tag; ${why}`);
    }
    const { source, path, base } = sources;
    const committed = committedSource(source, path);
    if (committed === null) {
      throw new UnknownSideError(`${name} is no revision and no tag, and ${source} lies in no repository with commits`);
    }
    if (!committed.isLocal) return this.#check({ source: committed.source, ref: commit, path: committed.path, base });
    const found = await resolveCommit(committed.source, commit, environment);
    if (found === null) {
      const { snapshot } = await this.#asItIs();
      const revision = snapshot === null || name !== commit ? '' : `${this.#noRevision(snapshot, name)}, and `;
      throw new UnknownSideError(`${name}: ${revision}git knows no commit ${commit}`);
    }
    return this.#check({ source: committed.source, ref: found, path: committed.path, base });
  }

  #check(sources: CheckedSources): Promise<CheckedSource> {
    const key = JSON.stringify(sources);
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const { environment, onProblems } = this.#options;
    // Only the revisions that are asked for are compiled, when they are used.
    const checking = checkSource({ ...sources, compile: async () => [], environment }).then((checked) => {
      onProblems(checked.problems);
      return checked;
    });
    this.#read.set(key, checking);
    return checking;
  }

  #hasRevision(snapshot: Snapshot, name: string): boolean {
    return this.#meshes(snapshot).some((mesh) => hasRevision(mesh, name));
  }

  #meshes(snapshot: Snapshot): readonly Mesh[] {
    const { mesh } = this.#options;
    return [...snapshot.meshes.values()].filter(({ name }) => mesh === undefined || name === mesh);
  }

  #noRevision(snapshot: Snapshot, name: string): string {
    const known = this.#meshes(snapshot).flatMap(({ revisions, tags }) => [...revisions.keys(), ...tags.keys()]);
    return `there is no revision and no tag ${name}; there are ${known.join(', ') || 'none'}`;
  }
}

export function hasRevision(mesh: Mesh, name: string): boolean {
  return mesh.revisions.has(name) || mesh.tags.has(name);
}
