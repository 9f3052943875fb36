/**
 * Policies around an injection: those before it, the injection, those after it. What all of them make of the pod is one patch, proved
 * by application.
 */
import type { InjectDecision, InjectRequest } from '../inject/provider.ts';
import { REASONS } from '../inject/reason.ts';
import type { ReviewRequest } from '../inject/review.ts';
import { applyPatch } from '../jsonpatch/apply.ts';
import { diff } from '../jsonpatch/diff.ts';
import type { Operation } from '../jsonpatch/operation.ts';
import { provePatch } from '../jsonpatch/prove.ts';
import type { JsonObject } from '../template/value.ts';
import { Budget } from './cel/budget.ts';
import { Conflicts } from './conflicts.ts';
import { type Policy, PolicyFailure } from './policy.ts';
import type { PolicyPhase } from './policy-source.ts';
import type { PolicyRequest } from './request.ts';

/** What one policy did, for explanations. */
export interface PolicyNote {
  readonly policy: string;
  readonly phase: PolicyPhase;
  readonly effect:
    | 'passed over'
    | 'mutated'
    | 'denied'
    | 'warned'
    | 'audited'
    | 'content'
    | 'failed'
    | 'skips injection';
  readonly says: string;
}

export interface PolicyMesh {
  readonly mesh: string;
  readonly inject: (request: InjectRequest) => InjectDecision;
}

