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

/** The rules, in the order in which they are asked. */
export type DecisionRule =
  | 'hostNetwork'
  | 'ignoredNamespace'
  | 'injectLabel'
  | 'neverInjectSelector'
  | 'alwaysInjectSelector'
  | 'policy';

/**
 * Told of each rule that is asked: what it looked at, and what follows; 'next' where it does not decide. `index` counts the
 * selectors of Selection. Only an explanation listens; without a listener nothing is made for it.
 */
export type DecisionTrace = (
  rule: DecisionRule,
  saw: string | boolean | number | undefined,
  effect: 'next' | 'inject' | SkipCode,
) => void;

/** Returns why the pod is left alone, or null when it is to be injected. `namespace` is the pod's own, or the request's. */
export function whySkipped(
  spec: PodSpec,
  metadata: ObjectMeta,
  namespace: string,
  selection: Selection,
  features: Features,
  trace?: DecisionTrace,
): SkipCode | null {
  if (spec.hostNetwork === true) {
    trace?.('hostNetwork', true, 'HOST_NETWORK');
    return 'HOST_NETWORK';
  }
  trace?.('hostNetwork', spec.hostNetwork, 'next');
  if (IGNORED_NAMESPACES.has(namespace)) {
    trace?.('ignoredNamespace', namespace, 'NAMESPACE_IGNORED');
    return 'NAMESPACE_IGNORED';
  }
  trace?.('ignoredNamespace', namespace, 'next');
  const labels = metadata.labels ?? NO_LABELS;
  const label = stringAt(labels, INJECT);
  // A present but empty label still beats the annotation.
  const value = label ?? stringAt(metadata.annotations, INJECT);
  const wish = asked(value, features);
  // The policy is looked at last, but one that Istio does not know turns everything off.
  const known = selection.policy === 'enabled' || selection.policy === 'disabled';
  const injected = known ? 'inject' : 'next';
  if (wish === false) {
    const reason = label === undefined ? 'INJECT_ANNOTATION_FALSE' : 'INJECT_LABEL_FALSE';
    trace?.('injectLabel', value, reason);
    return reason;
  }
  trace?.('injectLabel', value, wish === true ? injected : 'next');
  if (wish === 'default') {
    const never = selection.neverInject.findIndex((matches) => matches(labels));
    if (never >= 0) {
      trace?.('neverInjectSelector', never, 'NEVER_INJECT_SELECTOR');
      return 'NEVER_INJECT_SELECTOR';
    }
    trace?.('neverInjectSelector', undefined, 'next');
    const always = selection.alwaysInject.findIndex((matches) => matches(labels));
    trace?.('alwaysInjectSelector', always < 0 ? undefined : always, always < 0 ? 'next' : injected);
    if (always < 0 && selection.policy === 'disabled') {
      trace?.('policy', selection.policy, 'POLICY_DISABLED');
      return 'POLICY_DISABLED';
    }
    if (always < 0 && known) trace?.('policy', selection.policy, 'inject');
  }
  if (known) return null;
  trace?.('policy', selection.policy, 'POLICY_UNKNOWN');
  return 'POLICY_UNKNOWN';
}
