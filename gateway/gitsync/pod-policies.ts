/** From PodPolicies and ValidatingAdmissionPolicies with their bindings to what a worker compiles, and back from its problems to places. */
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type {
  MatchSource,
  MutationSource,
  PolicySetSource,
  PolicySource,
  ResourceRule,
  ValidationAction,
} from '../../workers/policy/policy-source.ts';
import type { Problem } from '../snapshot.ts';
import { digestOf } from './canonical-json.ts';
import type { MatchResourcesSpec, ScopedRule } from './kinds.ts';
import { suggestion } from './nearest.ts';
import { fieldProblem, type PolicyDocument } from './policy-file.ts';
import type { Placed, PolicySet } from './policy-set.ts';
import { type Position, problem } from './problem.ts';
import { type References, type ResolvedText, withinScalar } from './references.ts';
import type { FieldPath } from './yaml-document.ts';

export interface ResolvedPolicies {
  /** Null when there are none. */
  readonly source: PolicySetSource | null;
  readonly problems: readonly Problem[];
  /** A compiler's problem, where its field stands in the source. */
  readonly place: (found: CompileProblem) => Problem;
}

interface Origin {
  readonly source: PolicySource;
  /** The field of a document that a path of the source came from. */
  readonly locate: (path: FieldPath) => {
    readonly placed: { file: string; document: PolicyDocument };
    readonly path: FieldPath;
  };
  /** Texts from files, by the index of their mutation. */
  readonly texts: ReadonlyMap<number, ResolvedText>;
}

export function resolvePolicies(set: PolicySet, references: References, prefix: string): ResolvedPolicies {
  const problems: Problem[] = [];
  const origins: Origin[] = [];
  for (const placed of set.podPolicies.values()) origins.push(podPolicy(placed, references, problems));
  for (const binding of set.admissionBindings.values()) {
    const origin = boundPolicy(set, binding, prefix, problems);
    if (origin !== null) origins.push(origin);
  }
  const bound = new Set(Array.from(set.admissionBindings.values(), ({ document }) => document.spec.policyName));
  for (const placed of set.admissionPolicies.values()) {
    const isSupported = checkAdmissionPolicy(placed, prefix, problems);
    if (bound.has(placed.document.name)) continue;
    if (set.complete) problems.push(unboundProblem(placed, prefix));
    if (isSupported) origins.push(unboundPolicy(placed));
  }
  const policies = origins.map(({ source }) => source);
  const source = policies.length === 0 ? null : { digest: digestOf({ policies }), policies };
  return { source, problems, place: (found) => placeProblem(origins, found, prefix) };
}

const POD_RULE = { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };

function podPolicy(placed: Placed<'PodPolicy'>, references: References, problems: Problem[]): Origin {
  const { file, document } = placed;
  const { spec } = document;
  const texts = new Map<number, ResolvedText>();
  const mutations = (spec.mutations ?? []).map(({ jsonPatch, merge, template }, index): MutationSource => {
    if (jsonPatch !== undefined) return { type: 'jsonPatch', operations: jsonPatch };
    if (merge !== undefined) return { type: 'merge', overlay: merge };
    const site = { file, document, path: ['spec', 'mutations', index, 'template'] };
    const { resolved, problems: found } = references.resolve(site, template ?? {});
    problems.push(...found);
    if (resolved !== null) texts.set(index, resolved);
    return { type: 'template', text: resolved?.text ?? '' };
  });
  const { namespaceSelector, objectSelector, operations = ['CREATE'], meshes, matchConditions = [] } = spec.match ?? {};
  const match: MatchSource = {
    resourceRules: [{ ...POD_RULE, operations }],
    excludeResourceRules: [],
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(objectSelector === undefined ? {} : { objectSelector }),
  };
  const source: PolicySource = {
    kind: 'PodPolicy',
    name: document.name,
    suspend: spec.suspend ?? false,
    priority: spec.priority ?? 0,
    phase: spec.phase ?? 'AfterInjection',
    ...(meshes === undefined ? {} : { meshes }),
    match: [match],
    matchConditions,
    variables: spec.variables ?? [],
    mutations,
    validations: (spec.validations ?? []).map(({ action = 'Deny', ...each }) => ({ ...each, actions: [action] })),
    auditAnnotations: spec.auditAnnotations ?? [],
    skipInjection: spec.skipInjection ?? false,
    failurePolicy: spec.failurePolicy ?? 'Fail',
  };
  return { source, texts, locate: (path) => ({ placed, path: ['spec', ...podPolicyPath(path)] }) };
}

