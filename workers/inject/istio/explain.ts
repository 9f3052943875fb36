/**
 * The steps of Istio's injector for one request. They come from the functions that inject: `whySkipped` tells its rules as it asks
 * them, annotations go through the revision's own checks, templates through the same choice; what became of the request in the end
 * is the decision that the injector made of it.
 */
import { compileLabelSelector } from '../../kube/label-selector.ts';
import { normalizePod, TypedPodError } from '../../kube/typed-pod.ts';
import type { ClusterContext } from '../../protocol.ts';
import type { JsonValue } from '../../template/value.ts';
import { parseYaml } from '../../yaml/parse.ts';
import type { Step } from '../explanation.ts';
import type { InjectDecision, InjectRequest } from '../provider.ts';
import { Denial, type DenyCode, REASONS, type ReasonCode, reasonOf, type SkipCode } from '../reason.ts';
import { type DecisionRule, whySkipped } from './decide.ts';
import { INJECT, STATUS, TEMPLATES } from './names.ts';
import { useNativeSidecars } from './native-sidecars.ts';
import { type Pod, type StringMap, stringAt } from './pod.ts';
import type { IstioRevision } from './revision.ts';
import { selectTemplates } from './select-templates.ts';
import { decodeStatus } from './status.ts';

/** Shown of a value that a user wrote. */
const MAX_SHOWN = 200;

/**
 * The steps to a decision, the one that decides last. `injectConfig`: the text that the revision was compiled from, to quote its
 * selectors. `decision`: what the revision's injector made of the request.
 */
export function explainIstio(
  revision: IstioRevision,
  injectConfig: string,
  request: InjectRequest,
  decision: InjectDecision,
): Step[] {
  const steps: Step[] = [];
  const pod = typedPod(request, steps);
  if (pod !== null) {
    new Explainer(revision, injectConfig, request, pod, steps).explain(decision);
  }
  const last = steps.at(-1);
  const code = codeOf(decision);
  if (code !== null && last?.code !== code) steps.push(outcomeStep(decision, code));
  return steps;
}

function codeOf(decision: InjectDecision): ReasonCode | null {
  const code = decision.kind === 'patched' ? '' : decision.kind === 'skipped' ? decision.reason : decision.code;
  return reasonOf(code) === undefined ? null : (code as ReasonCode);
}

/** Where no rule of its own tells the decision: rendering, merging, and what follows. */
function outcomeStep(decision: InjectDecision, code: ReasonCode): Step {
  const message = decision.kind === 'denied' || decision.kind === 'failed' ? decision.message : REASONS[code].sentence;
  return { rule: 'injection', saw: 'the pod and the templates', ...ending(code), says: message };
}

function ending(code: ReasonCode): Pick<Step, 'effect' | 'code'> {
  return { effect: REASONS[code].kind === 'skipped' ? 'skip' : 'deny', code };
}

function typedPod(request: InjectRequest, steps: Step[]): Pod | null {
  try {
    return normalizePod(request.object) as Pod;
  } catch (error) {
    if (!(error instanceof TypedPodError)) throw error;
    const says = `${REASONS.POD_MALFORMED.sentence}: ${error.message}`;
    steps.push({
      rule: 'podType',
      saw: `${error.path === '' ? 'the object' : error.path}`,
      ...ending('POD_MALFORMED'),
      says,
    });
    return null;
  }
}

function quoted(value: string): string {
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}

type Effect = 'next' | 'inject' | SkipCode;

class Explainer {
  readonly #revision: IstioRevision;
  readonly #injectConfig: string;
  readonly #request: InjectRequest;
  readonly #pod: Pod;
  readonly #steps: Step[];

  constructor(revision: IstioRevision, injectConfig: string, request: InjectRequest, pod: Pod, steps: Step[]) {
    this.#revision = revision;
    this.#injectConfig = injectConfig;
    this.#request = request;
    this.#pod = pod;
    this.#steps = steps;
  }

