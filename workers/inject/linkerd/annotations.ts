/** Linkerd's annotation and label names (pkg/k8s/labels.go), and which of them a pod inherits from its namespace. */

const CONFIG = 'config.linkerd.io/';

export const INJECT = 'linkerd.io/inject';
export const OPAQUE_PORTS = `${CONFIG}opaque-ports`;
export const ADDITIONAL_ENV = `${CONFIG}proxy-additional-env`;
export const ENABLE_DEBUG = `${CONFIG}enable-debug-sidecar`;
export const CLOSE_WAIT_TIMEOUT = `${CONFIG}close-wait-timeout`;
export const WAIT_BEFORE_EXIT = 'config.alpha.linkerd.io/proxy-wait-before-exit-seconds';
export const NATIVE_SIDECAR = `${CONFIG}proxy-enable-native-sidecar`;
export const NATIVE_SIDECAR_BETA = 'config.beta.linkerd.io/proxy-enable-native-sidecar';
export const NATIVE_SIDECAR_ALPHA = 'config.alpha.linkerd.io/proxy-enable-native-sidecar';
export const OTEL_RESOURCE_PREFIX = 'resource.opentelemetry.io/';

export const CREATED_BY = 'linkerd.io/created-by';
export const PROXY_VERSION = 'linkerd.io/proxy-version';
export const TRUST_ROOT_SHA256 = 'linkerd.io/trust-root-sha256';

export const CONTROL_PLANE_NAMESPACE = 'linkerd.io/control-plane-ns';
export const WORKLOAD_NAMESPACE = 'linkerd.io/workload-ns';
/** Owner kinds that get a label `linkerd.io/proxy-KIND` with the owner's name. */
export const LABELLED_OWNERS: ReadonlySet<string> = new Set([
  'deployment',
  'replicationcontroller',
  'replicaset',
  'job',
  'daemonset',
  'statefulset',
]);
export const OWNER_LABEL_PREFIX = 'linkerd.io/proxy-';

/** Read from the pod after the namespace's have been added to it; `inject` itself and two of the alpha stage are inherited too. */
export const INHERITED: readonly string[] = [
  ...[
    'admin-port',
    'control-port',
    'enable-debug-sidecar',
    'enable-external-profiles',
    'image-pull-policy',
    'inbound-port',
    'outbound-port',
    'pod-inbound-ports',
    'proxy-cpu-limit',
    'proxy-cpu-request',
    'proxy-image',
    'proxy-admin-shutdown',
    'proxy-log-format',
    'proxy-log-level',
    'proxy-log-http-headers',
    'proxy-memory-limit',
    'proxy-memory-request',
    'proxy-ephemeral-storage-limit',
    'proxy-ephemeral-storage-request',
    'proxy-uid',
    'proxy-gid',
    'proxy-version',
    'proxy-require-identity-inbound-ports',
    'skip-inbound-ports',
    'opaque-ports',
    'skip-outbound-ports',
    'proxy-metrics-hostname-labels',
    'proxy-outbound-connect-timeout',
    'proxy-inbound-connect-timeout',
    'proxy-await',
    'default-inbound-policy',
    'skip-subnets',
    'access-log',
    'shutdown-grace-period',
    'proxy-outbound-discovery-cache-unused-timeout',
    'proxy-inbound-discovery-cache-unused-timeout',
    'proxy-disable-outbound-protocol-detect-timeout',
    'proxy-disable-inbound-protocol-detect-timeout',
    'proxy-enable-native-sidecar',
    'proxy-additional-env',
  ].map((name) => CONFIG + name),
  WAIT_BEFORE_EXIT,
  NATIVE_SIDECAR_ALPHA,
  INJECT,
];

/** The full name of a `config.linkerd.io/` annotation. */
export function config(name: string): string {
  return CONFIG + name;
}
