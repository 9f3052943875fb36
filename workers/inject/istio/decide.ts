/**
 * Whether a pod is injected at all. Order, and who beats whom, as Istio's webhook decides (pkg/kube/inject, injectRequired):
 * host network, the cluster's own namespaces, label over annotation, never selectors, always selectors, policy.
 */
import type { SkipCode } from '../reason.ts';
import type { Features } from './features.ts';
import { INJECT } from './names.ts';
import { type ObjectMeta, type PodSpec, type StringMap, stringAt } from './pod.ts';

/** Namespaces of Kubernetes itself (and of kind's storage), never injected whatever the pod says. */
const IGNORED_NAMESPACES: ReadonlySet<string> = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
]);

export type Matcher = (labels: StringMap) => boolean;

export interface Selection {
  readonly policy: string;
  /** Selectors that are empty or do not parse are left out: Istio ignores them. */
  readonly neverInject: readonly Matcher[];
  readonly alwaysInject: readonly Matcher[];
}

const NO_LABELS: StringMap = {};

/** What label or annotation asks for; 'default' when neither decides. */
function asked(value: string | undefined, features: Features): boolean | 'default' {
  if (value === undefined || value === '') return 'default';
  if (value === 'true') return true;
  if (value === 'false') return false;
  if (features.strictInjectValue) return 'default';
  const lower = value.toLowerCase();
  return lower === 'true' || lower === 'y' || lower === 'yes' || lower === 'on';
}

/** Returns why the pod is left alone, or null when it is to be injected. `namespace` is the pod's own, or the request's. */
export function whySkipped(
  spec: PodSpec,
  metadata: ObjectMeta,
  namespace: string,
  selection: Selection,
  features: Features,
): SkipCode | null {
  if (spec.hostNetwork === true) return 'HOST_NETWORK';
  if (IGNORED_NAMESPACES.has(namespace)) return 'NAMESPACE_IGNORED';
  const labels = metadata.labels ?? NO_LABELS;
  const label = stringAt(labels, INJECT);
  // A present but empty label still beats the annotation.
  const wish = asked(label ?? stringAt(metadata.annotations, INJECT), features);
  // The policy is looked at last, but one that Istio does not know turns everything off.
  const known = selection.policy === 'enabled' || selection.policy === 'disabled';
  if (wish === 'default') {
    if (selection.neverInject.some((matches) => matches(labels))) return 'NEVER_INJECT_SELECTOR';
    if (selection.alwaysInject.some((matches) => matches(labels))) return known ? null : 'POLICY_UNKNOWN';
    if (!known) return 'POLICY_UNKNOWN';
    return selection.policy === 'enabled' ? null : 'POLICY_DISABLED';
  }
  if (!wish) return label === undefined ? 'INJECT_ANNOTATION_FALSE' : 'INJECT_LABEL_FALSE';
  return known ? null : 'POLICY_UNKNOWN';
}
