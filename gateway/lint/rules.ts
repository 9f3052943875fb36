/**
 * The registry of lint rules. A code is matched, never its sentence, and never used for anything else again;
 * docs/reference/lint.md is made from this table by build/lint-reference.ts.
 */

export interface LintRule {
  readonly severity: 'error' | 'warning';
  /** Whether `--fix` can correct it, always or in the cases that are certain. */
  readonly fix: 'always' | 'sometimes' | 'never';
  readonly sentence: string;
}

function rule(severity: LintRule['severity'], fix: LintRule['fix'], sentence: string): LintRule {
  return { severity, fix, sentence };
}

export const LINT_RULES = {
  MANIFEST_SYNTAX: rule('error', 'never', 'The file is not well-formed YAML or JSON.'),
  VALUE_NOT_TEXT: rule(
    'error',
    'always',
    'The value of a label or annotation is a boolean or a number without quotes, which the apiserver refuses.',
  ),
  INJECT_VALUE_INVALID: rule(
    'error',
    'never',
    'A label or annotation that asks for injection has a value that means nothing.',
  ),
  INJECT_CONTRADICTORY: rule(
    'error',
    'never',
    'Label and annotation `sidecar.istio.io/inject` say different things; the label wins.',
  ),
  INJECT_TWICE: rule(
    'warning',
    'sometimes',
    'Label and annotation `sidecar.istio.io/inject` say the same; the annotation does nothing.',
  ),
  INJECT_MISPLACED: rule(
    'error',
    'never',
    'What is to decide about injection stands on the workload instead of its pod template, where nothing reads it.',
  ),
  SETTING_MISPLACED: rule(
    'error',
    'never',
    'A setting for the proxy stands where nothing reads it: on the workload instead of its pod template, or as a label instead of an annotation.',
  ),
  HOST_NETWORK_INJECT: rule(
    'warning',
    'never',
    'The pod asks for injection and uses the host network: such pods are never injected.',
  ),
  NAME_UNKNOWN: rule(
    'warning',
    'sometimes',
    "A label or annotation under one of Istio's or Linkerd's prefixes has a name that they do not know.",
  ),
  NAME_DEPRECATED: rule('warning', 'never', 'Upstream has deprecated the annotation or label.'),
  NAME_UNREAD: rule(
    'warning',
    'never',
    'The release of a revision of the policy source does not read the annotation, which others do (with `--source`).',
  ),
  VALUE_DENIED: rule('error', 'never', 'An annotation has a value for which the injector denies the pod.'),
  VALUE_IGNORED: rule('warning', 'never', 'An annotation has a value that the injector can not read and passes over.'),
  REVISION_UNDEFINED: rule(
    'error',
    'never',
    'A label names a revision or tag that no mesh of the policy source has (with `--source`).',
  ),
  NAMESPACE_LABELS_CONFLICT: rule(
    'warning',
    'never',
    'A namespace has label `istio-injection` together with `istio.io/rev`, which then does nothing.',
  ),
  VCLUSTER_SECOND_INJECTION: rule(
    'warning',
    'never',
    'A label or annotation of the pod that vcluster copies to its host, where it asks for a second injection; label the namespace inside instead (with `--vcluster`).',
  ),
} as const satisfies Record<string, LintRule>;

export type LintCode = keyof typeof LINT_RULES;