const MUTATION_FIELDS: Readonly<Record<string, string>> = {
  operations: 'jsonPatch',
  overlay: 'merge',
  text: 'template',
};

function podPolicyPath(path: FieldPath): FieldPath {
  const [first, index, field, ...rest] = path;
  if (first === 'match') return field === undefined ? ['match'] : ['match', field, ...rest];
  if (first === 'matchConditions') return ['match', ...path];
  if (first !== 'mutations' || index === undefined || field === undefined) return path;
  return ['mutations', index, MUTATION_FIELDS[String(field)] ?? field, ...rest];
}

/** A binding with its policy; null, and a problem, where it has none. */
function boundPolicy(
  set: PolicySet,
  binding: Placed<'ValidatingAdmissionPolicyBinding'>,
  prefix: string,
  problems: Problem[],
): Origin | null {
  const { policyName, matchResources, validationActions, paramRef } = binding.document.spec;
  const at = (code: 'POLICY_UNDEFINED' | 'POLICY_UNSUPPORTED', path: FieldPath, message: string) => {
    problems.push(fieldProblem(code, prefix + binding.file, binding.document, path, message));
  };
  if (paramRef !== undefined) at('POLICY_UNSUPPORTED', ['spec', 'paramRef'], PARAMS_UNSUPPORTED);
  const policy = set.admissionPolicies.get(policyName);
  if (policy === undefined) {
    const broken = !set.complete || set.broken.has(`ValidatingAdmissionPolicy/${policyName}`);
    const why = suggestion(policyName, set.admissionPolicies.keys());
    if (!broken)
      at('POLICY_UNDEFINED', ['spec', 'policyName'], `there is no policy ${JSON.stringify(policyName)}${why}`);
    return null;
  }
  const match = [matchSource(policy.document.spec.matchConstraints), matchSource(matchResources)];
  const source = admissionSource(policy, match, { binding: binding.document.name, actions: validationActions });
  const locate: Origin['locate'] = (path) => {
    const [first, index, ...rest] = path;
    if (first !== 'match') return { placed: policy, path: ['spec', ...path] };
    if (index === 0) return { placed: policy, path: ['spec', 'matchConstraints', ...rest] };
    return { placed: binding, path: ['spec', 'matchResources', ...rest] };
  };
  return { source, locate, texts: new Map() };
}

/** Compiled, so that its author is told what is wrong with it, and asked of nothing. */
function unboundPolicy(policy: Placed<'ValidatingAdmissionPolicy'>): Origin {
  const source = admissionSource(policy, [matchSource(policy.document.spec.matchConstraints)], null);
  const locate: Origin['locate'] = (path) => {
    const own = path[0] === 'match' ? ['matchConstraints', ...path.slice(2)] : path;
    return { placed: policy, path: ['spec', ...own] };
  };
  return { source, locate, texts: new Map() };
}

function admissionSource(
  { document: { spec, name } }: Placed<'ValidatingAdmissionPolicy'>,
  match: readonly MatchSource[],
  bound: { readonly binding: string; readonly actions: readonly ValidationAction[] } | null,
): PolicySource {
  const actions = bound?.actions ?? [];
  return {
    kind: 'ValidatingAdmissionPolicy',
    name,
    ...(bound === null ? {} : { binding: bound.binding }),
    suspend: bound === null,
    priority: 0,
    phase: 'AfterInjection',
    match,
    matchConditions: spec.matchConditions ?? [],
    variables: spec.variables ?? [],
    mutations: [],
    validations: (spec.validations ?? []).map((each) => ({ ...each, actions })),
    auditAnnotations: spec.auditAnnotations ?? [],
    skipInjection: false,
    failurePolicy: spec.failurePolicy ?? 'Fail',
  };
}

