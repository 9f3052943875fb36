/**
 * What Istio's injector does differently from release to release, as switches with names. The flow asks a switch, never a release.
 */
import type { NativeSidecars } from '../../protocol.ts';

export interface Features {
  /** Only `true` and `false` decide in the inject label or annotation; any other value falls to selectors and policy. Istio 1.27. */
  readonly strictInjectValue: boolean;
  /** prometheus.istio.io/scrape-targets, and ports that can not be merged are denied. Istio 1.31. */
  readonly scrapeTargets: boolean;
  /** prometheus.istio.io/secure-port follows ENVOY_SECURE_MERGED_METRICS_PORT. Istio 1.31. */
  readonly securePortAnnotation: boolean;
  /** Interface names in annotations are validated. Istio 1.30. */
  readonly validateInterfaces: boolean;
  /** proxyCPU, proxyMemory and their limits are validated before the template runs. Istio 1.27.6, 1.28.4, 1.29. */
  readonly validateResources: boolean;
  /** enableCoreDump is validated as a boolean. Until Istio 1.24. */
  readonly validateCoreDump: boolean;
  /** preStop and postStart are rewritten like probes. Istio 1.25. */
  readonly rewriteLifecycle: boolean;
  /** Probes found at a re-injection are recorded even where the proxy has no list of them yet. Istio 1.27. */
  readonly appendProbersOnReinjection: boolean;
  /** The annotation sidecar.istio.io/nativeSidecar moves the user's istio-proxy with the template's. Istio 1.24. */
  readonly nativeSidecarAnnotation: boolean;
  /** `Auto` looks at the nodes; before, it means no. Istio 1.27. */
  readonly detectNativeSidecars: boolean;
  /** A ReplicaSet of an Argo Rollout is told from rollouts-pod-template-hash. Istio 1.22. */
  readonly argoRollouts: boolean;
  /** A CronJob is batch/v1, before batch/v1beta1. Istio 1.22. */
  readonly cronJobV1: boolean;
  /** values.global.variant chooses the image's type. Istio 1.22. */
  readonly imageVariant: boolean;
  /** The user's own uid and gid of istio-proxy are carried to the init container and its -u. Istio 1.20.7, 1.21.3, 1.22.1, 1.23. */
  readonly adjustInitUser: boolean;
  /** On OpenShift a proxy uid that equals the app's is reset. Istio 1.23.1. */
  readonly resetMatchingUid: boolean;
  /** … and init containers count as the app. Istio 1.27. */
  readonly initContainersCountAsApp: boolean;
}

/** Istio master, which is 1.31. */
export const NEWEST: Features = {
  strictInjectValue: true,
  scrapeTargets: true,
  securePortAnnotation: true,
  validateInterfaces: true,
  validateResources: true,
  validateCoreDump: false,
  rewriteLifecycle: true,
  appendProbersOnReinjection: true,
  nativeSidecarAnnotation: true,
  detectNativeSidecars: true,
  argoRollouts: true,
  cronJobV1: true,
  imageVariant: true,
  adjustInitUser: true,
  resetMatchingUid: true,
  initContainersCountAsApp: true,
};

/**
 * The switches of a release such as `1.24.6`; undefined means the newest. For now every release is treated as the newest:
 * this is the one place where releases are told apart.
 */
export function featuresOf(_release: string | undefined): Features {
  return NEWEST;
}

/** What the mesh asks for, with what a release makes of `Auto`. */
export function nativeMode(features: Features, mode: NativeSidecars): NativeSidecars {
  return mode === 'Auto' && !features.detectNativeSidecars ? 'Never' : mode;
}
