/** Whether a policy is for a request: rules of resources and selectors of labels, as the apiserver matches admission policies. */
import { compileLabelSelector } from '../kube/label-selector.ts';
import type { JsonObject } from '../template/value.ts';
import type { MatchSource, ResourceRule } from './policy-source.ts';
import type { PolicyRequest } from './request.ts';

export type Matches = (request: PolicyRequest) => boolean;

export interface MatchProblem {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/** The first problem of a selector is pushed to `problems`. */
export function compileMatch(source: MatchSource, problems: MatchProblem[]): Matches {
  const byNamespace = compileSelector(source.namespaceSelector, 'namespaceSelector', problems);
  const byObject = compileSelector(source.objectSelector, 'objectSelector', problems);
  const { resourceRules, excludeResourceRules } = source;
  return (request) => {
    if (resourceRules.length > 0 && !resourceRules.some((rule) => ruleMatches(rule, request))) return false;
    if (excludeResourceRules.some((rule) => ruleMatches(rule, request))) return false;
    if (byNamespace !== null && !byNamespace(request.namespaceLabels)) return false;
    return byObject === null || byObject(request.labels) || (request.oldLabels !== null && byObject(request.oldLabels));
  };
}

type SelectsLabels = (labels: JsonObject) => boolean;

/** Null for a selector that selects everything. */
function compileSelector(
  selector: JsonObject | undefined,
  field: 'namespaceSelector' | 'objectSelector',
  problems: MatchProblem[],
): SelectsLabels | null {
  if (selector === undefined) return null;
  const compiled = compileLabelSelector(selector);
  if (compiled.ok) return compiled.empty ? null : compiled.matches;
  problems.push({ message: compiled.error.message, path: [field, ...compiled.error.path] });
  return null;
}

function ruleMatches(rule: ResourceRule, { operation, resource, subResource, name }: PolicyRequest): boolean {
  if (!has(rule.operations, operation)) return false;
  if (!has(rule.apiGroups, resource.group) || !has(rule.apiVersions, resource.version)) return false;
  const names = rule.resourceNames ?? [];
  if (names.length > 0 && !names.includes(name)) return false;
  return rule.resources.some((each) => {
    const [wanted = '', wantedSub = ''] = each.split('/');
    return (wanted === '*' || wanted === resource.resource) && (wantedSub === '*' || wantedSub === subResource);
  });
}

function has(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(value);
}

/** A label that a request must have for a policy to match, by which policies are found. */
export interface RequiredLabel {
  readonly of: 'namespace' | 'object';
  readonly key: string;
  readonly values: readonly string[];
}

/** The label that a match asks for with given values, if it asks for any. */
export function requiredLabel({ namespaceSelector, objectSelector }: MatchSource): RequiredLabel | null {
  return labelOf('object', objectSelector) ?? labelOf('namespace', namespaceSelector);
}

function labelOf(of: RequiredLabel['of'], selector: JsonObject | undefined): RequiredLabel | null {
  const matchLabels = selector?.['matchLabels'];
  if (typeof matchLabels === 'object' && matchLabels !== null && !Array.isArray(matchLabels)) {
    for (const [key, value] of Object.entries(matchLabels)) {
      if (typeof value === 'string') return { of, key, values: [value] };
    }
  }
  const expressions = selector?.['matchExpressions'];
  for (const each of Array.isArray(expressions) ? expressions : []) {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) continue;
    const { key, operator, values } = each;
    if (operator !== 'In' || typeof key !== 'string' || !Array.isArray(values)) continue;
    return { of, key, values: values.filter((value) => typeof value === 'string') };
  }
  return null;
}
