/** Linkerd's annotation and label names (pkg/k8s/labels.go), and which of them a pod inherits from its namespace. */
import type { Features } from './features.ts';

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

/** Inherited in all releases. */
const ALWAYS_INHERITED: readonly string[] = [
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
    'proxy-log-format',
    'proxy-log-level',
    'proxy-memory-limit',
    'proxy-memory-request',
    'proxy-ephemeral-storage-limit',
    'proxy-ephemeral-storage-request',
    'proxy-uid',
    'proxy-version',
    'proxy-require-identity-inbound-ports',
    'skip-inbound-ports',
    'opaque-ports',
    'skip-outbound-ports',
    'proxy-outbound-connect-timeout',
    'proxy-inbound-connect-timeout',
    'proxy-await',
    'default-inbound-policy',
    'skip-subnets',
    'access-log',
    'shutdown-grace-period',
    'proxy-outbound-discovery-cache-unused-timeout',
    'proxy-inbound-discovery-cache-unused-timeout',
  ].map((name) => CONFIG + name),
  WAIT_BEFORE_EXIT,
  INJECT,
];

/** Inherited where the release has them. */
const INHERITED_BY_SWITCH: readonly (readonly [annotation: string, isInherited: (features: Features) => boolean])[] = [
  [`${CONFIG}init-image`, ({ initImageOfProxy }) => !initImageOfProxy],
  [`${CONFIG}init-image-version`, ({ initImageOfProxy }) => !initImageOfProxy],
  [`${CONFIG}proxy-disable-outbound-protocol-detect-timeout`, ({ detectTimeouts }) => detectTimeouts],
  [`${CONFIG}proxy-disable-inbound-protocol-detect-timeout`, ({ detectTimeouts }) => detectTimeouts],
  [`${CONFIG}proxy-gid`, ({ groups }) => groups],
  [`${CONFIG}proxy-admin-shutdown`, ({ shutdownEndpoint }) => shutdownEndpoint],
  [`${CONFIG}proxy-log-http-headers`, ({ headerLogging }) => headerLogging],
  [`${CONFIG}proxy-metrics-hostname-labels`, ({ hostnameLabels }) => hostnameLabels],
  [ADDITIONAL_ENV, ({ additionalEnvAnnotation }) => additionalEnvAnnotation],
  [NATIVE_SIDECAR, ({ nativeAnnotation }) => nativeAnnotation],
  [NATIVE_SIDECAR_BETA, ({ inheritBetaNative }) => inheritBetaNative],
  [NATIVE_SIDECAR_ALPHA, ({ nativeSidecars }) => nativeSidecars],
];

/** What a pod inherits from its namespace where it has none of its own, in a release. */
export function inheritedAnnotations(features: Features): readonly string[] {
  const ofRelease = INHERITED_BY_SWITCH.filter(([, isInherited]) => isInherited(features));
  return [...ALWAYS_INHERITED, ...ofRelease.map(([annotation]) => annotation)];
}

/** The full name of a `config.linkerd.io/` annotation. */
export function config(name: string): string {
  return CONFIG + name;
}
