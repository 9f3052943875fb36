/** Istio's names for annotations, labels and containers, as its injector and templates spell them. */

export const PROXY = 'istio-proxy';
export const INIT = 'istio-init';
export const VALIDATION = 'istio-validation';
export const CORE_DUMP = 'enable-core-dump';

/** The image name that asks for the template's image. */
export const AUTO_IMAGE = 'auto';

/** A label as well as an annotation; the label wins. */
export const INJECT = 'sidecar.istio.io/inject';
export const STATUS = 'sidecar.istio.io/status';
export const TEMPLATES = 'inject.istio.io/templates';
export const OVERRIDES = 'proxy.istio.io/overrides';
export const PROXY_CONFIG = 'proxy.istio.io/config';
export const NATIVE_SIDECAR = 'sidecar.istio.io/nativeSidecar';
export const INTERCEPTION_MODE = 'sidecar.istio.io/interceptionMode';
export const STATUS_PORT = 'status.sidecar.istio.io/port';
export const REWRITE_PROBES = 'sidecar.istio.io/rewriteAppHTTPProbers';
export const PROXY_IMAGE_TYPE = 'sidecar.istio.io/proxyImageType';
export const MERGE_METRICS = 'prometheus.istio.io/merge-metrics';
export const REVISION = 'istio.io/rev';

export const NETWORK_LABEL = 'topology.istio.io/network';

export const ENV_CLUSTER = 'ISTIO_META_CLUSTER_ID';
export const ENV_NETWORK = 'ISTIO_META_NETWORK';
export const ENV_PROBERS = 'ISTIO_KUBE_APP_PROBERS';
export const ENV_SCRAPING = 'ISTIO_PROMETHEUS_ANNOTATIONS';
export const ENV_SECURE_METRICS = 'ENVOY_SECURE_MERGED_METRICS_PORT';
