/** The kinds of policy documents: their schemas, and their shapes once a document has passed its schema. */
import clusterSnapshotSchema from '../../policies/schema/cluster-snapshot.schema.json' with { type: 'json' };
import gatewaySourceSchema from '../../policies/schema/gateway-source.schema.json' with { type: 'json' };
import injectionTestSchema from '../../policies/schema/injection-test.schema.json' with { type: 'json' };
import meshSchema from '../../policies/schema/mesh.schema.json' with { type: 'json' };
import meshRevisionSchema from '../../policies/schema/mesh-revision.schema.json' with { type: 'json' };
import type { NativeSidecars, VclusterHandling } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import type { OnError, Provider, UnknownRevision } from '../snapshot.ts';

export const API_GROUP = 'meshgate.dev';
export const API_VERSION = 'meshgate.dev/v1alpha1';

export const KIND_SCHEMAS = {
  Mesh: meshSchema,
  MeshRevision: meshRevisionSchema,
  ClusterSnapshot: clusterSnapshotSchema,
  InjectionTest: injectionTestSchema,
  GatewaySource: gatewaySourceSchema,
} as const;

export type Kind = keyof typeof KIND_SCHEMAS;

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
}

export interface InjectionTestSpec {
  readonly mesh: string;
  readonly revision?: string;
  readonly cluster?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly namespace?: string;
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
  readonly ClusterSnapshot: ClusterSnapshotSpec;
  readonly InjectionTest: InjectionTestSpec;
  readonly GatewaySource: GatewaySourceSpec;
}
