/** Why a pod is injected or not: the steps of one review, from the webhook's selectors to what is added, ending in one sentence. */
import type { Step } from '../../workers/inject/explanation.ts';
import { askedByPolicies } from '../../workers/inject/inject.ts';
import { explainIstio } from '../../workers/inject/istio/explain.ts';
import { compileIstio } from '../../workers/inject/istio/revision.ts';
import { compileLinkerd } from '../../workers/inject/linkerd/compile.ts';
import { explainLinkerd } from '../../workers/inject/linkerd/explain.ts';
import type { CompiledRevision, InjectDecision, InjectRequest } from '../../workers/inject/provider.ts';
import { REASONS, type ReasonCode, reasonOf } from '../../workers/inject/reason.ts';
import { listSwitches, type SwitchState } from '../../workers/inject/release/list.ts';
import { decodeReview } from '../../workers/inject/review.ts';
import { explainVcluster } from '../../workers/inject/vcluster.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { PolicyNote } from '../../workers/policy/run.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { istioWebhooks, type Labels, selects, type WebhookPrefix, whyNotSent } from '../istio/webhooks.ts';
import { LINKERD_WEBHOOK } from '../linkerd/webhook.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../manifests/objects.ts';
import { contextOf, type Destination } from '../manifests/trial.ts';
import { findRevision } from '../routing/revision-choice.ts';
import type { ExplainedCohort, Routing } from './routing.ts';

export interface Verdict {
  readonly kind: 'injected' | 'skipped' | 'denied' | 'failed';
  /** A code of reason.ts; '' for an injected pod. */
  readonly code: string;
  /** `not injected: namespace kube-system is always ignored`. */
  readonly sentence: string;
}

export interface Explanation {
  /** `Deployment shop/web`. */
  readonly subject: string;
  readonly namespace: string;
  readonly mesh: string;
  readonly revision: string;
  readonly steps: readonly Step[];
  readonly verdict: Verdict;
  /** What a rollout has to do with it; left out where none leaves the mesh's default revision. */
  readonly cohort?: ExplainedCohort;
  /** Whose injector's behaviour the revision has; null for meshes of templates. */
  readonly release: ExplainedRelease | null;
}

export interface ExplainedRelease {
  /** `1.26.8`, `edge-25.10.7`. */
  readonly name: string;
  /** By the revision's own `release`, by its values, or not at all: then it is the newest known. */
  readonly told: 'release' | 'values' | 'unknown';
  /** Everything that releases do differently, in the order of releases. */
  readonly switches: readonly SwitchState[];
}

/** How a review reaches the gateway. */
export interface Arrival {
  /** Labels of the namespace; null where they are not known. */
  readonly namespaceLabels: Labels | null;
  /** Which of Istio's webhooks are looked at; empty: none, the review has come. */
  readonly webhooks: readonly WebhookPrefix[];
  /** How the revision was chosen; left out where it was named. */
  readonly routing?: Pick<Routing, 'sentTo' | 'steps' | 'cohort'>;
}

/** Explains what becomes of a review (JSON). Never throws for anything a review can hold. */
export function explainReview(
  destination: Destination,
  review: string,
  subject: string,
  arrival: Arrival,
): Explanation {
  const { mesh, revision } = destination;
  const release = releaseOf(revision);
  const { routing } = arrival;
  const cohort = routing?.cohort == null ? {} : { cohort: routing.cohort };
  const base = { subject, mesh: mesh.name, revision: revision.source.name, release, ...cohort };
  const decoded = decodeReview(review, destination.params, contextOf(destination, review));
  if (!decoded.ok) {
    const { code, message } = decoded;
    const step: Step = { rule: 'review', saw: 'the AdmissionReview', effect: 'deny', code, says: message };
    return { ...base, namespace: '', steps: [step], verdict: verdictOf(step, 'failed') };
  }
  const { request } = decoded;
  const object = request.object ?? {};
  const metadata = objectAt(object, 'metadata');
  const namespace = textAt(metadata, 'namespace') || request.namespace;
  const told = { ...base, namespace };
  const arrived = arrivalSteps(destination, arrival, textsAt(metadata, 'labels'), request.namespace);
  const stopped = arrived.find(({ code }) => code !== undefined);
  if (stopped !== undefined) return { ...told, steps: arrived, verdict: verdictOf(stopped, 'skipped') };
  const steps = [...arrived, ...(routing?.steps ?? [])];
  const unserved = steps.find(({ effect }) => effect === 'deny');
  if (unserved !== undefined) return { ...told, steps, verdict: verdictOf(unserved, 'denied') };
  if (request.object === null) {
    const step = missingPod();
    return { ...told, steps: [...steps, step], verdict: verdictOf(step, 'denied') };
  }
  const full: InjectRequest = { ...request, object };
  let injected: InjectDecision | null = null;
  let revisionAsked: string | undefined;
  const inject = (asked: InjectRequest): InjectDecision => {
    revisionAsked = askedByPolicies(mesh.revisionLabel, object, asked.object);
    injected = revision.inject(asked);
    return injected;
  };
  const byPolicies = destination.policies?.explain(request, decoded.raw, { mesh: mesh.name, inject }) ?? null;
  const decision = byPolicies?.decision ?? inject(full);
  const notes = byPolicies?.notes ?? [];
  const all = [
    ...steps,
    ...policySteps(notes, 'BeforeInjection'),
    ...revisionSteps(destination, revisionAsked),
    ...(injected === null ? [] : injectionSteps(destination, full, injected)),
    ...policySteps(notes, 'AfterInjection'),
  ];
  return { ...told, steps: all, verdict: decisionVerdict(decision, object, all) };
}

