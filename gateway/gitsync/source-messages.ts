/**
 * What the gateway and the process that keeps its sources say to each other, over Node's IPC with structured clones. A snapshot goes in
 * pieces, each revision by itself and only those that are new, so that the gateway is never long at one of them.
 */
import type { PackedRevision } from '../../workers/packed-revision.ts';
import type { Problem, Snapshot, SnapshotEntry, SourceStatus } from '../snapshot.ts';
import type { SourceSpec } from './source-spec.ts';
import type { SyncEvent } from './sync-event.ts';

export interface SourceSetup {
  readonly sources: readonly SourceSpec[];
  readonly stateDir: string;
  /** Heap of the thread that tries revisions, in MB. */
  readonly workerMemory: number;
}

/** What can be asked of the process: argument and answer by method. */
export interface SourceMethods {
  start: { argument: SourceSetup; answer: null };
  sync: { argument: null; answer: SourceStatus };
  trigger: { argument: null; answer: null };
  snapshots: { argument: null; answer: readonly SnapshotEntry[] };
  rollback: { argument: string | null; answer: SnapshotEntry };
  stop: { argument: null; answer: null };
}

export type SourceMethod = keyof SourceMethods;

export interface SourceCall<M extends SourceMethod = SourceMethod> {
  readonly id: number;
  readonly method: M;
  readonly argument: SourceMethods[M]['argument'];
}

/** Digests of a snapshot's revisions: mesh → name → digest. */
export type RevisionDigests = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What the process says: in the order in which it came to be, answers among it. */
export type SourceNews =
  /** The first word: it listens. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'event'; readonly event: SyncEvent }
  | { readonly kind: 'status'; readonly status: SourceStatus }
  /** One that the snapshot to come has, and that has not been told. */
  | { readonly kind: 'revision'; readonly revision: PackedRevision }
  /** `outline`: without revisions, all of which have been told now or for the snapshot before. */
  | { readonly kind: 'snapshot'; readonly outline: Snapshot; readonly revisions: RevisionDigests }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  /** `problems`: those of a SourceError; none for any other error. */
  | {
      readonly kind: 'failure';
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly problems: readonly Problem[];
    };
