/** The kinds of policy documents: their schemas, and their shapes once a document has passed its schema. */
import clusterSnapshotSchema from '../../policies/schema/cluster-snapshot.schema.json' with { type: 'json' };
import gatewaySourceSchema from '../../policies/schema/gateway-source.schema.json' with { type: 'json' };
import injectionTestSchema from '../../policies/schema/injection-test.schema.json' with { type: 'json' };
import meshSchema from '../../policies/schema/mesh.schema.json' with { type: 'json' };
import meshRevisionSchema from '../../policies/schema/mesh-revision.schema.json' with { type: 'json' };
import podPolicySchema from '../../policies/schema/pod-policy.schema.json' with { type: 'json' };
import revisionRolloutSchema from '../../policies/schema/revision-rollout.schema.json' with { type: 'json' };
import admissionPolicySchema from '../../policies/schema/validating-admission-policy.schema.json' with { type: 'json' };
import admissionBindingSchema from '../../policies/schema/validating-admission-policy-binding.schema.json' with {
  type: 'json',
};
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import type { PolicyPhase, ResourceRule, ValidationAction } from '../../workers/policy/policy-source.ts';
import type { NativeSidecars, VclusterHandling } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import type { RevisionRolloutSpec } from '../rollout/rollout.ts';
import type { OnError, Provider, UnknownRevision } from '../snapshot.ts';

export const API_GROUP = 'meshgate.dev';
export const API_VERSION = 'meshgate.dev/v1alpha1';

export const KIND_SCHEMAS = {
  Mesh: meshSchema,
  MeshRevision: meshRevisionSchema,
  RevisionRollout: revisionRolloutSchema,
  ClusterSnapshot: clusterSnapshotSchema,
  InjectionTest: injectionTestSchema,
  PodPolicy: podPolicySchema,
  ValidatingAdmissionPolicy: admissionPolicySchema,
  ValidatingAdmissionPolicyBinding: admissionBindingSchema,
  GatewaySource: gatewaySourceSchema,
} as const;

export type Kind = keyof typeof KIND_SCHEMAS;

/** Kinds of Kubernetes' own that are taken as they are. */
export const ADMISSION_VERSION = 'admissionregistration.k8s.io/v1';
export const ADMISSION_KINDS: ReadonlySet<string> = new Set([
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
]);

export interface MeshSpec {
  readonly provider: Provider;
  readonly defaultRevision: string;
  readonly paths?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly revisionLabel?: string;
  readonly unknownRevision?: UnknownRevision;
  readonly onError?: OnError;
  readonly ignoredNamespaces?: readonly string[];
  readonly deadlineReserve?: string;
  readonly share?: number;
  readonly vcluster?: VclusterHandling;
  readonly nativeSidecars?: NativeSidecars;
  readonly cluster?: string;
}

/** Exactly one of the three. */
export interface TextReference {
  readonly file?: string;
  readonly inline?: string;
  readonly configMap?: { readonly file: string; readonly key: string; readonly name?: string };
}

export interface MeshRevisionSpec {
  readonly mesh: string;
  /** Exactly one of the three providers. */
  readonly istio?: {
    readonly injectConfig: TextReference;
    readonly values: TextReference;
    readonly meshConfig: TextReference;
    readonly release?: string;
    readonly revision?: string;
    readonly platform?: string;
    readonly compliancePolicy?: string;
    readonly env?: Readonly<Record<string, string>>;
  };
  readonly linkerd?: {
    readonly values: TextReference;
    readonly trustAnchors: TextReference;
    readonly controlPlaneNamespace?: string;
    readonly release?: string;
    readonly version?: string;
  };
  readonly template?: {
    readonly template: TextReference;
    readonly values?: TextReference;
    readonly injectKey?: string;
    readonly policy?: 'enabled' | 'disabled';
  };
}

export interface ClusterSnapshotSpec {
  readonly namespaces?: readonly {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
  readonly owners?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      readonly ownerReferences?: readonly {
        readonly apiVersion: string;
        readonly kind: string;
        readonly name: string;
        readonly controller?: boolean;
      }[];
    };
  }[];
  readonly nodes?: readonly { readonly name: string; readonly kubeletVersion: string }[];
}

export interface ExpressionSpec {
  readonly name: string;
  readonly expression: string;
}

