/**
 * The revisions that a worker has compiled; and for each revision that is asked for, a review of it, with which its next version is tried
 * before a request has to wait for what only a render compiles.
 */
import { LRUCache } from 'lru-cache';
import { compileRevision } from './inject/compile.ts';
import { VariantBudget } from './inject/overlay/variant-budget.ts';
import type { CompiledRevision } from './inject/provider.ts';
import type { InjectTask, RevisionName, RevisionSource } from './protocol.ts';

/** Revisions that one worker keeps; more than that are told again when they come back. */
const REVISION_LIMIT = 256;
/** What the texts of those that are compiled may have together, in UTF-16 units: Istio's take about 25 times as much of the worker's heap. */
const COMPILED_TEXT_LIMIT = 13_000_000;
/** Revisions that are rehearsed in one go, the last used first: each takes some ten milliseconds. */
const REHEARSED_LIMIT = 16;
/** A longer review is not kept for a rehearsal. */
const MAX_KEPT_REVIEW_LENGTH = 64 * 1024;

export class KnownRevisions {
  readonly #compiled = new LRUCache<string, CompiledRevision>({ max: REVISION_LIMIT, maxSize: COMPILED_TEXT_LIMIT });
  readonly #budget = new VariantBudget();
  /** By mesh and name. */
  readonly #tasks = new LRUCache<string, InjectTask>({ max: REVISION_LIMIT });
  /** Digests of the last snapshot, whose requests may still come; null before the first: what there is then is what a worker began with. */
  #snapshot: ReadonlySet<string> | null = null;
  /** What is going to be rehearsed, by digest. */
  readonly #rehearsals = new Map<string, InjectTask>();

  has(digest: string): boolean {
    return this.#compiled.has(digest);
  }

  /** Compiles a revision that has been checked, and keeps it. Throws CompileError. */
  compile(source: RevisionSource): CompiledRevision {
    const revision = compileRevision(source, { checked: true, keepTexts: false, budget: this.#budget });
    this.#compiled.set(source.digest, revision, { size: textLength(source) });
    return revision;
  }

  get(digest: string): CompiledRevision | undefined {
    return this.#compiled.get(digest);
  }

  /** Notes a review that a revision was asked for. */
  asked(task: InjectTask, { mesh, name }: RevisionSource): void {
    const key = nameOf(mesh, name);
    // One does as well as the next; asking counts as a use.
    if (this.#tasks.get(key)?.revision === task.revision) return;
    if (task.review.length > MAX_KEPT_REVIEW_LENGTH) return;
    const { source: _, reuse: __, ...rest } = task;
    this.#tasks.set(key, rest);
  }

  /**
   * Takes the revisions of the snapshot that is going to serve. Returns the digests of those that were asked for under another digest
   * since this was last called and are not compiled: after a rollback they are. What neither it nor the snapshot before it has is forgotten: with each commit a worker's heap would
   * grow by what it compiles, up to the limits, and to collect a large one takes it twenty milliseconds.
   */
  adopt(revisions: readonly RevisionName[]): string[] {
    this.#forgetOthers(new Set(revisions.map(({ digest }) => digest)));
    this.#rehearsals.clear();
    const byName = new Map(revisions.map(({ mesh, name, digest }) => [nameOf(mesh, name), digest]));
    // The last used first.
    for (const [name, task] of this.#tasks.entries()) {
      const digest = byName.get(name);
      if (digest === undefined || digest === task.revision || this.#rehearsals.size >= REHEARSED_LIMIT) continue;
      if (this.#compiled.get(digest) !== undefined) continue;
      this.#rehearsals.set(digest, { ...task, revision: digest });
    }
    this.#tasks.clear();
    return [...this.#rehearsals.keys()];
  }

  /** Forgets what the last snapshot had and this one has not, and the reviews of rehearsals, which are over. */
  retire(): void {
    this.#rehearsals.clear();
    const now = this.#snapshot;
    if (now === null) return;
    for (const digest of this.#compiled.keys()) if (!now.has(digest)) this.#compiled.delete(digest);
  }

  #forgetOthers(next: ReadonlySet<string>): void {
    const last = this.#snapshot;
    this.#snapshot = next;
    if (last === null) return;
    for (const digest of this.#compiled.keys()) {
      if (!next.has(digest) && !last.has(digest)) this.#compiled.delete(digest);
    }
  }

  /** The task that a revision of `adopt` is to be tried with. */
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
