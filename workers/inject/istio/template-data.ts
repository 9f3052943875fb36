/** What templates see as `.`: Istio's SidecarTemplateData, with Go's types, so that templates behave as they do there. */
import { goType } from '../../kube/pod-types.ts';
import {
  ANY_MAP,
  BOOL,
  type GoField,
  GoRef,
  type GoStructType,
  type GoType,
  type GoValue,
  type JsonObject,
  STRING,
  STRING_MAP,
} from '../../template/value.ts';
import type { SharedFields } from '../overlay/variants.ts';
import type { Features } from './features.ts';
import { MESH_CONFIG, PROXY_CONFIG } from './mesh/mesh-schema.ts';
import type { ResolvedProxyConfig } from './mesh/proxy-config-source.ts';
import type { ProxyIds } from './openshift.ts';
import type { Workload } from './owner.ts';
import type { ObjectMeta, Pod } from './pod.ts';

function struct(name: string, fields: Readonly<Record<string, GoType>>): GoStructType {
  const entries = Object.entries(fields).map(([field, type]): [string, GoField] => [
    field,
    { name: field, type, jsonName: field },
  ]);
  return { kind: 'struct', name, fields: new Map(entries) };
}

/** types.NamespacedName, which prints itself as `namespace/name`. */
const NAMESPACED_NAME: GoStructType = {
  ...struct('types.NamespacedName', { Namespace: STRING, Name: STRING }),
  methods: new Map([
    [
      'String',
      (receiver: GoRef): GoValue => {
        const { Namespace, Name } = receiver.data as { Namespace: string; Name: string };
        return `${Namespace}/${Name}`;
      },
    ],
  ]),
};

const INT64: GoType = { kind: 'int64' };
const METADATA = goType('v1.ObjectMeta');
const SPEC = goType('v1.PodSpec');
const TYPE_META = goType('v1.TypeMeta');

/** Members that not every release has. */
const FIELD_SWITCHES = {
  NativeSidecars: 'nativeSidecarsField',
  ProxyInitImage: 'proxyInitImageField',
  InboundTrafficPolicyMode: 'inboundTrafficPolicyModeField',
  CompliancePolicy: 'compliancePolicyField',
} as const satisfies Readonly<Record<string, keyof Features>>;

/** The struct of a release. */
function dataType(features: Features): GoStructType {
  const fields: Readonly<Record<string, GoType>> = {
    TypeMeta: TYPE_META,
    DeploymentMeta: features.wholeDeploymentMeta ? METADATA : NAMESPACED_NAME,
    ObjectMeta: METADATA,
    Spec: SPEC,
    ProxyConfig: PROXY_CONFIG.goPointer,
    MeshConfig: MESH_CONFIG.goPointer,
    Values: ANY_MAP,
    Revision: STRING,
    NativeSidecars: BOOL,
    ProxyImage: STRING,
    ProxyInitImage: STRING,
    ProxyUID: INT64,
    ProxyGID: INT64,
    InboundTrafficPolicyMode: STRING,
    CompliancePolicy: STRING,
  };
  const missing: string[] = [];
  for (const [field, name] of Object.entries(FIELD_SWITCHES)) if (!features[name]) missing.push(field);
  const known = Object.entries(fields).filter(([field]) => !missing.includes(field));
  // Templates get a pointer to the struct in Go too; methods aside there is no difference to the struct itself.
  return struct('inject.SidecarTemplateData', Object.fromEntries(known));
}

/** Fields that pods share: all of a revision's, and those that most of them do. */
export const SHARED_FIELDS: SharedFields = {
  always: ['MeshConfig', 'Values', 'Revision', 'InboundTrafficPolicyMode', 'CompliancePolicy'],
  often: ['ProxyConfig', 'NativeSidecars', 'ProxyUID', 'ProxyGID'],
  sparse: {
    empty: new Map([
      ['ObjectMeta', new GoRef(METADATA, {})],
      ['ObjectMeta.Annotations', new GoRef(STRING_MAP, null)],
    ]),
    keysOf: (data) => (data.data as { readonly ObjectMeta: ObjectMeta }).ObjectMeta.annotations,
  },
};

/** Everything of the data that one revision's pods share. */
export interface RevisionData {
  readonly values: JsonObject;
  readonly revision: string;
  readonly inboundTrafficPolicyMode: string;
  readonly compliancePolicy: string;
}

/** What one pod adds. */
export interface PodData {
  readonly pod: Pod;
  readonly workload: Workload;
  readonly proxyConfig: ResolvedProxyConfig;
  readonly proxyImage: string;
  readonly proxyInitImage: string;
  readonly nativeSidecars: boolean;
  readonly ids: ProxyIds;
}

export type TemplateData = (pod: PodData) => GoRef;

/** The builder of template data for a revision; `features` say which members there are. */
export function templateData(revision: RevisionData, features: Features): TemplateData {
  const type = dataType(features);
  return (data) =>
    new GoRef(type, {
      TypeMeta: { kind: data.workload.kind, apiVersion: data.workload.apiVersion },
      DeploymentMeta: deploymentMeta(data.workload, features),
      ObjectMeta: data.pod.metadata,
      Spec: data.pod.spec,
      ProxyConfig: data.proxyConfig.ref,
      MeshConfig: data.proxyConfig.meshRef,
      Values: revision.values,
      Revision: revision.revision,
      NativeSidecars: data.nativeSidecars,
      ProxyImage: data.proxyImage,
      ProxyInitImage: data.proxyInitImage,
      ProxyUID: data.ids.uid,
      ProxyGID: data.ids.gid,
      InboundTrafficPolicyMode: revision.inboundTrafficPolicyMode,
      CompliancePolicy: revision.compliancePolicy,
    });
}

function deploymentMeta(
  { name, namespace, metadata }: Workload,
  features: Features,
): Readonly<Record<string, unknown>> {
  if (features.wholeDeploymentMeta) return metadata ?? { name, namespace };
  return { Namespace: namespace, Name: name };
}
