/**
 * The names of annotations and labels that injectors read of pods, workloads and namespaces. Facts, from:
 * - Istio: istio/api annotation/annotations.yaml and label/labels.yaml (b8f8791d, July 2026), those of pods, namespaces and all kinds;
 *   `enableCoreDump` was taken out of that list and is still checked by the injectors of the releases that had it; `scrape-targets` and
 *   `secure-port` are read by the injector of 1.31 (pkg/kube/inject/webhook.go).
 * - Linkerd: linkerd/linkerd2 pkg/k8s/labels.go (b24cd405, August 2026); `init-image`, `init-image-version` and `trace-collector` are
 *   of releases before 2.18.
 */

const istio = (prefix: string, names: string): string[] => names.split(' ').map((name) => `${prefix}.istio.io/${name}`);
const linkerd = (prefix: string, names: string): string[] =>
  names.split(' ').map((name) => `${prefix}.linkerd.io/${name}`);

/** Annotations of pods. */
export const POD_ANNOTATIONS: ReadonlySet<string> = new Set([
  ...istio(
    'sidecar',
    'inject status rewriteAppHTTPProbers discoveryAddress proxyImage proxyImageType proxyCPU proxyCPULimit proxyMemory proxyMemoryLimit interceptionMode bootstrapOverride statsInclusionPrefixes statsInclusionSuffixes statsInclusionRegexps statsHistogramBuckets statsFlushInterval statsEvictionInterval statsHistogramBins statsCompression userVolume userVolumeMount logLevel componentLogLevel agentLogLevel nativeSidecar extraStatTags enableCoreDump',
  ),
  ...istio('status.sidecar', 'port'),
  ...istio('readiness.status.sidecar', 'initialDelaySeconds periodSeconds failureThreshold applicationPorts'),
  ...istio(
    'traffic.sidecar',
    'includeOutboundIPRanges excludeOutboundIPRanges includeInboundPorts excludeInboundPorts excludeInterfaces includeOutboundPorts excludeOutboundPorts kubevirtInterfaces',
  ),
  ...istio('proxy', 'config overrides'),
  ...istio('inject', 'templates'),
  ...istio('prometheus', 'merge-metrics scrape-targets secure-port'),
  ...linkerd(
    'config',
    'proxy-image image-pull-policy debug-image debug-image-version debug-image-pull-policy control-port skip-inbound-ports opaque-ports skip-outbound-ports skip-subnets inbound-port admin-port outbound-port pod-inbound-ports proxy-cpu-request proxy-memory-request proxy-ephemeral-storage-request proxy-cpu-limit proxy-cpu-ratio-limit proxy-memory-limit proxy-ephemeral-storage-limit proxy-uid proxy-gid proxy-admin-shutdown proxy-log-level proxy-log-http-headers proxy-log-format enable-external-profiles proxy-version proxy-require-identity-inbound-ports proxy-metrics-hostname-labels proxy-outbound-connect-timeout proxy-inbound-connect-timeout proxy-outbound-discovery-cache-unused-timeout proxy-inbound-discovery-cache-unused-timeout proxy-disable-outbound-protocol-detect-timeout proxy-disable-inbound-protocol-detect-timeout enable-gateway enable-debug-sidecar close-wait-timeout proxy-enable-native-sidecar proxy-await default-inbound-policy access-log shutdown-grace-period proxy-additional-env init-image init-image-version trace-collector',
  ),
  ...linkerd(
    'config.alpha',
    'proxy-wait-before-exit-seconds proxy-enable-native-sidecar trace-collector-service-account',
  ),
  ...linkerd('config.beta', 'proxy-enable-native-sidecar'),
  'linkerd.io/inject',
]);

/** Labels under the prefixes below. */
export const KNOWN_LABELS: ReadonlySet<string> = new Set([
  'sidecar.istio.io/inject',
  'config.linkerd.io/admission-webhooks',
]);

/** What Istio's list marks as deprecated. */
export const DEPRECATED_ANNOTATIONS: ReadonlySet<string> = new Set([
  ...istio(
    'sidecar',
    'discoveryAddress statsInclusionPrefixes statsInclusionSuffixes statsInclusionRegexps statsCompression extraStatTags',
  ),
  ...istio('traffic.sidecar', 'kubevirtInterfaces'),
]);

/** Under these everything is Istio's or Linkerd's own: a name that they do not know is a mistake. */
export const RESERVED_PREFIXES: ReadonlySet<string> = new Set(
  [...POD_ANNOTATIONS].map((name) => name.slice(0, name.indexOf('/'))).filter((prefix) => prefix !== 'linkerd.io'),
);
