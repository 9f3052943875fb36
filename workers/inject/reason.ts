/**
 * Why a request was not injected: one table for the core, the metrics, `explain` and the reference documentation.
 * A code is matched, never its sentence, and is never used for anything else again.
 */

/** Who has to act: the pod's author, the author of the mesh's configuration, the caller that sent the review, or Meshgate. */
export type Fault = 'user' | 'policy' | 'upstream' | 'internal' | 'none';

export interface Reason {
  /** What becomes of the request: admitted untouched, denied, or not answered by injection at all. */
  readonly kind: 'skipped' | 'denied' | 'failed';
  readonly fault: Fault;
  /** HTTP status in the AdmissionReview's `status.code`; 0 for skips. */
  readonly status: number;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retry: boolean;
  readonly sentence: string;
}

type ReasonOf<K extends Reason['kind']> = Reason & { readonly kind: K };

function skipped(fault: Fault, sentence: string): ReasonOf<'skipped'> {
  return { kind: 'skipped', fault, status: 0, retry: false, sentence };
}
function denied(fault: Fault, status: number, sentence: string): ReasonOf<'denied'> {
  return { kind: 'denied', fault, status, retry: false, sentence };
}
function failed(fault: Fault, status: number, retry: boolean, sentence: string): ReasonOf<'failed'> {
  return { kind: 'failed', fault, status, retry, sentence };
}

