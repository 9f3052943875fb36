/** A snapshot in pieces: an outline without revisions, and those by themselves. Revisions that stay from one to the next go once. */
import { keepPacked, type PackedRevision } from '../../workers/packed-revision.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { Snapshot } from '../snapshot.ts';
import type { RevisionDigests } from './source-messages.ts';

export interface SnapshotPieces {
  /** Those that the other side does not have. */
  readonly revisions: readonly RevisionSource[];
  readonly outline: Snapshot;
  readonly digests: RevisionDigests;
}

/** The side that takes snapshots apart; it remembers what the last one had. */
export class SnapshotSplitter {
  #told: ReadonlySet<string> = new Set();

  split(snapshot: Snapshot): SnapshotPieces {
    const told = new Set<string>();
    const revisions: RevisionSource[] = [];
    for (const mesh of snapshot.meshes.values()) {
      for (const revision of mesh.revisions.values()) {
        if (told.has(revision.digest)) continue;
        told.add(revision.digest);
        if (!this.#told.has(revision.digest)) revisions.push(revision);
      }
    }
    this.#told = told;
    const meshes = [...snapshot.meshes].map(([name, mesh]) => [name, { ...mesh, revisions: new Map() }] as const);
    const digests = [...snapshot.meshes].map(([name, { revisions: ofMesh }]) => {
      return [name, new Map([...ofMesh].map(([revision, { digest }]) => [revision, digest]))] as const;
    });
    return { revisions, outline: { ...snapshot, meshes: new Map(meshes) }, digests: new Map(digests) };
  }
}

/** The side that puts them together. */
export class SnapshotJoiner {
  /** Of the last snapshot, and what has come for the next, by digest. */
  readonly #known = new Map<string, RevisionSource>();

  add(revision: PackedRevision): void {
    this.#known.set(revision.digest, keepPacked(revision));
  }

  /** Throws when a revision has not come. */
  join(outline: Snapshot, digests: RevisionDigests): Snapshot {
    const kept = new Set<string>();
    const meshes = [...outline.meshes].map(([name, mesh]) => {
      const revisions = new Map<string, RevisionSource>();
      for (const [revision, digest] of digests.get(name) ?? []) {
        const source = this.#known.get(digest);
        if (source === undefined) throw new Error(`revision ${revision} of mesh ${name} has not been told`);
        kept.add(digest);
        revisions.set(revision, source);
      }
      return [name, { ...mesh, revisions }] as const;
    });
    for (const digest of this.#known.keys()) if (!kept.has(digest)) this.#known.delete(digest);
    return { ...outline, meshes: new Map(meshes) };
  }
}
