/**
 * The steps of Linkerd's injector for one request. Linkerd collects every reason against a pod and does not stop at the first, so all its
 * rules are told, in its order; what each comes to is read from the decision that the injector made.
 */
import type { Step } from '../explanation.ts';
import { stringAt } from '../istio/pod.ts';
import type { InjectDecision, InjectRequest } from '../provider.ts';
import { type DenyCode, REASONS, type ReasonCode, reasonOf, type SkipCode } from '../reason.ts';
import { INJECT, OPAQUE_PORTS, OTEL_RESOURCE_PREFIX } from './annotations.ts';
import type { Compiled } from './compile.ts';
import { allContainers } from './opaque-ports.ts';
import { type Target, targetOf } from './target.ts';

/** Shown of a value that a user wrote, and of a list. */
const MAX_SHOWN = 200;
const MAX_LISTED = 12;

const ANNOTATION_CODES: readonly SkipCode[] = [
  'invalid_inject_annotation_at_ns',
  'invalid_inject_annotation_at_workload',
  'injection_disable_annotation_present',
  'injection_enable_annotation_absent',
];

/** The steps to a decision. `decision`: what the revision's injector made of the request. */
export function explainLinkerd(revision: Compiled, request: InjectRequest, decision: InjectDecision): Step[] {
  const target = targetOf(request.object, request.kind.kind);
  const namespace = request.cluster.namespace?.annotations ?? {};
  const reasons = decision.kind === 'skipped' ? (decision.reasons ?? [decision.reason]) : [];
  const steps = [
    hostNetwork(target, reasons),
    sidecar(target, reasons),
    kind(target, reasons),
    annotation(target, request, namespace, reasons),
    token(target, revision, reasons),
  ].filter((step): step is Step => step !== null);
  if (decision.kind === 'skipped') return [...steps, ...opaquePorts(decision)];
  steps.push(inherited(revision, target, request, namespace), configured(revision, target));
  if (decision.kind === 'patched') return [...steps, sidecarKind(decision)];
  const { code, message } = decision;
  const rule = code === 'LINKERD_VALUES_INVALID' ? 'values' : code === 'ANNOTATION_INVALID' ? 'settings' : 'pod';
  const saw = rule === 'values' ? 'the values of the revision' : 'the pod with what it is given';
  return [...steps, { rule, saw, effect: 'deny', ...coded(code), says: message }];
}

function coded(code: string): Pick<Step, 'code'> {
  return reasonOf(code) === undefined ? {} : { code: code as ReasonCode satisfies ReasonCode | DenyCode };
}

function rule(name: string, saw: string, code: SkipCode | undefined, otherwise: string): Step {
  if (code === undefined) return { rule: name, saw, effect: 'next', says: otherwise };
  return { rule: name, saw, effect: 'skip', code, says: REASONS[code].sentence };
}

function hit(reasons: readonly string[], code: SkipCode): SkipCode | undefined {
  return reasons.includes(code) ? code : undefined;
}

function hostNetwork({ spec }: Target, reasons: readonly string[]): Step | null {
  if (spec === null) return null;
  const { hostNetwork: value } = spec;
  const saw = value === undefined ? 'spec.hostNetwork is not set' : `spec.hostNetwork: ${JSON.stringify(value)}`;
  return rule('hostNetwork', saw, hit(reasons, 'host_network_enabled'), 'the pod does not use the host network');
}

function sidecar({ spec }: Target, reasons: readonly string[]): Step | null {
  if (spec === null) return null;
  const names = allContainers(spec).map(({ name, image = '' }) => `${name} (${image})`);
  const saw = names.length === 0 ? 'no containers' : `containers ${listed(names)}`;
  return rule('sidecar', saw, hit(reasons, 'sidecar_already_exists'), 'none of them is a proxy');
}

function kind({ kind: name }: Target, reasons: readonly string[]): Step {
  return rule('kind', `kind: ${name}`, hit(reasons, 'unsupported_resource'), 'this kind of resource is injected');
}