function matchSource(spec: MatchResourcesSpec = {}): MatchSource {
  const { namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = spec;
  return {
    resourceRules: resourceRules.map(withinScope),
    excludeResourceRules: excludeResourceRules.map(withinScope),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(objectSelector === undefined ? {} : { objectSelector }),
  };
}

/** Pods are namespaced: a rule for resources of the cluster is for none of them, and still a rule. */
function withinScope({ scope, ...rule }: ScopedRule): ResourceRule {
  return scope === 'Cluster' ? { ...rule, operations: [] } : rule;
}

const PARAMS_UNSUPPORTED =
  'parameters are resources of a cluster, which a review does not hold: write their values into the policy';
const AUTHORIZER_UNSUPPORTED = 'authorizer asks the cluster for permissions, which a review does not hold';
/** The variable, and neither a member of that name nor a text that has it. */
const AUTHORIZER = /(?<![.\w]|\.\?)authorizer\b/;
const QUOTED = /[rRbB]*(?:'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")/g;

function asksAuthorizer(expression: string): boolean {
  return AUTHORIZER.test(expression.replace(QUOTED, '""'));
}

/** Whether all that it asks for is there. */
function checkAdmissionPolicy(
  { file, document }: Placed<'ValidatingAdmissionPolicy'>,
  prefix: string,
  problems: Problem[],
): boolean {
  const { spec } = document;
  let isSupported = true;
  const unsupported = (path: FieldPath, message: string) => {
    isSupported = false;
    problems.push(fieldProblem('POLICY_UNSUPPORTED', prefix + file, document, path, message));
  };
  if (spec.paramKind !== undefined) unsupported(['spec', 'paramKind'], PARAMS_UNSUPPORTED);
  for (const field of ['matchConditions', 'variables', 'validations'] as const) {
    for (const [index, { expression }] of (spec[field] ?? []).entries()) {
      if (asksAuthorizer(expression)) unsupported(['spec', field, index, 'expression'], AUTHORIZER_UNSUPPORTED);
    }
  }
  for (const [index, { valueExpression }] of (spec.auditAnnotations ?? []).entries()) {
    if (!asksAuthorizer(valueExpression)) continue;
    unsupported(['spec', 'auditAnnotations', index, 'valueExpression'], AUTHORIZER_UNSUPPORTED);
  }
  return isSupported;
}

function unboundProblem({ file, document }: Placed<'ValidatingAdmissionPolicy'>, prefix: string): Problem {
  const position = document.source.locate(['metadata', 'name']);
  const message = `policy ${document.name} has no ValidatingAdmissionPolicyBinding and does nothing`;
  return { ...problem('POLICY_UNBOUND', prefix + file, message, position), severity: 'warning' };
}

function placeProblem(origins: readonly Origin[], found: CompileProblem, prefix: string): Problem {
  const base = { code: found.code, severity: found.severity ?? 'error' } as const;
  const parsed: unknown = found.field === '' ? null : JSON.parse(found.field);
  const [index, ...path] = Array.isArray(parsed) ? (parsed as [number, ...FieldPath]) : [-1];
  const origin = origins[index];
  if (origin === undefined) return { ...base, message: found.message, file: '' };
  const { placed, path: field } = origin.locate(path);
  const message = `${origin.source.kind} ${origin.source.name}: ${found.message}`;
  const within: Position | null = found.line === undefined ? null : { line: found.line, column: found.column ?? 1 };
  const [first, mutation] = path;
  const text = first === 'mutations' && typeof mutation === 'number' ? origin.texts.get(mutation) : undefined;
  if (text !== undefined) return { ...base, message, file: text.file, ...text.place(within) };
  const { source } = placed.document;
  const position = within === null ? source.locate(field) : withinScalar(source.locateText(field), within);
  return { ...base, message, file: prefix + placed.file, ...position };
}