/** HTTP status by the reason of a validation, as the apiserver's dispatcher has them. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['Unauthorized', 401],
  ['Forbidden', 403],
  ['RequestEntityTooLarge', 413],
  ['Invalid', 422],
]);

type Denied = Extract<InjectDecision, { kind: 'denied' }>;

export class PolicyRun {
  readonly #policies: readonly Policy[];
  readonly #request: PolicyRequest;
  readonly #review: ReviewRequest;
  readonly #budget = new Budget();
  readonly #warnings: string[] = [];
  readonly #annotations: [string, string][] = [];
  readonly notes: PolicyNote[] = [];
  #pod: JsonObject | null;
  #denied: Denied | null = null;
  #skips: string | null = null;

  /** @param policies those that match the request, in their order */
  constructor(policies: readonly Policy[], request: PolicyRequest, review: ReviewRequest) {
    this.#policies = policies;
    this.#request = request;
    this.#review = review;
    this.#pod = review.object;
  }

  decide(mesh: PolicyMesh | null): InjectDecision {
    const { object } = this.#review;
    if (mesh !== null && object === null) {
      return { kind: 'denied', code: 'POD_MISSING', message: REASONS.POD_MISSING.sentence };
    }
    this.#phase('BeforeInjection');
    const injected = this.#denied ?? this.#inject(mesh);
    if (injected.kind === 'denied' || injected.kind === 'failed') return this.#with(injected);
    if (injected.patch !== undefined && this.#pod !== null && injected.patch.length > 0) {
      this.#pod = applyPatch(this.#pod, injected.patch) as JsonObject;
    }
    const injectedPod = this.#pod;
    this.#phase('AfterInjection');
    if (this.#denied !== null) return this.#with(this.#denied);
    const untouched = this.#pod === injectedPod && (injected.patch === undefined || injected.patch.length > 0);
    return this.#with(untouched && !this.#mutatedBefore ? injected : this.#patched(injected));
  }

  #mutatedBefore = false;

  #inject(mesh: PolicyMesh | null): InjectDecision {
    if (mesh === null || this.#pod === null) return { kind: 'patched', patch: [] };
    if (this.#skips !== null) return { kind: 'skipped', reason: 'POLICY_SKIPS_INJECTION' };
    return mesh.inject({ ...this.#review, object: this.#pod });
  }

  /** The injector's decision with the patch from the pod as it came to the pod as it is now. */
  #patched(injected: Extract<InjectDecision, { kind: 'patched' | 'skipped' }>): InjectDecision {
    const { object } = this.#review;
    if (object === null || this.#pod === null) return injected;
    const patch: readonly Operation[] = diff(object, this.#pod);
    if (!provePatch(object, this.#pod, patch)) {
      return { kind: 'failed', code: 'PATCH_UNPROVED', message: REASONS.PATCH_UNPROVED.sentence };
    }
    return { ...injected, patch };
  }

  #with(decision: InjectDecision): InjectDecision {
    if (decision.kind === 'failed') return decision;
    const warnings = [...(decision.warnings ?? []), ...this.#warnings];
    const annotations = { ...decision.auditAnnotations, ...Object.fromEntries(this.#annotations) };
    return {
      ...decision,
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(Object.keys(annotations).length === 0 ? {} : { auditAnnotations: annotations }),
    };
  }

  /** All mutations of a phase come before its validations, which see the pod as it is to be. */
  #phase(phase: PolicyPhase): void {
    const due = this.#policies.filter((policy) => policy.source.phase === phase);
    const applying = due.filter((policy) => this.#applies(policy));
    const before = this.#pod;
    const conflicts = new Conflicts();
    for (const policy of applying) this.#mutate(policy, conflicts);
    for (const text of conflicts.found) {
      this.#warnings.push(text);
      this.#annotate(`policy-conflict-${this.#annotations.length}`, text);
    }
    if (phase === 'BeforeInjection' && this.#pod !== before) this.#mutatedBefore = true;
    for (const policy of applying) this.#validate(policy);
  }

  #applies(policy: Policy): boolean {
    const activation = policy.activation(this.#request, this.#pod, this.#budget);
    const applies = policy.applies(activation, this.#budget);
    if (applies instanceof PolicyFailure) {
      this.#fail(policy, applies);
      return false;
    }
    if (!applies) this.#note(policy, 'passed over', 'one of its matchConditions is false');
    return applies;
  }

  #mutate(policy: Policy, conflicts: Conflicts): void {
    const pod = this.#pod;
    if (policy.source.skipInjection && policy.source.phase === 'BeforeInjection') {
      this.#skips ??= policy.source.name;
      this.#note(policy, 'skips injection', 'the pod is not injected');
    }
    if (!policy.mutates || pod === null || this.#denied !== null) return;
    const { cluster, params } = this.#review;
    const made = policy.mutate(pod, { request: this.#request, cluster, params });
    if (made instanceof PolicyFailure) {
      this.#fail(policy, made);
      return;
    }
    const changes = made === pod ? [] : diff(pod, made);
    if (changes.length === 0) {
      this.#note(policy, 'content', 'the pod has what the policy would give it');
      return;
    }
    conflicts.add(policy.source.name, changes);
    this.#pod = made;
    this.#note(policy, 'mutated', `changes ${listed(changes.map(({ path }) => path))}`);
  }

  #validate(policy: Policy): void {
    if (this.#denied !== null) return;
    const activation = policy.activation(this.#request, this.#pod, this.#budget);
    const results = policy.validate(activation, this.#budget);
    for (const [index, result] of results.entries()) {
      if (result instanceof PolicyFailure) this.#fail(policy, result);
      else if (result !== null) {
        if (result.actions.includes('Warn')) {
          this.#warnings.push(`Validation failed for ${policy.title}: ${result.message}`);
          this.#note(policy, 'warned', result.message);
        }
        if (result.actions.includes('Audit')) {
          this.#annotate(`${policy.source.name}.validation-failure-${index}`, result.message);
          this.#note(policy, 'audited', result.message);
        }
        if (result.actions.includes('Deny')) {
          this.#deny(policy, 'POLICY_DENIED', result.message, STATUS.get(result.reason));
          this.#note(policy, 'denied', result.message);
        }
      }
    }
    if (results.length > 0 && results.every((result) => result === null)) {
      this.#note(policy, 'content', 'its validations hold');
    }
    for (const made of policy.annotate(activation, this.#budget)) {
      if (made instanceof PolicyFailure) this.#fail(policy, made);
      else this.#annotate(`${policy.source.name}.${made[0]}`, made[1]);
    }
  }

  /** What the policy's failurePolicy says to an error: the pod is denied, or the policy passed over. */
  #fail(policy: Policy, { message, limit }: PolicyFailure): void {
    this.#note(policy, 'failed', message);
    if (policy.source.failurePolicy === 'Ignore') return;
    this.#deny(policy, limit ? 'POLICY_LIMIT' : 'POLICY_FAILED', message, undefined);
  }

  #deny(
    policy: Policy,
    code: 'POLICY_DENIED' | 'POLICY_FAILED' | 'POLICY_LIMIT',
    message: string,
    status?: number,
  ): void {
    // The first word counts, as with the apiserver.
    this.#denied ??= {
      kind: 'denied',
      code,
      message: `${policy.title} denied request: ${message}`,
      ...(status === undefined ? {} : { status }),
    };
  }

  #annotate(key: string, value: string): void {
    if (this.#annotations.length < MAX_ANNOTATIONS) this.#annotations.push([key, value]);
  }

  #note(policy: Policy, effect: PolicyNote['effect'], says: string): void {
    this.notes.push({ policy: policy.title, phase: policy.source.phase, effect, says });
  }
}

/** Audit annotations of one answer. */
const MAX_ANNOTATIONS = 64;
const MAX_LISTED = 5;

function listed(paths: readonly string[]): string {
  const more = paths.length - MAX_LISTED;
  return `${paths.slice(0, MAX_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