export const REASONS = {
  // Admitted as it is.
  HOST_NETWORK: skipped('none', 'the pod uses the host network, where redirecting traffic would redirect the node'),
  NAMESPACE_IGNORED: skipped('none', 'the namespace belongs to the cluster itself and is never injected'),
  INJECT_LABEL_FALSE: skipped('user', 'the pod has label sidecar.istio.io/inject=false'),
  INJECT_ANNOTATION_FALSE: skipped('user', 'the pod has annotation sidecar.istio.io/inject=false'),
  NEVER_INJECT_SELECTOR: skipped('policy', "the pod's labels match one of neverInjectSelector"),
  POLICY_DISABLED: skipped('policy', 'the policy is "disabled" and the pod does not ask for injection'),
  POLICY_UNKNOWN: skipped('policy', 'the policy is neither "enabled" nor "disabled", which turns injection off'),
  REVISION_MISMATCH: skipped('user', 'the pod asks for another revision than this one serves'),
  ALREADY_INJECTED: skipped('none', 'the pod already is what this revision would make of it'),
  VCLUSTER_SYNCED: skipped('policy', 'the pod was synced from a virtual cluster, whose pods the mesh does not inject'),
  VCLUSTER_INJECTED: skipped('none', 'the pod was synced from a virtual cluster, and was injected there'),
  // Kept away by the selectors of a mesh's webhooks: the review never comes, and only an explanation tells.
  NAMESPACE_LABEL_MISSING: skipped('user', 'neither the namespace nor the pod has a label that selects a revision'),
  NAMESPACE_LABEL_DISABLED: skipped('user', "the namespace's label istio-injection is there and not enabled"),
  WEBHOOK_NOT_SELECTED: skipped('user', "the selectors of the mesh's webhook leave the pod out"),
  POLICY_SKIPS_INJECTION: skipped('policy', 'a pod policy keeps the pod from injection'),
  // Of template meshes.
  KIND_UNSUPPORTED: skipped('upstream', 'only pods are injected'),
  OPERATION_UNSUPPORTED: skipped('upstream', 'only pods that are created can be injected'),
  MIRROR_POD: skipped('none', 'the pod mirrors a static pod of its node, which no change of it reaches'),
  INJECT_KEY_DISABLED: skipped('user', "the pod's own inject label or annotation says disabled"),
  NAMESPACE_DISABLED: skipped('user', "the namespace's inject label or annotation says disabled"),
  OVERLAY_EMPTY: skipped('policy', 'the template has nothing to add to this pod'),

  // Linkerd's own, in the words of its events and metrics.
  host_network_enabled: skipped('none', 'hostNetwork is enabled'),
  sidecar_already_exists: skipped('none', 'the pod has a sidecar already'),
  unsupported_resource: skipped('none', 'this kind of resource is not injected'),
  injection_enable_annotation_absent: skipped(
    'user',
    'neither the namespace nor the pod has annotation linkerd.io/inject=enabled',
  ),
  injection_disable_annotation_present: skipped('user', 'the pod has annotation linkerd.io/inject=disabled'),
  invalid_inject_annotation_at_workload: skipped(
    'user',
    "the pod's annotation linkerd.io/inject is not enabled, disabled or ingress",
  ),
  invalid_inject_annotation_at_ns: skipped(
    'user',
    "the namespace's annotation linkerd.io/inject is not enabled, disabled or ingress",
  ),
  disabled_automount_service_account_token_account: skipped(
    'user',
    'the pod has no service account token, and the mesh does not project one (identity.serviceAccountTokenProjection)',
  ),

  // Denied: the pod, or the configuration applied to this pod, is wrong.
  POD_MISSING: denied('upstream', 400, 'the request holds no object to inject'),
  POD_MALFORMED: denied('user', 400, 'the object is not a valid pod'),
  ANNOTATION_INVALID: denied('user', 422, 'an annotation has a value that Istio does not accept'),
  STATUS_ANNOTATION_INVALID: denied('user', 422, 'annotation sidecar.istio.io/status is not what an injector writes'),
  OVERRIDES_ANNOTATION_INVALID: denied('user', 422, 'annotation proxy.istio.io/overrides does not hold containers'),
  TEMPLATE_UNKNOWN: denied('user', 422, 'the pod asks for a template that the revision does not have'),
  TEMPLATE_FAILED: denied('policy', 500, 'a template failed on this pod'),
  TEMPLATE_LIMIT: denied('policy', 500, 'a template used up its budget on this pod'),
  OVERLAY_MALFORMED: denied('policy', 500, 'what a template made of this pod is not a YAML mapping'),
  OVERLAY_UNMERGEABLE: denied('policy', 500, 'what a template made of this pod can not be merged into it'),
  OVERLAY_INVALID: denied('policy', 500, 'the pod with what a template made of it is not a valid pod'),
  OVERRIDE_UNMERGEABLE: denied(
    'user',
    422,
    "the pod's own settings for an injected container can not be merged into it",
  ),
  LINKERD_VALUES_INVALID: denied('policy', 500, "the mesh's values do not make a proxy"),
  SCRAPE_PORT_INVALID: denied('user', 422, 'the pod asks Prometheus to scrape a port that can not be merged'),
  REVISION_UNSERVED: denied('user', 422, 'a label asks for a revision that the mesh does not have'),
  INIT_USER_UNSET: denied('user', 422, 'the init container has an argument -u without a value after it'),
  PROXY_USER_UNSET: denied('user', 422, 'the proxy has no user that TPROXY could set to root'),

  // Of pod policies.
  POLICY_DENIED: denied('user', 422, 'a policy denies the pod'),
  POLICY_FAILED: denied('policy', 500, 'a policy could not be evaluated for this pod'),
  POLICY_LIMIT: denied('policy', 500, 'a policy used up its budget on this pod'),

  // Not answered by injection: the mesh's onError decides.
  REVIEW_EMPTY: failed('upstream', 400, false, 'the request has no body'),
  REVIEW_MALFORMED: failed('upstream', 400, false, 'the body is neither JSON nor YAML of an AdmissionReview'),
  REVIEW_UNSUPPORTED: failed('upstream', 400, false, 'the body is not an AdmissionReview in version v1 or v1beta1'),
  REQUEST_MISSING: failed('upstream', 400, false, 'the AdmissionReview holds no request'),
  UID_MISSING: failed('upstream', 400, false, "the AdmissionReview's request has no uid"),
  REVISION_UNKNOWN: failed('internal', 503, true, 'this worker does not have the revision'),
  PATCH_UNPROVED: failed('internal', 500, false, 'the patch does not give the injected pod'),
  INTERNAL: failed('internal', 500, false, 'a fault of Meshgate itself'),
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;
type CodeOf<K extends Reason['kind']> = {
  [C in ReasonCode]: (typeof REASONS)[C]['kind'] extends K ? C : never;
}[ReasonCode];

/** Returns the reason of a code, or undefined for a code that is not in the table (e.g. a pod policy's own). */
export function reasonOf(code: string): Reason | undefined {
  return Object.hasOwn(REASONS, code) ? REASONS[code as ReasonCode] : undefined;
}

export type SkipCode = CodeOf<'skipped'>;
export type DenyCode = CodeOf<'denied'>;
export type FailCode = CodeOf<'failed'>;

/** Details may quote a pod, which may be megabytes long; the message goes to a person's terminal. */
const MAX_DETAIL_LENGTH = 1_000;

function shortened(detail: string): string {
  return detail.length <= MAX_DETAIL_LENGTH ? detail : `${detail.slice(0, MAX_DETAIL_LENGTH)}…`;
}

/** Thrown inside a provider to end an injection with a denial; never leaves `CompiledRevision.inject`. */
export class Denial extends Error {
  override readonly name = 'Denial';
  readonly code: DenyCode;
  constructor(code: DenyCode, detail?: string) {
    super(detail === undefined ? REASONS[code].sentence : `${REASONS[code].sentence}: ${shortened(detail)}`);
    this.code = code;
  }
}
