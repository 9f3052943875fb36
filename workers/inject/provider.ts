/**
 * What every mesh provider (istio, linkerd, template) gives the worker: a revision compiled once, injecting often.
 */
import type { Operation } from '../jsonpatch/operation.ts';
import type { ClusterContext, RevisionSource } from '../protocol.ts';
import type { JsonObject } from '../template/value.ts';
import type { VariantBudget } from './overlay/variant-budget.ts';
import type { RevisionRelease } from './release/told.ts';
import type { ReuseWatch } from './reuse.ts';

/** A decoded admission request. The objects are the request's own and are never modified. */
export interface InjectRequest {
  readonly uid: string;
  /** Group, version and kind of `object`, e.g. `/v1, Kind=Pod` as {group: '', version: 'v1', kind: 'Pod'}. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly namespace: string;
  readonly operation: string;
  readonly object: JsonObject;
  readonly params: Readonly<Record<string, string>>;
  readonly cluster: ClusterContext;
  /** Present when the answer would be kept for the pod's replicas. */
  readonly watch?: ReuseWatch;
}

export type InjectDecision =
  | {
      readonly kind: 'patched';
      /** Proved: applying it to `object` gives the injected pod. May be empty (already as it should be). */
      readonly patch: readonly Operation[];
      readonly warnings?: readonly string[];
      readonly auditAnnotations?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'skipped';
      readonly reason: string;
      /** All reasons, `reason` first, where the provider gives several (Linkerd does). */
      readonly reasons?: readonly string[];
      /** What is patched all the same (Linkerd's opaque ports). */
      readonly patch?: readonly Operation[];
      readonly warnings?: readonly string[];
      readonly auditAnnotations?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'denied';
      readonly code: string;
      readonly message: string;
      /** HTTP status of the answer; left out: what the code has. */
      readonly status?: number;
      readonly warnings?: readonly string[];
      readonly auditAnnotations?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface CompiledRevision {
  readonly source: RevisionSource;
  /** Whose injector's behaviour it has; null for providers that have no releases. */
  readonly release: RevisionRelease | null;
  /** What does not keep the revision from serving, but its author should know. Severity is `warning`. */
  readonly warnings: readonly CompileProblem[];
  /** Pure and synchronous; never throws for anything a pod can contain. */
  inject(request: InjectRequest): InjectDecision;
}

/** One thing that is wrong with a revision's texts. `field` names the text (`injectConfig`, `values`, `meshConfig`, `template`, `release` …). */
export interface CompileProblem {
  readonly code: string;
  /** Default: error. */
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  readonly field: string;
  /** 1-based position within that text, where known. */
  readonly line?: number;
  readonly column?: number;
}

export interface CompileOptions {
  /** Whether the revision has compiled before, so that what is only there to find problems can be left out. Default: false. */
  readonly checked?: boolean;
  /** False: `source` of what is compiled does not keep texts that only compiling reads; they are empty. Default: true. */
  readonly keepTexts?: boolean;
  /** What revisions of one worker share for their templates' variants. Default: each template has one of its own. */
  readonly budget?: VariantBudget;
}

/** Thrown by compileRevision with every problem found, not only the first. */
export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly problems: readonly CompileProblem[];
  constructor(problems: readonly CompileProblem[]) {
    super(problems.map((problem) => `${problem.field}: ${problem.message}`).join('; '));
    this.problems = problems;
  }
}
