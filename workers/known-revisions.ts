/**
 * What a worker knows of revisions: their sources as soon as they are told, compiled when they are first needed; and for each revision
 * that is asked for, a review of it, with which its next version is tried before a request has to wait for what only a render compiles.
 */
import { LRUCache } from 'lru-cache';
import { compileRevision } from './inject/compile.ts';
import type { CompiledRevision } from './inject/provider.ts';
import type { InjectTask, RevisionSource } from './protocol.ts';

/** Revisions that one worker keeps; more than that are told again when they come back. */
const REVISION_LIMIT = 256;
/** What the texts of those that are compiled may have together, in UTF-16 units: Istio's take about 25 times as much of the worker's heap. */
const COMPILED_TEXT_LIMIT = 13_000_000;
/** The same of those that are only known, which take a byte or two. */
const KNOWN_TEXT_LIMIT = 32_000_000;
/** Revisions that are rehearsed in one go, the last used first: each takes some ten milliseconds. */
const REHEARSED_LIMIT = 16;
/** A longer review is not kept for a rehearsal. */
const MAX_KEPT_REVIEW_LENGTH = 64 * 1024;

export class KnownRevisions {
  readonly #sources = new LRUCache<string, RevisionSource>({ max: REVISION_LIMIT, maxSize: KNOWN_TEXT_LIMIT });
  readonly #compiled = new LRUCache<string, CompiledRevision>({ max: REVISION_LIMIT, maxSize: COMPILED_TEXT_LIMIT });
  /** By mesh and name. */
  readonly #tasks = new LRUCache<string, InjectTask>({ max: REVISION_LIMIT });
  /** What is going to be rehearsed, by digest. */
  readonly #rehearsals = new Map<string, InjectTask>();

  has(digest: string): boolean {
    return this.#compiled.has(digest) || this.#sources.has(digest);
  }

  /** As has, and counts as a use: what is asked for is not the first to go. */
  touch(digest: string): boolean {
    const compiled = this.#compiled.get(digest) !== undefined;
    return this.#sources.get(digest) !== undefined || compiled;
  }

  isCompiled(digest: string): boolean {
    return this.#compiled.has(digest);
  }

  /** Keeps a source that has been checked; it is compiled when it is needed. */
  learn(source: RevisionSource): void {
    this.#sources.set(source.digest, source, { size: textLength(source) });
  }

  /** Compiles a revision that has been checked, and keeps it. Throws CompileError. */
  compile(source: RevisionSource): CompiledRevision {
    const revision = compileRevision(source, { checked: true });
    this.#compiled.set(source.digest, revision, { size: textLength(source) });
    return revision;
  }

  /** Compiles it where that has not been done. Throws CompileError. */
  get(digest: string): CompiledRevision | undefined {
    const known = this.#compiled.get(digest);
    if (known !== undefined) return known;
    const source = this.#sources.get(digest);
    return source === undefined ? undefined : this.compile(source);
  }

  /** Notes a review that a revision was asked for. */
  asked(task: InjectTask, { mesh, name }: RevisionSource): void {
    const key = nameOf(mesh, name);
    // One does as well as the next; asking counts as a use.
    if (this.#tasks.get(key)?.revision === task.revision) return;
    if (task.review.length <= MAX_KEPT_REVIEW_LENGTH) this.#tasks.set(key, task);
  }

  /** Which of these digests stand for revisions that were asked for under another digest since this was last called. */
  inUse(digests: readonly string[]): string[] {
    this.#rehearsals.clear();
    const byName = new Map<string, string>();
    for (const digest of digests) {
      const source = this.#sources.peek(digest);
      if (source !== undefined) byName.set(nameOf(source.mesh, source.name), digest);
    }
    // The last used first.
    for (const [name, task] of this.#tasks.entries()) {
      const digest = byName.get(name);
      if (digest === undefined || digest === task.revision || this.#rehearsals.size >= REHEARSED_LIMIT) continue;
      const { source: _, reuse: __, ...rest } = task;
      this.#rehearsals.set(digest, { ...rest, revision: digest });
    }
    this.#tasks.clear();
    return [...this.#rehearsals.keys()];
  }

  /** The task that a revision of `inUse` is to be tried with. */
  rehearsal(digest: string): InjectTask | undefined {
    return this.#rehearsals.get(digest);
  }
}

function nameOf(mesh: string, name: string): string {
  return `${mesh}/${name}`;
}

function textLength({ spec }: RevisionSource): number {
  const texts = Object.values(spec).filter((text): text is string => typeof text === 'string');
  return Math.max(
    1,
    texts.reduce((sum, text) => sum + text.length, 0),
  );
}