function annotation(
  target: Target,
  { namespace: name, cluster }: InjectRequest,
  namespace: Readonly<Record<string, string>>,
  reasons: readonly string[],
): Step | null {
  if (target.spec === null) return null;
  const ofNamespace = stringAt(namespace, INJECT);
  const ofPod = stringAt(target.metadata?.annotations, INJECT);
  const shown = (value: string | undefined) => (value === undefined ? 'not set' : quoted(value));
  const atNamespace = cluster.namespace === null ? 'not known' : shown(ofNamespace);
  const saw = `annotation ${INJECT}: ${atNamespace} at namespace ${name}, ${shown(ofPod)} at the pod`;
  const who = ofPod === 'enabled' || ofPod === 'ingress' ? 'the pod' : 'the namespace';
  const code = ANNOTATION_CODES.find((each) => reasons.includes(each));
  return rule('injectAnnotation', saw, code, `${who} asks for injection`);
}

function token({ spec }: Target, { values }: Compiled, reasons: readonly string[]): Step | null {
  if (spec === null) return null;
  const automount = spec['automountServiceAccountToken'];
  const own = automount === undefined ? 'not set' : JSON.stringify(automount);
  const saw = `identity.serviceAccountTokenProjection: ${values.tokenProjection}; spec.automountServiceAccountToken: ${own}`;
  const code = hit(reasons, 'disabled_automount_service_account_token_account');
  const otherwise = values.tokenProjection
    ? 'the mesh projects a token for the proxy'
    : "the proxy has the service account's token";
  return rule('serviceAccountToken', saw, code, otherwise);
}

/** What is patched although the pod is not injected. */
function opaquePorts({ patch = [] }: Extract<InjectDecision, { kind: 'skipped' }>): Step[] {
  const last = patch.at(-1);
  if (last === undefined || last.op !== 'add') return [];
  const says = `it gets annotation ${OPAQUE_PORTS}: ${quoted(String(last.value))} all the same`;
  return [{ rule: 'opaquePorts', saw: 'the ports it exposes, and its namespace', effect: 'next', says }];
}

function inherited(
  { values }: Compiled,
  target: Target,
  { namespace: name }: InjectRequest,
  namespace: Readonly<Record<string, string>>,
): Step {
  const own = target.own?.annotations;
  const present = Object.keys(namespace).filter((key) => key !== INJECT && values.profile.inherited.has(key));
  const taken = present.filter((key) => stringAt(own, key) === undefined);
  const saw = present.length === 0 ? `no settings at namespace ${name}` : `namespace ${name} has ${listed(present)}`;
  const says = taken.length === 0 ? 'the pod inherits none' : `the pod inherits ${listed(taken)}`;
  return { rule: 'namespaceSettings', saw, effect: 'next', says };
}

function configured({ values }: Compiled, { metadata }: Target): Step {
  const keys = Object.keys(metadata?.annotations ?? {})
    .filter(isSetting)
    .sort();
  const { apply } = values.profile.overrides;
  const unknown = keys.filter((key) => !apply.has(key) && !isReadElsewhere(key));
  const saw = keys.length === 0 ? 'no settings at the pod' : `the pod has ${listed(keys)}`;
  const says =
    unknown.length === 0
      ? `${keys.length === 0 ? 'the values of the revision count' : 'they come before the values of the revision'}`
      : `the injector of this release knows nothing of ${listed(unknown)}`;
  return { rule: 'podSettings', saw, effect: 'next', says };
}

const SETTING = /^config\.(?:alpha\.|beta\.)?linkerd\.io\//;

function isSetting(key: string): boolean {
  return SETTING.test(key) || key.startsWith(OTEL_RESOURCE_PREFIX);
}

/** Settings that are no override of a single value. */
const READ_ELSEWHERE =
  /(?:\/opaque-ports|\/proxy-additional-env|\/enable-debug-sidecar|\/close-wait-timeout|\/proxy-enable-native-sidecar|\/pod-inbound-ports)$/;

function isReadElsewhere(key: string): boolean {
  return READ_ELSEWHERE.test(key) || key.startsWith(OTEL_RESOURCE_PREFIX);
}

function sidecarKind({ patch }: Extract<InjectDecision, { kind: 'patched' }>): Step {
  const native = patch.some(({ path }) => path.endsWith('/spec/initContainers/1'));
  const saw = 'proxy.nativeSidecar of the values, and the annotations for it';
  const says = native ? 'the proxy is a native sidecar' : 'the proxy is a container like the others';
  return { rule: 'nativeSidecar', saw, effect: 'inject', says };
}

function quoted(value: string): string {
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}

function listed(items: readonly string[]): string {
  const shown = items.slice(0, MAX_LISTED).join(', ');
  return items.length > MAX_LISTED ? `${shown} and ${items.length - MAX_LISTED} more` : shown;
}