function releaseOf(revision: CompiledRevision): ExplainedRelease | null {
  const { release } = revision;
  return release === null ? null : { name: release.name, told: release.told, switches: listSwitches(revision) };
}

function missingPod(): Step {
  const { sentence } = REASONS.POD_MISSING;
  return { rule: 'review', saw: 'request.object', effect: 'deny', code: 'POD_MISSING', says: sentence };
}

// ── before the injector ──

function arrivalSteps({ mesh, revision }: Destination, arrival: Arrival, labels: Labels, namespace: string): Step[] {
  const steps: Step[] = [];
  if (mesh.provider === 'istio' && arrival.webhooks.length > 0) {
    const name = arrival.routing?.sentTo ?? revision.source.name;
    const tags = [...mesh.tags].flatMap(([tag, target]) => (target === name ? [tag] : []));
    const names = [name, ...tags];
    steps.push(
      ...webhookSteps(names, mesh.defaultRevision === name || names.includes('default'), arrival, labels, namespace),
    );
    if (steps.some(({ code }) => code !== undefined)) return steps;
  }
  if (mesh.provider === 'linkerd' && arrival.webhooks.length > 0) {
    const step = linkerdWebhookStep(arrival, labels, namespace);
    steps.push(step);
    if (step.code !== undefined) return steps;
  }
  if (mesh.ignoredNamespaces.length > 0) {
    const ignored = mesh.ignoredNamespaces.includes(namespace);
    steps.push({
      rule: 'meshIgnoredNamespaces',
      saw: `namespace: ${namespace}; ignoredNamespaces of mesh ${mesh.name}: ${mesh.ignoredNamespaces.join(', ')}`,
      ...(ignored ? { effect: 'skip', code: 'NAMESPACE_IGNORED' } : { effect: 'next' }),
      says: `mesh ${mesh.name} ${ignored ? 'ignores' : 'does not ignore'} namespace ${namespace}`,
    });
  }
  return steps;
}

function webhookSteps(
  names: readonly string[],
  isDefault: boolean,
  { namespaceLabels, webhooks }: Arrival,
  labels: Labels,
  namespace: string,
): Step[] {
  if (namespaceLabels === null) {
    const saw = `labels of namespace ${namespace}: not known`;
    return [{ rule: 'webhook', saw, effect: 'next', says: 'whether a webhook sends the pod is not looked at' }];
  }
  const known: Labels = { 'kubernetes.io/metadata.name': namespace, ...namespaceLabels };
  const saw = `labels of namespace ${namespace}: ${listed(namespaceLabels)}; of the pod: ${listed(labels)}`;
  const steps: Step[] = [];
  for (const webhook of istioWebhooks(names, isDefault)) {
    if (!webhooks.includes(webhook.prefix)) continue;
    const { selected, misses } = selects(webhook, known, labels);
    if (selected) return [{ rule: 'webhook', saw, effect: 'next', says: `webhook ${webhook.name} sends the pod` }];
    steps.push({
      rule: 'webhook',
      saw,
      effect: 'next',
      says: `webhook ${webhook.name} does not send the pod: ${misses.join('; ')}`,
    });
  }
  const code = whyNotSent(names, namespaceLabels, labels);
  const says = `no webhook of revision ${names[0]} sends the pod: ${REASONS[code].sentence}`;
  return [...steps, { rule: 'webhook', saw, effect: 'skip', code, says }];
}

function linkerdWebhookStep({ namespaceLabels }: Arrival, labels: Labels, namespace: string): Step {
  const known: Labels = { 'kubernetes.io/metadata.name': namespace, ...namespaceLabels };
  const { selected, misses } = selects(LINKERD_WEBHOOK, known, labels);
  const { name } = LINKERD_WEBHOOK;
  const saw = `namespace ${namespace}${namespaceLabels === null ? ', whose labels are not known' : ''}`;
  if (selected) return { rule: 'webhook', saw, effect: 'next', says: `webhook ${name} sends the pod` };
  const says = `webhook ${name} does not send the pod: ${misses.join('; ')}`;
  return { rule: 'webhook', saw, effect: 'skip', code: 'WEBHOOK_NOT_SELECTED', says };
}

/** The labels that webhooks look at are few; others would hide them. */
const SHOWN_LABELS: ReadonlySet<string> = new Set(['istio-injection', 'istio.io/rev', 'sidecar.istio.io/inject']);

