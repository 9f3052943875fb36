/**
 * What Istio's injector does differently from release to release: one table, in the order of releases. The flow asks a switch,
 * never a release. What a mesh configuration's fields mean by release is data of its own (`since` in mesh/mesh-schema.ts).
 */
import { type Place, type Switches, type SwitchRow, switchesAt } from '../release/switches.ts';

const WEBHOOK = 'pkg/kube/inject/webhook.go';
const INJECT = 'pkg/kube/inject/inject.go';
const VALIDATE = 'pkg/kube/inject/validate.go';
const TEMPLATE = 'pkg/kube/inject/template.go';
const OWNER = 'pkg/kube/util.go GetDeployMetaFromPod';

export const ISTIO_SWITCHES = {
  dropForeignProxyUser: {
    sentence:
      "The user and group of a pod's own istio-proxy are dropped where the template runs its container as another user than 1337.",
    since: ['1.20.1'],
    until: ['1.20.7', '1.21.3', '1.22.1', '1.23.0'],
    source: `${WEBHOOK} resetFieldsInAutoImageContainer`,
  },
  compliancePolicyField: {
    sentence: 'Templates see CompliancePolicy.',
    since: ['1.20.4'],
    source: `${INJECT} SidecarTemplateData`,
  },
  hideDeploymentConfigLabel: {
    sentence: 'Label deploymentconfig is missing from what templates see of a pod that a DeploymentConfig made.',
    until: ['1.20.5', '1.21.1', '1.22.0'],
    source: OWNER,
  },
  adjustInitUser: {
    sentence: "The user and group of a pod's own istio-proxy reach the init container and its argument -u.",
    since: ['1.20.7', '1.21.3', '1.22.1', '1.23.0'],
    source: `${WEBHOOK} adjustInitContainerUser`,
  },
  mergeMaps: {
    sentence: 'Templates have function mergeMaps.',
    since: ['1.21.0'],
    source: TEMPLATE,
  },
  kubeInjectPodOwner: {
    sentence: 'kube-inject tells the workload of a bare Pod from its owner; before, it was the Pod itself.',
    since: ['1.21.0'],
    source: `${INJECT} IntoObject`,
  },
  zipkinByDefault: {
    sentence: 'Tracing to zipkin.istio-system:9411 is a default of every proxy, and so is left out of PROXY_CONFIG.',
    until: ['1.22.0'],
    source: 'pkg/config/mesh/mesh.go DefaultProxyConfig',
  },
  limitDrainDuration: {
    sentence: 'drainDuration of a mesh or of annotation proxy.istio.io/config is an hour at most.',
    until: ['1.22.0'],
    source: 'pkg/config/validation/validation.go ValidateDrainDuration',
  },
  wholeDeploymentMeta: {
    sentence:
      "Templates see in DeploymentMeta all of the pod's metadata under the workload's name; since, its name and namespace.",
    until: ['1.22.0'],
    source: OWNER,
  },
  argoRollouts: {
    sentence: 'A ReplicaSet with the hash of label rollouts-pod-template-hash in its name is an Argo Rollout.',
    since: ['1.22.0'],
    source: OWNER,
  },
  cronJobV1: {
    sentence: 'A CronJob is batch/v1; before, batch/v1beta1.',
    since: ['1.22.0'],
    source: OWNER,
  },
  imageVariant: {
    sentence: 'values.global.variant chooses the image where the proxy configuration has no image.',
    since: ['1.22.0'],
    source: `${INJECT} ProxyImage`,
  },
  inboundTrafficPolicyModeField: {
    sentence: 'Templates see InboundTrafficPolicyMode.',
    since: ['1.22.0'],
    source: `${INJECT} SidecarTemplateData`,
  },
  resetMatchingUid: {
    sentence: "On OpenShift the uid of a pod's own istio-proxy is dropped where it is the application's.",
    since: ['1.23.1'],
    source: `${WEBHOOK} isSidecarUserMatchingAppUser`,
  },
  multusNamespace: {
    sentence: 'Template function appendMultusNetwork splits NAMESPACE/NAME where the networks are JSON.',
    since: ['1.23.6', '1.24.4', '1.25.1'],
    source: `${TEMPLATE} appendMultusNetwork`,
  },
  nativeSidecarAnnotation: {
    sentence: "Annotation sidecar.istio.io/nativeSidecar (true, false) says where a pod's own istio-proxy goes.",
    since: ['1.24.0'],
    source: `${INJECT} RunTemplate`,
  },
  sprig33: {
    sentence: 'Templates have the functions of sprig 3.3 (sha512sum, another camelcase); before, of sprig 3.2.',
    since: ['1.24.0'],
    source: 'go.mod',
  },
  validateCoreDump: {
    sentence: 'Annotation sidecar.istio.io/enableCoreDump has to be a boolean.',
    until: ['1.25.0'],
    source: VALIDATE,
  },
  rewriteLifecycle: {
    sentence: 'HTTP and TCP handlers of preStop and postStart are taken over by the agent as probes are.',
    since: ['1.25.0'],
    source: 'pkg/kube/inject/app_probe.go',
  },
  refuseConfigMapCredential: {
    sentence:
      'The credentialName of tracing.tlsSettings can not name a ConfigMap (configmap://); before, it is not looked at.',
    since: ['1.26.0'],
    source: 'pkg/config/validation/agent/validation.go ValidateTLS',
  },
  strictInjectValue: {
    sentence:
      'Only true and false decide in label or annotation sidecar.istio.io/inject; before, y, yes and on meant true in any case, and other words false.',
    since: ['1.27.0'],
    source: `${INJECT} injectRequired`,
  },
  appendProbersOnReinjection: {
    sentence: 'Probes that are found at a second injection reach a proxy that has no ISTIO_KUBE_APP_PROBERS yet.',
    since: ['1.27.0'],
    source: `${WEBHOOK} mergeOrAppendProbers`,
  },
  detectNativeSidecars: {
    sentence: "Native sidecars may be told from the nodes' kubelet versions (auto), which is the default; before, off.",
    since: ['1.27.0'],
    source: `${WEBHOOK} DetectNativeSidecar`,
  },
  nativeSidecarsField: {
    sentence: "Templates see NativeSidecars; before, they read istiod's ENABLE_NATIVE_SIDECARS.",
    since: ['1.27.0'],
    source: `${INJECT} SidecarTemplateData`,
  },
  initContainersCountAsApp: {
    sentence: "On OpenShift init containers count when the proxy's uid is compared with the application's.",
    since: ['1.27.0'],
    source: `${WEBHOOK} isSidecarUserMatchingAppUser`,
  },
  validateResources: {
    sentence: 'Annotations sidecar.istio.io/proxyCPU, proxyMemory and their limits have to be quantities.',
    since: ['1.27.6', '1.28.4', '1.29.0'],
    source: `${VALIDATE} validateResourceQuantity`,
  },
  omitNil: {
    sentence: 'Templates have function omitNil.',
    since: ['1.28.6', '1.29.1', '1.30.0'],
    source: TEMPLATE,
  },
  otelResourceAttributes: {
    sentence: 'Templates have function otelResourceAttributes.',
    since: ['1.30.0'],
    source: TEMPLATE,
  },
  validateInterfaces: {
    sentence:
      'Annotations traffic.sidecar.istio.io/excludeInterfaces and kubevirtInterfaces, and istio.io/reroute-virtual-interfaces, have to name interfaces.',
    since: ['1.30.0'],
    source: `${VALIDATE} ValidateExcludeInterfaces`,
  },
  scrapeTargets: {
    sentence:
      'Annotation prometheus.istio.io/scrape-targets is read, and a pod whose metrics can not be merged is denied.',
    since: ['1.31.0'],
    source: `${WEBHOOK} applyPrometheusMerge`,
  },
  securePortAnnotation: {
    sentence: "Annotation prometheus.istio.io/secure-port tells the proxy's ENVOY_SECURE_MERGED_METRICS_PORT.",
    since: ['1.31.0'],
    source: `${WEBHOOK} applySecurePrometheusAnnotation`,
  },
  variantForUntypedImage: {
    sentence: 'values.global.variant counts too where the proxy configuration has an image without a type.',
    since: ['1.31.0'],
    source: `${INJECT} proxyImageURL`,
  },
  proxyInitImageField: {
    sentence: 'Templates see ProxyInitImage (values.global.proxy_init.image).',
    since: ['1.31.0'],
    source: `${INJECT} ProxyInitImage`,
  },
} as const satisfies Record<string, SwitchRow>;

export type IstioSwitch = keyof typeof ISTIO_SWITCHES;
export type Features = Switches<IstioSwitch>;

/** A release as the table writes it: the minor is the line. */
export function istioPlace(name: string): Place {
  const [major, minor, patch] = name.split('.').map(Number);
  if (major !== 1 || minor === undefined || patch === undefined) throw new Error(`${name} is no release of Istio`);
  return { line: minor, patch };
}

/** The switches of a release. */
export function featuresAt(place: Place): Features {
  return switchesAt<IstioSwitch>(ISTIO_SWITCHES, place, istioPlace);
}

/** The switches of the newest release. */
export const NEWEST: Features = featuresAt({ line: Number.MAX_SAFE_INTEGER, patch: 0 });
