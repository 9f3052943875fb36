/**
 * What crosses the thread boundary between gateway/ and workers/: plain data only. Reviews and answers travel as strings.
 */

import type { ReuseQuestion } from './inject/reuse.ts';
import type { ToldRevision } from './packed-revision.ts';
import type { PolicySetSource } from './policy/policy-source.ts';
import type { PostedTasks } from './post.ts';

/** What a worker compiles ahead of requests. */
export type CompileSource = RevisionSource | PolicySetSource;

/** A revision with every text it needs, references already resolved. `digest` identifies it: equal digests, equal behaviour. */
export interface RevisionSource {
  /** sha256 (hex) over the canonical JSON of the other members. */
  readonly digest: string;
  readonly mesh: string;
  /** metadata.name of the MeshRevision. */
  readonly name: string;
  readonly spec: IstioRevisionSpec | LinkerdRevisionSpec | TemplateRevisionSpec;
  /** The mesh's way with pods that vcluster synced; absent: Allow. */
  readonly vcluster?: VclusterHandling;
}

/** What a revision is known by, without its texts. */
export type RevisionName = Pick<RevisionSource, 'digest' | 'mesh' | 'name'>;

export type VclusterHandling = 'Skip' | 'StripLabels' | 'Allow';

export type NativeSidecars = 'Auto' | 'Always' | 'Never';

export interface IstioRevisionSpec {
  readonly provider: 'istio';
  /** ConfigMap istio-sidecar-injector, keys `config` and `values`; ConfigMap istio, key `mesh`. */
  readonly injectConfig: string;
  readonly values: string;
  readonly meshConfig: string;
  readonly release?: string;
  /** What the templates see as .Revision. */
  readonly revision: string;
  readonly platform: string;
  readonly compliancePolicy: string;
  readonly env: Readonly<Record<string, string>>;
  readonly nativeSidecars: NativeSidecars;
}

export interface LinkerdRevisionSpec {
  readonly provider: 'linkerd';
  readonly values: string;
  readonly trustAnchors: string;
  readonly controlPlaneNamespace: string;
  readonly release?: string;
  readonly version?: string;
}

export interface TemplateRevisionSpec {
  readonly provider: 'template';
  /** Go template that yields a pod overlay as YAML. */
  readonly template: string;
  /** YAML text of what the template sees as .Values. */
  readonly values: string;
  /** Label or annotation that decides for one pod (`enabled`/`true`, `disabled`/`false`). */
  readonly injectKey: string;
  /** Whether pods without that key are injected. */
  readonly policy: 'enabled' | 'disabled';
}

/** What is known about the cluster around one review. All of it optional: a cluster or a ClusterSnapshot provides it. */
export interface ClusterContext {
  /** The pod's namespace; null when nothing is known about it. */
  readonly namespace: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  } | null;
  /** Owners by `KIND/NAMESPACE/NAME`, for climbing from a ReplicaSet or Job. */
  readonly owners: Readonly<Record<string, OwnerRecord>>;
  /** Whether owners are known at all: then a ReplicaSet that is not among them has none; otherwise it is told from its name. */
  readonly ownersKnown?: boolean;
  readonly nodes: readonly { readonly name: string; readonly kubeletVersion: string }[];
  /** Whether nodes are known at all (false: `Auto` follows the provider's rule for "no cluster"). */
  readonly nodesKnown: boolean;
}

export interface OwnerRecord {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly ownerReferences: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly controller?: boolean;
  }[];
}

/** What reviews of one route have in common. */
export interface TaskHead {
  /** Digest of the revision to inject with; empty: pod policies answer alone. */
  readonly revision: string;
  /** Present when the worker may not know the revision yet. */
  readonly source?: ToldRevision;
  /** Digest of the pod policies that have a say; left out where there are none. */
  readonly policies?: string;
  /** The one policy that is asked; left out: all of them. */
  readonly policyName?: string;
  /** KEY/VALUE pairs of the URL after mesh and rev (`cluster`, `net`, …), already unescaped. */
  readonly params: Readonly<Record<string, string>>;
  /** The label by which the pod chooses its revision, where it may: a policy may set it before the injection. */
  readonly revisionLabel?: string;
}

/** What the gateway read of a review before its end; `workers/` says REVIEW_MISREAD where the whole says something else. */
export interface PeekedReview {
  readonly apiVersion: 'admission.k8s.io/v1' | 'admission.k8s.io/v1beta1';
  readonly uid: string;
  /** `request.namespace`; '' where there is none. */
  readonly namespace: string;
  /** The pod's label by which its revision was chosen; null where none was looked at. */
  readonly label: PeekedLabel | null;
}

export interface PeekedLabel {
  readonly name: string;
  /** '' where the pod does not have it. */
  readonly value: string;
}

export interface InjectTask extends TaskHead {
  /** The AdmissionReview as received (UTF-8 decoded, JSON; or YAML when `yaml` is set). */
  readonly review: string;
  readonly cluster: ClusterContext;
  /** Asks whether the answer may be kept for replicas of the pod, which differ in these names. */
  readonly reuse?: ReuseQuestion;
  /** What the answer has to say beside what the injection says. */
  readonly warnings?: readonly string[];
  /** What the gateway goes by without having read the review to its end; left out: it has. */
  readonly peeked?: PeekedReview;
}

/** Skip, deny and failure causes are enumerated in workers/inject/reason.ts. */
export type Outcome =
  | { readonly kind: 'patched' }
  /** `reasons`: all of them, `reason` first, where there are several. */
  | { readonly kind: 'skipped'; readonly reason: string; readonly reasons?: readonly string[] }
  | { readonly kind: 'denied'; readonly code: string; readonly message: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface InjectResult<Body = string> {
  readonly outcome: Outcome;
  /** The answer's body: a complete AdmissionReview in the version asked. */
  readonly body: Body;
  /** Whether the answer is that of every replica; only where it was asked. */
  readonly reusable?: boolean;
  /** What policies set the task's revisionLabel to, where the pod came with something else: the pod is that revision's. */
  readonly revisionAsked?: string;
  /** Worker time in milliseconds, compile time of the revision apart (0 when it was compiled before). */
  readonly timing: { readonly injectMs: number; readonly compileMs: number };
}

export type WorkerReply<Body = string> =
  | { readonly ok: true; readonly result: InjectResult<Body> }
  /** The revision is unknown to this worker: send the task again with `source`. */
  | { readonly ok: false; readonly error: { readonly code: 'REVISION_UNKNOWN'; readonly message: string } }
  /** The same of the set of pod policies, which has to be warmed (it is compiled by code that is only loaded for it). */
  | { readonly ok: false; readonly error: { readonly code: 'POLICIES_UNKNOWN'; readonly message: string } }
  /** The review is not what the gateway took it for: to be read there in full. Nothing has come of it here. */
  | { readonly ok: false; readonly error: { readonly code: 'REVIEW_MISREAD'; readonly message: string } }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

/** A batch on its way to a worker. */
export interface PostedBatch {
  /** The compartment of the mailboxes that is the batch's; -1 for none. */
  readonly compartment: number;
  readonly tasks: PostedTasks;
}

/** What became of one revision that a worker was to compile ahead of its requests. */
export interface WarmReply {
  readonly digest: string;
  readonly ok: boolean;
  readonly compileMs: number;
}
