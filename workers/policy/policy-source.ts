/** Policies as they cross to the workers: plain data, references resolved, PodPolicies and admission policies in one form. */
import type { Operation } from '../jsonpatch/operation.ts';
import type { JsonObject } from '../template/value.ts';

export type PolicyKind = 'PodPolicy' | 'ValidatingAdmissionPolicy';
export type PolicyPhase = 'BeforeInjection' | 'AfterInjection';
export type ValidationAction = 'Deny' | 'Warn' | 'Audit';

/** All policies of a snapshot. Equal digests, equal behaviour. */
export interface PolicySetSource {
  /** sha256 (hex) over the canonical JSON of `policies`. */
  readonly digest: string;
  readonly policies: readonly PolicySource[];
}

export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  /** `pods`, `pods/status`, `*` for all. */
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What the apiserver calls MatchResources. Selectors left out match everything. */
export interface MatchSource {
  /** Empty: whatever the other members let through. */
  readonly resourceRules: readonly ResourceRule[];
  readonly excludeResourceRules: readonly ResourceRule[];
  readonly namespaceSelector?: JsonObject;
  readonly objectSelector?: JsonObject;
}

export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

export interface ValidationSource {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly actions: readonly ValidationAction[];
}

export type MutationSource =
  | { readonly type: 'jsonPatch'; readonly operations: readonly Operation[] }
  | { readonly type: 'merge'; readonly overlay: JsonObject }
  | { readonly type: 'template'; readonly text: string };

export interface PolicySource {
  readonly kind: PolicyKind;
  readonly name: string;
  /** The ValidatingAdmissionPolicyBinding that puts an admission policy to work; a policy with two of them is there twice. */
  readonly binding?: string;
  /** Kept and checked, but asked of nothing. */
  readonly suspend: boolean;
  /** Lower ones first; what comes later wins. */
  readonly priority: number;
  readonly phase: PolicyPhase;
  /** Names of meshes; left out: all of them. */
  readonly meshes?: readonly string[];
  /** All of them have to match. */
  readonly match: readonly MatchSource[];
  readonly matchConditions: readonly NamedExpression[];
  readonly variables: readonly NamedExpression[];
  readonly mutations: readonly MutationSource[];
  readonly validations: readonly ValidationSource[];
  readonly auditAnnotations: readonly { readonly key: string; readonly valueExpression: string }[];
  readonly skipInjection: boolean;
  readonly failurePolicy: 'Fail' | 'Ignore';
}
