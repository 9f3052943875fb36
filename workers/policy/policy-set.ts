/** The pod policies of a snapshot, compiled, and found by the labels that they ask for. */
import type { ReviewPolicies } from '../inject/inject.ts';
import { CompileError, type CompileProblem, type InjectDecision } from '../inject/provider.ts';
import type { ReviewRequest } from '../inject/review.ts';
import type { JsonObject } from '../template/value.ts';
import { createEnvironment } from './cel/environment.ts';
import { type RequiredLabel, requiredLabel } from './match.ts';
import { Policy } from './policy.ts';
import type { PolicySetSource } from './policy-source.ts';
import { PolicyProblems } from './problem.ts';
import { labelsIn, type PolicyRequest, policyRequest } from './request.ts';
import { type PolicyMesh, type PolicyNote, PolicyRun } from './run.ts';
import { findStaticConflicts } from './static-conflicts.ts';

export class CompiledPolicies {
  readonly source: PolicySetSource;
  readonly warnings: readonly CompileProblem[];
  /** In their order. */
  readonly #active: readonly Policy[];
  readonly #byLabel = new Map<string, number[]>();
  /** Those that ask for no label. */
  readonly #anyLabels: readonly number[];

  /** Throws CompileError with all problems of all policies. */
  constructor(source: PolicySetSource) {
    this.source = source;
    const environment = createEnvironment();
    const problems = new PolicyProblems();
    const all = source.policies.map((each, index) => {
      problems.begin(index);
      return new Policy(each, environment, problems);
    });
    if (problems.all.length > 0) throw new CompileError(problems.all);
    findStaticConflicts(source.policies, problems);
    this.warnings = problems.all;
    this.#active = all.filter((policy) => !policy.source.suspend).sort(byOrder);
    const anyLabels: number[] = [];
    for (const [index, { source: each }] of this.#active.entries()) {
      const label = each.match.map(requiredLabel).find((found) => found !== null);
      if (label === undefined || label === null) anyLabels.push(index);
      else this.#keep(label, index);
    }
    this.#anyLabels = anyLabels;
  }

  /** All of them, or the one of a name; a name that there is not finds none. */
  forName(name: string | undefined): ReviewPolicies {
    return {
      answer: (review, raw, mesh) => this.explain(review, raw, mesh, name)?.decision ?? null,
      mayConcern: (review, raw) => this.#active.length > 0 && this.#candidates(raw, review).length > 0,
    };
  }

  hasName(name: string): boolean {
    return this.#active.some(({ source }) => source.name === name);
  }

  /** The decision and how it came about; null when no policy matches. */
  explain(
    review: ReviewRequest,
    raw: JsonObject,
    mesh: PolicyMesh | null,
    name?: string,
  ): { readonly decision: InjectDecision; readonly notes: readonly PolicyNote[] } | null {
    if (this.#active.length === 0) return null;
    // Most requests are no policy's business: nothing is made for them.
    const candidates = this.#candidates(raw, review);
    if (candidates.length === 0) return null;
    const request = policyRequest(raw, mesh?.mesh ?? '', review.cluster);
    const matching = this.#matching(candidates, request, name);
    if (matching.length === 0) return null;
    const run = new PolicyRun(matching, request, review);
    return { decision: run.decide(mesh), notes: run.notes };
  }

  #keep({ of, key, values }: RequiredLabel, index: number): void {
    for (const value of values) {
      const place = placeOf(of, key, value);
      const there = this.#byLabel.get(place);
      if (there === undefined) this.#byLabel.set(place, [index]);
      else there.push(index);
    }
  }

  /** Policies that may match: those that ask for no label, and those that ask for one that is there. */
  #candidates(raw: JsonObject, { cluster, namespace }: ReviewRequest): readonly number[] {
    if (this.#byLabel.size === 0) return this.#anyLabels;
    const found = [...this.#anyLabels];
    this.#collect('object', labelsIn(raw, 'object'), found);
    this.#collect('object', labelsIn(raw, 'oldObject'), found);
    if (cluster.namespace !== null) this.#collect('namespace', cluster.namespace.labels, found);
    this.#collect('namespace', { 'kubernetes.io/metadata.name': namespace }, found);
    return found;
  }

  #matching(candidates: readonly number[], request: PolicyRequest, name: string | undefined): readonly Policy[] {
    const inOrder = candidates.length === 1 ? candidates : [...new Set(candidates)].sort((a, b) => a - b);
    const matching: Policy[] = [];
    for (const index of inOrder) {
      const policy = this.#active[index] as Policy;
      if ((name === undefined || policy.source.name === name) && policy.matches(request)) matching.push(policy);
    }
    return matching;
  }

  #collect(of: RequiredLabel['of'], labels: Readonly<Record<string, unknown>>, into: number[]): void {
    for (const key of Object.keys(labels)) {
      const found = this.#byLabel.get(placeOf(of, key, String(labels[key])));
      if (found !== undefined) into.push(...found);
    }
  }
}

function placeOf(of: RequiredLabel['of'], key: string, value: string): string {
  return `${of}\u0000${key}\u0000${value}`;
}

/** By priority, then name, then binding. */
function byOrder({ source: a }: Policy, { source: b }: Policy): number {
  return a.priority - b.priority || compareText(a.name, b.name) || compareText(a.binding ?? '', b.binding ?? '');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