export interface PodPolicySpec {
  readonly suspend?: boolean;
  readonly priority?: number;
  readonly phase?: PolicyPhase;
  readonly match?: {
    readonly namespaceSelector?: JsonObject;
    readonly objectSelector?: JsonObject;
    readonly operations?: readonly string[];
    readonly meshes?: readonly string[];
    readonly matchConditions?: readonly ExpressionSpec[];
  };
  readonly variables?: readonly ExpressionSpec[];
  readonly mutations?: readonly {
    /** Exactly one of the three. */
    readonly jsonPatch?: readonly Operation[];
    readonly merge?: JsonObject;
    readonly template?: TextReference;
  }[];
  readonly validations?: readonly {
    readonly expression: string;
    readonly message?: string;
    readonly messageExpression?: string;
    readonly reason?: string;
    readonly action?: ValidationAction;
  }[];
  readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[];
  readonly skipInjection?: boolean;
  readonly failurePolicy?: 'Fail' | 'Ignore';
}

/** admissionregistration.k8s.io/v1 MatchResources. */
export interface MatchResourcesSpec {
  readonly namespaceSelector?: JsonObject;
  readonly objectSelector?: JsonObject;
  readonly resourceRules?: readonly ScopedRule[];
  readonly excludeResourceRules?: readonly ScopedRule[];
}

export interface ScopedRule extends ResourceRule {
  readonly scope?: '*' | 'Cluster' | 'Namespaced';
}

export interface ValidatingAdmissionPolicySpec {
  readonly paramKind?: JsonObject;
  readonly matchConstraints?: MatchResourcesSpec;
  readonly matchConditions?: readonly ExpressionSpec[];
  readonly variables?: readonly ExpressionSpec[];
  readonly validations?: readonly {
    readonly expression: string;
    readonly message?: string;
    readonly messageExpression?: string;
    readonly reason?: string;
  }[];
  readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[];
  readonly failurePolicy?: 'Fail' | 'Ignore';
}

export interface ValidatingAdmissionPolicyBindingSpec {
  readonly policyName: string;
  readonly paramRef?: JsonObject;
  readonly matchResources?: MatchResourcesSpec;
  readonly validationActions: readonly ValidationAction[];
}

export interface InjectionExpectation {
  readonly outcome: 'patched' | 'skipped' | 'denied' | 'failed';
  readonly reason?: string;
  readonly message?: string;
  readonly unchanged?: boolean;
  readonly containers?: readonly string[];
  readonly initContainers?: readonly string[];
  readonly volumes?: readonly string[];
  readonly pod?: JsonObject;
  readonly idempotent?: boolean;
  /** Parts of the answer's warnings. */
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

export interface InjectionTestSpec {
  readonly mesh: string;
  readonly revision?: string;
  readonly cluster?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  /** The only policies that have a say, also where they are suspended; left out: those of the folder. */
  readonly policies?: readonly string[];
  /** Either this or `review`. */
  readonly pod?: JsonObject;
  readonly review?: string;
  readonly expect: InjectionExpectation;
}

/** Durations are texts such as `1m`. */
export interface GatewaySourceSpec {
  readonly url: string;
  readonly ref?: {
    readonly branch?: string;
    readonly tag?: string;
    readonly semver?: string;
    readonly name?: string;
    readonly commit?: string;
  };
  readonly path?: string;
  readonly interval?: string;
  readonly timeout?: string;
  readonly ignore?: string;
  readonly suspend?: boolean;
  /** Default: Hold. */
  readonly tests?: 'Hold' | 'Report';
  readonly proxy?: { readonly address: string; readonly username?: string; readonly passwordFile?: string };
  /** Either `directory` or `tokenFile`. */
  readonly secretRef?: { readonly directory?: string; readonly tokenFile?: string; readonly username?: string };
  readonly verify?: {
    readonly mode?: 'HEAD' | 'Tag' | 'TagAndHEAD';
    readonly keys: { readonly directory?: string; readonly allowedSigners?: string; readonly openPGP?: string };
  };
  readonly allow?: {
    readonly kinds?: readonly string[];
    readonly meshes?: readonly string[];
    readonly namespaces?: readonly string[];
  };
}

export interface SpecOfKind {
  readonly Mesh: MeshSpec;
  readonly MeshRevision: MeshRevisionSpec;
  readonly RevisionRollout: RevisionRolloutSpec;
  readonly ClusterSnapshot: ClusterSnapshotSpec;
  readonly InjectionTest: InjectionTestSpec;
  readonly PodPolicy: PodPolicySpec;
  readonly ValidatingAdmissionPolicy: ValidatingAdmissionPolicySpec;
  readonly ValidatingAdmissionPolicyBinding: ValidatingAdmissionPolicyBindingSpec;
  readonly GatewaySource: GatewaySourceSpec;
}
