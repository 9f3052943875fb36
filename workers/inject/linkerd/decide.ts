/**
 * Whether Linkerd would inject a pod (pkg/inject/report.go): every reason against it, in Linkerd's order.
 */
import type { Container, PodSpec, StringMap } from '../istio/pod.ts';
import { stringAt } from '../istio/pod.ts';
import { INJECT } from './annotations.ts';
import { type Features, NEWEST } from './features.ts';
import { allContainers } from './opaque-ports.ts';

/** Linkerd's own words, which its events and metrics have. */
export type LinkerdReason =
  | 'host_network_enabled'
  | 'sidecar_already_exists'
  | 'unsupported_resource'
  | 'invalid_inject_annotation_at_ns'
  | 'invalid_inject_annotation_at_workload'
  | 'injection_disable_annotation_present'
  | 'injection_enable_annotation_absent'
  | 'disabled_automount_service_account_token_account';

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The reasons not to inject; none means inject. */
export function skipReasons(
  annotations: StringMap | undefined,
  spec: PodSpec,
  namespace: Readonly<Record<string, string>>,
  tokenProjection: boolean,
  features: Features,
): LinkerdReason[] {
  const reasons: LinkerdReason[] = [];
  if (spec.hostNetwork === true) reasons.push('host_network_enabled');
  if (hasSidecar(spec, features)) reasons.push('sidecar_already_exists');
  const annotation = annotationReason(stringAt(annotations, INJECT) ?? '', stringAt(namespace, INJECT) ?? '');
  if (annotation !== null) reasons.push(annotation);
  // Without a projected token the proxy needs the service account's own, which the first container's mount stands for.
  if (!tokenProjection && (spec['automountServiceAccountToken'] === false || serviceAccountMount(spec) === null)) {
    reasons.push('disabled_automount_service_account_token_account');
  }
  return reasons;
}

function isValid(value: string): boolean {
  return value === '' || value === 'enabled' || value === 'disabled' || value === 'ingress';
}

function annotationReason(pod: string, namespace: string): LinkerdReason | null {
  if (!isValid(namespace)) return 'invalid_inject_annotation_at_ns';
  if (!isValid(pod)) return 'invalid_inject_annotation_at_workload';
  if (namespace === 'enabled' || namespace === 'ingress')
    return pod === 'disabled' ? 'injection_disable_annotation_present' : null;
  return pod === 'enabled' || pod === 'ingress' ? null : 'injection_enable_annotation_absent';
}

/** Whether a proxy is in the pod already, Linkerd's or Istio's. Where no release is known, as the newest sees it. */
export function hasSidecar(spec: PodSpec, features: Features = NEWEST): boolean {
  for (const container of features.sidecarsAmongInits ? allContainers(spec) : (spec.containers ?? [])) {
    const { name } = container;
    const image = container.image ?? '';
    if (name === 'linkerd-proxy' || name === 'istio-proxy') return true;
    if (image.startsWith('cr.l5d.io/linkerd/proxy:') || image.startsWith('gcr.io/istio-release/proxyv2:')) return true;
  }
  for (const container of spec.initContainers ?? []) {
    const { name } = container;
    const image = container.image ?? '';
    if (name === 'linkerd-init' || name === 'istio-init') return true;
    if (image.startsWith('cr.l5d.io/linkerd/proxy-init:') || image.startsWith('gcr.io/istio-release/proxy_init:'))
      return true;
  }
  return false;
}

/** The first container's mount of its service account token. */
export function serviceAccountMount(spec: PodSpec): { name: string; mountPath: string; readOnly: boolean } | null {
  const first: Container | undefined = spec.containers?.[0];
  for (const mount of first?.volumeMounts ?? []) {
    if (mount['mountPath'] === TOKEN_MOUNT)
      return { name: mount.name ?? '', mountPath: TOKEN_MOUNT, readOnly: mount['readOnly'] === true };
  }
  return null;
}
