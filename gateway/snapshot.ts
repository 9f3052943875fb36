/**
 * The immutable configuration that serves requests: everything one commit says, resolved, validated and compiled.
 * A request takes one snapshot at its start and keeps it to the end.
 */
import type { PolicySetSource } from '../workers/policy/policy-source.ts';
import type { NativeSidecars, OwnerRecord, RevisionSource, VclusterHandling } from '../workers/protocol.ts';
import type { ChangeToCommit } from './rollout/change.ts';
import type { Rollout } from './rollout/rollout.ts';

export type Provider = 'istio' | 'linkerd' | 'template';
export type OnError = 'Fail' | 'Ignore' | 'Defer';
export type UnknownRevision = 'Deny' | 'Default';

export interface Mesh {
  readonly name: string;
  readonly provider: Provider;
  /** Exact URL paths this mesh answers besides /inject/mesh/NAME, e.g. `/inject`. */
  readonly paths: readonly string[];
  readonly defaultRevision: string;
  /** Tag → revision name. */
  readonly tags: ReadonlyMap<string, string>;
  /** Label of a namespace or pod that names the revision or tag it wants. */
  readonly revisionLabel: string;
  /** What becomes of a pod whose label names neither: denied, or injected with the default revision and a warning. */
  readonly unknownRevision: UnknownRevision;
  readonly onError: OnError;
  readonly ignoredNamespaces: readonly string[];
  /** Kept back from the apiserver's timeout for the way home, in milliseconds. */
  readonly deadlineReserveMs: number;
  /** Its part of the workers' time when several meshes want it, relative to the shares of the others. */
  readonly share: number;
  readonly vcluster: VclusterHandling;
  readonly nativeSidecars: NativeSidecars;
  /** Name of the ClusterSnapshot whose namespaces, owners and nodes count; null: the only one there is, if any. */
  readonly cluster: string | null;
  readonly revisions: ReadonlyMap<string, RevisionSource>;
}

export interface ClusterSnapshot {
  readonly name: string;
  readonly namespaces: ReadonlyMap<
    string,
    { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> }
  >;
  /** By `KIND/NAMESPACE/NAME`. */
  readonly owners: ReadonlyMap<string, OwnerRecord>;
  /** Whether a ReplicaSet that is not among them has no owner; false: its name tells. Left out: where there are any. */
  readonly ownersComplete?: boolean;
  readonly nodes: readonly { readonly name: string; readonly kubeletVersion: string }[];
}

export interface Snapshot {
  /** `main@sha1:…`, or `dir@sha256:…` of the contents for a plain folder. */
  readonly revision: string;
  readonly loadedAt: Date;
  readonly meshes: ReadonlyMap<string, Mesh>;
  /** Claimed URL path → mesh name. */
  readonly paths: ReadonlyMap<string, string>;
  readonly clusters: ReadonlyMap<string, ClusterSnapshot>;
  /** Pod policies, the suspended among them; null when there are none. */
  readonly policies: PolicySetSource | null;
  /** By name; left out where there are none. */
  readonly rollouts?: ReadonlyMap<string, Rollout>;
  /** By rollout: what its promotion leaves to commit. */
  readonly changes?: ReadonlyMap<string, ChangeToCommit>;
}

/** One thing wrong with a commit's files; all of them are reported at once. */
export interface Problem {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing that is known of a source, in the words of Flux's source-controller. */
export interface SourceCondition {
  readonly type:
    | 'Ready'
    | 'Reconciling'
    | 'Stalled'
    | 'FetchFailed'
    | 'BuildFailed'
    | 'Healthy'
    | 'SourceVerified'
    | 'ArtifactOutdated'
    | 'ArtifactInStorage'
    | 'StorageOperationFailed';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** When `status` became what it is. */
  readonly lastTransitionTime: Date;
}

/** One of the sources that the snapshot is composed of. */
export interface SourceReport {
  readonly name: string;
  /** Without credentials. */
  readonly url: string;
  readonly suspend: boolean;
  readonly intervalMs: number;
  readonly lastAttemptAt: Date | null;
  /** The newest revision that could be fetched and verified. */
  readonly observed: string | null;
  /** What of it serves: `main@sha1:…`, and a digest of its files. */
  readonly artifact: { readonly revision: string; readonly digest: string; readonly files: number } | null;
  readonly conditions: readonly SourceCondition[];
}

export interface SourceStatus {
  /** What serves now; null before the first good snapshot. */
  readonly serving: string | null;
  /** Whether `serving` came from the state folder because the source could not be read. */
  readonly fromState: boolean;
  /** The newest commit that was looked at, good or bad. */
  readonly observed: string | null;
  readonly lastAttemptAt: Date | null;
  readonly lastSuccessAt: Date | null;
  /** Why `observed` does not serve (empty when it does): fetch failures and problems of the files. */
  readonly problems: readonly Problem[];
  /** What the files of the last good snapshot do not fail by, but their author should know; left out before there was one. */
  readonly warnings?: readonly Problem[];
  /** The revision that a rollback keeps from serving, until Git moves on from it; null or left out without one. */
  readonly held?: string | null;
  /** Each source by itself. */
  readonly sources?: readonly SourceReport[];
}

/** Where snapshots come from (gateway/gitsync). */
export interface SnapshotSource {
  current(): Snapshot | null;
  status(): SourceStatus;
  /** Called after each swap with the snapshot that serves from now on; returns the unsubscribe function. */
  onPublish(listener: (snapshot: Snapshot) => void): () => void;
  /** Called after each attempt, good or bad. */
  onStatus(listener: (status: SourceStatus) => void): () => void;
  /** Resolves when the first snapshot serves (from the source or from state); rejects with a coded error when neither is to be had. */
  start(): Promise<void>;
  /** Looks at the source now; resolves when that attempt has ended. */
  sync(): Promise<SourceStatus>;
  stop(): Promise<void>;
}

/** A snapshot that served, and can be gone back to. */
export interface SnapshotEntry {
  readonly id: string;
  readonly revision: string;
  /** `sha256:…` of what it says. */
  readonly digest: string;
  /** ISO 8601. */
  readonly loadedAt: string;
  readonly serving: boolean;
}

/** What people and webhooks may ask of a source while it runs. */
export interface SourceControl {
  /** Has the sources looked at soon; calls that come close together are one. */
  trigger(): void;
  /** The newest first. */
  snapshots(): Promise<readonly SnapshotEntry[]>;
  /**
   * Serves an earlier snapshot until Git moves on.
   * @param to an id, a revision or the beginning of a commit's id; null: the one before what serves.
   * @throws SourceError SNAPSHOT_UNKNOWN, STATE_CORRUPT
   */
  rollback(to: string | null): Promise<SnapshotEntry>;
}