function listed(labels: Labels): string {
  const shown = Object.entries(labels).filter(([key]) => SHOWN_LABELS.has(key));
  return shown.length === 0 ? 'none that select' : shown.map(([key, value]) => `${key}=${value}`).join(', ');
}

// ── the injector ──

function providerSteps({ revision }: Destination, request: InjectRequest, decision: InjectDecision): Step[] {
  const { spec } = revision.source;
  if (spec.provider === 'istio') return explainIstio(compileIstio(spec), spec.injectConfig, request, decision);
  if (spec.provider === 'linkerd') return explainLinkerd(compileLinkerd(spec), request, decision);
  const saw = `the pod and namespace ${request.namespace}`;
  if (decision.kind === 'patched') {
    return [{ rule: 'injection', saw, effect: 'inject', says: 'nothing speaks against injection' }];
  }
  if (decision.kind !== 'skipped') {
    const { code, message } = decision;
    return [{ rule: 'injection', saw, effect: 'deny', ...coded(code), says: message }];
  }
  const reasons = decision.reasons ?? [decision.reason];
  return reasons.map((code) => {
    return { rule: 'injection', saw, effect: 'skip', ...coded(code), says: reasonOf(code)?.sentence ?? code };
  });
}

function coded(code: string): Pick<Step, 'code'> {
  return reasonOf(code) === undefined ? {} : { code: code as ReasonCode };
}

// ── pod policies ──

function policySteps(notes: readonly PolicyNote[], phase: PolicyNote['phase']): Step[] {
  return notes
    .filter((note) => note.phase === phase)
    .map(({ policy, effect, says }) => ({
      rule: 'policy',
      saw: policy,
      says: effect === 'denied' ? says : `${effect}: ${says}`,
      ...(effect === 'denied' ? { effect: 'deny', code: 'POLICY_DENIED' } : { effect: 'next' }),
      ...(effect === 'skips injection' ? { effect: 'skip', code: 'POLICY_SKIPS_INJECTION' } : {}),
    }));
}

/** A policy may send the pod to another revision, which is not the one that is explained. */
function revisionSteps({ mesh, revision }: Destination, asked: string | undefined): Step[] {
  const other = asked === undefined ? undefined : findRevision(mesh, asked);
  if (other === undefined || other.name === revision.source.name) return [];
  const saw = `label ${mesh.revisionLabel}=${asked}, which a policy sets`;
  const says = `revision ${other.name} injects the pod, unless path or namespace name another; what follows is of ${revision.source.name}`;
  return [{ rule: 'revision', saw, effect: 'next', says }];
}

// ── the sentence ──

function decisionVerdict(decision: InjectDecision, object: JsonObject, steps: readonly Step[]): Verdict {
  if (decision.kind === 'patched')
    return { kind: 'injected', code: '', sentence: `injected: ${added(object, decision)}` };
  const code = decision.kind === 'skipped' ? decision.reason : decision.code;
  // Linkerd gives all its reasons.
  const codes: readonly string[] = decision.kind === 'skipped' ? (decision.reasons ?? [code]) : [code];
  const [first, ...more] = steps.filter((each) => each.code !== undefined && codes.includes(each.code));
  if (first !== undefined) {
    const says = [first, ...more].map((each) => each.says).join('; ');
    return { ...verdictOf({ ...first, says }, decision.kind), code };
  }
  const says = decision.kind === 'skipped' ? code : decision.message;
  return { kind: decision.kind, code, sentence: `${OPENINGS[decision.kind]}: ${says}` };
}

const OPENINGS = { skipped: 'not injected', denied: 'denied', failed: 'not answered by injection' } as const;

function verdictOf({ code, says }: Step, kind: keyof typeof OPENINGS): Verdict {
  return { kind, code: code ?? '', sentence: `${OPENINGS[kind]}: ${says}` };
}

const LISTS = { initContainers: 'init containers', containers: 'containers', volumes: 'volumes' } as const;

/** What vcluster has to do with the pod, and unless that decides, what the provider asks of it. */
function injectionSteps(destination: Destination, request: InjectRequest, decision: InjectDecision): readonly Step[] {
  const synced = explainVcluster(destination.revision.source, request, decision);
  const provider = synced?.code === undefined ? providerSteps(destination, request, decision) : [];
  return synced === null ? provider : [synced, ...provider];
}

/** What the pod has more than before. */
function added(object: JsonObject, { patch }: Extract<InjectDecision, { kind: 'patched' }>): string {
  if (patch.length === 0) return 'nothing has to change';
  const before = objectAt(object, 'spec');
  const after = objectAt(applyPatch(object, patch) as JsonObject, 'spec');
  const parts = Object.entries(LISTS).flatMap(([list, words]) => {
    const known = new Set(objectsAt(before, list).map((item) => textAt(item, 'name')));
    const names = objectsAt(after, list).map((item) => textAt(item, 'name'));
    const added = names.filter((name) => !known.has(name));
    return added.length === 0 ? [] : [`${words} ${added.join(', ')}`];
  });
  return parts.length === 0 ? 'containers and volumes stay, other settings change' : `the pod gets ${parts.join('; ')}`;
}