  explain(decision: InjectDecision): void {
    const { metadata, spec } = this.#pod;
    const namespace = metadata.namespace ?? this.#request.namespace;
    const { selection, features } = this.#revision;
    const skipped = whySkipped(spec, metadata, namespace, selection, features, (rule, saw, effect) =>
      this.#steps.push(this.#ruleStep(rule, saw, effect)),
    );
    if (skipped !== null) return;
    if (!this.#earlierInjection(decision)) return;
    if (!this.#annotations()) return;
    this.#nativeSidecars(this.#request.cluster);
    this.#templates();
  }

  #next(rule: string, saw: string, says: string): void {
    this.#steps.push({ rule, saw, effect: 'next', says });
  }

  #ends(rule: string, saw: string, code: ReasonCode, says: string): false {
    this.#steps.push({ rule, saw, ...ending(code), says });
    return false;
  }

  #ruleStep(rule: DecisionRule, saw: string | boolean | number | undefined, effect: Effect): Step {
    const told = this.#tell(rule, saw, effect);
    if (effect === 'next' || effect === 'inject') return { rule, effect, ...told };
    return { rule, ...ending(effect), ...told };
  }

  #tell(rule: DecisionRule, saw: string | boolean | number | undefined, effect: Effect): Pick<Step, 'saw' | 'says'> {
    switch (rule) {
      case 'hostNetwork':
        return {
          saw: saw === undefined ? 'spec.hostNetwork is not set' : `spec.hostNetwork: ${saw}`,
          says: effect === 'next' ? 'the pod does not use the host network' : REASONS.HOST_NETWORK.sentence,
        };
      case 'ignoredNamespace':
        return {
          saw: `namespace: ${saw}`,
          says:
            effect === 'next'
              ? `namespace ${saw} is not one of the cluster's own`
              : `namespace ${saw} is always ignored`,
        };
      case 'injectLabel':
        return this.#tellInject(effect);
      case 'neverInjectSelector':
      case 'alwaysInjectSelector':
        return this.#tellSelector(rule, typeof saw === 'number' ? saw : undefined, effect);
      case 'policy':
        return { saw: `policy: ${quoted(String(saw))}`, says: policySays(effect) };
    }
  }

  #tellInject(effect: Effect): Pick<Step, 'saw' | 'says'> {
    const { labels, annotations } = this.#pod.metadata;
    const label = stringAt(labels, INJECT);
    const value = label ?? stringAt(annotations, INJECT);
    if (value === undefined) return { saw: `no label or annotation ${INJECT}`, says: 'the pod itself does not decide' };
    const saw = `${label === undefined ? 'annotation' : 'label'} ${INJECT}: ${quoted(value)}`;
    if (effect === 'inject') return { saw, says: 'the pod asks for injection' };
    if (effect !== 'next') return { saw, says: REASONS[effect].sentence };
    const undecided =
      value === 'true' ? 'the pod asks for injection, if the policy allows any' : 'the value does not decide';
    return { saw, says: value === '' ? 'the value is empty, so that it does not decide' : undecided };
  }

  #tellSelector(
    rule: 'neverInjectSelector' | 'alwaysInjectSelector',
    index: number | undefined,
    effect: Effect,
  ): Pick<Step, 'saw' | 'says'> {
    const { selection } = this.#revision;
    const count = (rule === 'neverInjectSelector' ? selection.neverInject : selection.alwaysInject).length;
    const selectors = effectiveSelectors(this.#injectConfig, rule, count);
    const saw = `${rule}: ${selectors.length === 0 ? 'none' : selectors.map((selector) => JSON.stringify(selector)).join(', ')}`;
    if (index === undefined) {
      return { saw, says: selectors.length === 0 ? 'there is no such selector' : "none matches the pod's labels" };
    }
    const says = `${rule} ${JSON.stringify(selectors[index] ?? {})} matches the pod's labels`;
    return { saw, says: effect === 'next' ? `${says}, if the policy allows any injection` : says };
  }

  /** What an injector did to the pod before. */
  #earlierInjection(decision: InjectDecision): boolean {
    const { annotations } = this.#pod.metadata;
    const value = stringAt(annotations, STATUS);
    if (value === undefined) {
      this.#next('earlierInjection', `no annotation ${STATUS}`, 'no injector was here before');
      return true;
    }
    const saw = `annotation ${STATUS}: ${quoted(value)}`;
    try {
      const { revision = '' } = decodeStatus(annotations) ?? {};
      if (decision.kind === 'skipped' && decision.reason === 'ALREADY_INJECTED') {
        return this.#ends('earlierInjection', saw, 'ALREADY_INJECTED', REASONS.ALREADY_INJECTED.sentence);
      }
      this.#next(
        'earlierInjection',
        saw,
        `revision ${quoted(revision)} was here before, and the pod changes all the same`,
      );
      return true;
    } catch (error) {
      if (!(error instanceof Denial)) throw error;
      return this.#ends('earlierInjection', saw, error.code, error.message);
    }
  }

  #annotations(): boolean {
    const annotations: StringMap = this.#pod.metadata.annotations ?? {};
    const present = Object.keys(annotations)
      .filter((name) => this.#revision.annotationChecks.has(name))
      .sort();
    const wrong = present.flatMap((name) => {
      const value = annotations[name] ?? '';
      const problem = this.#revision.annotationChecks.get(name)?.(value);
      return problem === undefined ? [] : [`${name}: ${quoted(value)}: ${problem}`];
    });
    const saw = present.length === 0 ? 'no annotation that is checked' : `annotations ${present.join(', ')}`;
    const code: DenyCode = 'ANNOTATION_INVALID';
    if (wrong.length > 0) return this.#ends('annotations', saw, code, `${REASONS[code].sentence}: ${wrong.join('; ')}`);
    this.#next('annotations', saw, present.length === 0 ? 'there is nothing to check' : 'their values are valid');
    return true;
  }

  #nativeSidecars(cluster: ClusterContext): void {
    const { nativeSidecars: mode } = this.#revision;
    const { nodeName } = this.#pod.spec;
    const versions = [...new Set(cluster.nodes.map(({ kubeletVersion }) => kubeletVersion))].sort();
    const nodes = cluster.nodesKnown ? `kubelets ${versions.join(', ')}` : 'the nodes are not known';
    const saw = `nativeSidecars: ${mode}${mode === 'Auto' ? `; ${nodes}${nodeName ? `; node ${nodeName}` : ''}` : ''}`;
    const native = useNativeSidecars(mode, cluster, nodeName);
    this.#next(
      'nativeSidecars',
      saw,
      native ? 'templates may make the proxy a native sidecar' : 'the proxy is no native sidecar',
    );
  }

  #templates(): void {
    const { annotations } = this.#pod.metadata;
    const { choice, overlays } = this.#revision;
    const own = stringAt(annotations, TEMPLATES);
    const names = selectTemplates(annotations, choice);
    const saw = own === undefined ? `no annotation ${TEMPLATES}` : `annotation ${TEMPLATES}: ${quoted(own)}`;
    const unknown = names.find((name) => !overlays.has(name));
    if (unknown !== undefined) {
      const known = [...overlays.keys()].sort().join(', ');
      const says = `${REASONS.TEMPLATE_UNKNOWN.sentence}: ${quoted(unknown)}; there are ${known}`;
      this.#ends('templates', saw, 'TEMPLATE_UNKNOWN', says);
      return;
    }
    this.#next(
      'templates',
      saw,
      `${own === undefined ? 'the default templates apply' : 'these apply'}: ${names.join(', ')}`,
    );
  }
}

function policySays(effect: Effect): string {
  if (effect === 'inject') return 'the policy is to inject';
  return effect === 'next' ? 'the policy does not decide' : REASONS[effect].sentence;
}

/** The selectors that count, as they are written: those that are empty or wrong are ignored. `count`: how many there are. */
function effectiveSelectors(injectConfig: string, member: string, count: number): JsonValue[] {
  const config = parseYaml(injectConfig);
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return [];
  const key = Object.keys(config).findLast((name) => name.toLowerCase() === member.toLowerCase());
  const written = key === undefined ? null : config[key];
  const selectors = (Array.isArray(written) ? written : []).filter((selector) => {
    const compiled = compileLabelSelector(selector);
    return selector !== null && compiled.ok && !compiled.empty;
  });
  // Values that are no text are read as text by the injector; such selectors are told by their number.
  return selectors.length === count ? selectors : Array.from({ length: count }, (_, index) => `number ${index + 1}`);
}
