/**
 * Label selectors as LabelSelectorAsSelector and Selector.Matches of k8s.io/apimachinery v0.35.4 have them: compiled once,
 * matched often.
 */

export type LabelSelectorErrorCode = 'SELECTOR_SHAPE' | 'SELECTOR_OPERATOR' | 'SELECTOR_KEY' | 'SELECTOR_VALUES';

export interface LabelSelectorError {
  readonly code: LabelSelectorErrorCode;
  readonly message: string;
  /** Where in the selector, e.g. `['matchExpressions', 0, 'key']`. */
  readonly path: readonly (string | number)[];
}

export type CompiledLabelSelector =
  | {
      readonly ok: true;
      /** Whether labels (own members only) satisfy every requirement. */
      readonly matches: (labels: Readonly<Record<string, unknown>>) => boolean;
      /** The selector has no requirement and matches everything; false for a missing selector, which matches nothing. */
      readonly empty: boolean;
    }
  | { readonly ok: false; readonly error: LabelSelectorError };

type Requirement = (labels: Readonly<Record<string, unknown>>) => boolean;

const MAX_NAME_LENGTH = 63;
const MAX_PREFIX_LENGTH = 253;
const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Compiles `{matchLabels, matchExpressions}`. Null and undefined match nothing, an object without requirements matches
 * everything. Never throws: a selector that the apiserver would refuse is reported with its first problem.
 */
export function compileLabelSelector(selector: unknown): CompiledLabelSelector {
  if (selector === null || selector === undefined) return { ok: true, matches: () => false, empty: false };
  const requirements: Requirement[] = [];
  const error = readSelector(selector, requirements);
  if (error !== null) return { ok: false, error };
  const [first, second] = requirements;
  if (first === undefined) return { ok: true, matches: () => true, empty: true };
  const matches =
    second === undefined
      ? first
      : (labels: Readonly<Record<string, unknown>>) => requirements.every((requirement) => requirement(labels));
  return { ok: true, matches, empty: false };
}

function readSelector(selector: unknown, requirements: Requirement[]): LabelSelectorError | null {
  if (!isRecord(selector)) return failure('SELECTOR_SHAPE', 'a label selector is an object', []);
  return (
    readMatchLabels(member(selector, 'matchLabels'), requirements) ??
    readExpressions(member(selector, 'matchExpressions'), requirements)
  );
}

function readMatchLabels(matchLabels: unknown, requirements: Requirement[]): LabelSelectorError | null {
  if (matchLabels === null || matchLabels === undefined) return null;
  if (!isRecord(matchLabels)) return failure('SELECTOR_SHAPE', 'matchLabels is an object of strings', ['matchLabels']);
  for (const key of Object.keys(matchLabels)) {
    // Go decodes a null member of a map of strings as the empty string.
    const value = matchLabels[key] ?? '';
    const path = ['matchLabels', key];
    if (typeof value !== 'string') return failure('SELECTOR_SHAPE', 'a label value is a string', path);
    const problem = keyProblem(key) ?? valueProblem(value);
    if (problem !== null) return failure(problem.code, problem.message, path);
    requirements.push((labels) => Object.hasOwn(labels, key) && labels[key] === value);
  }
  return null;
}

function readExpressions(expressions: unknown, requirements: Requirement[]): LabelSelectorError | null {
  if (expressions === null || expressions === undefined) return null;
  if (!Array.isArray(expressions)) return failure('SELECTOR_SHAPE', 'matchExpressions is a list', ['matchExpressions']);
  for (const [index, expression] of expressions.entries()) {
    const requirement = readExpression(expression, ['matchExpressions', index]);
    if (typeof requirement !== 'function') return requirement;
    requirements.push(requirement);
  }
  return null;
}

function readExpression(expression: unknown, path: (string | number)[]): Requirement | LabelSelectorError {
  const members = expression === null ? {} : expression;
  if (!isRecord(members)) return failure('SELECTOR_SHAPE', 'an expression is an object', path);
  const key = member(members, 'key') ?? '';
  const operator = member(members, 'operator') ?? '';
  const values = member(members, 'values') ?? [];
  if (typeof key !== 'string') return failure('SELECTOR_SHAPE', 'a key is a string', [...path, 'key']);
  if (typeof operator !== 'string') return failure('SELECTOR_SHAPE', 'an operator is a string', [...path, 'operator']);
  if (!Array.isArray(values)) return failure('SELECTOR_SHAPE', 'values is a list of strings', [...path, 'values']);
  const build = OPERATORS.get(operator);
  if (build === undefined) {
    return failure('SELECTOR_OPERATOR', `${JSON.stringify(operator)} is not a valid label selector operator`, [
      ...path,
      'operator',
    ]);
  }
  const keyFault = keyProblem(key);
  if (keyFault !== null) return failure(keyFault.code, keyFault.message, [...path, 'key']);
  if (build.needsValues !== values.length > 0) {
    const message = build.needsValues ? `${operator} needs at least one value` : `${operator} takes no values`;
    return failure('SELECTOR_VALUES', message, [...path, 'values']);
  }
  const texts = new Set<string>();
  for (const [index, item] of values.entries()) {
    const value: unknown = item ?? '';
    if (typeof value !== 'string')
      return failure('SELECTOR_SHAPE', 'a label value is a string', [...path, 'values', index]);
    const fault = valueProblem(value);
    if (fault !== null) return failure(fault.code, fault.message, [...path, 'values', index]);
    texts.add(value);
  }
  return build.requirement(key, texts);
}

interface Operator {
  readonly needsValues: boolean;
  readonly requirement: (key: string, values: ReadonlySet<string>) => Requirement;
}

/** Whether a label is there and has one of the values. */
function hasValue(labels: Readonly<Record<string, unknown>>, key: string, values: ReadonlySet<string>): boolean {
  if (!Object.hasOwn(labels, key)) return false;
  const value = labels[key];
  return typeof value === 'string' && values.has(value);
}

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['In', { needsValues: true, requirement: (key, values) => (labels) => hasValue(labels, key, values) }],
  ['NotIn', { needsValues: true, requirement: (key, values) => (labels) => !hasValue(labels, key, values) }],
  ['Exists', { needsValues: false, requirement: (key) => (labels) => Object.hasOwn(labels, key) }],
  ['DoesNotExist', { needsValues: false, requirement: (key) => (labels) => !Object.hasOwn(labels, key) }],
]);

interface Fault {
  readonly code: LabelSelectorErrorCode;
  readonly message: string;
}

/** Why a text is no label key (`name` or `dns.prefix/name`); null if it is one. Lengths are in bytes, and only ASCII passes. */
function keyProblem(key: string): Fault | null {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length > 1 ? (parts[0] ?? '') : null;
  const message = `${JSON.stringify(key)} is no label key`;
  if (parts.length > 2) return { code: 'SELECTOR_KEY', message: `${message}: it has more than one '/'` };
  if (prefix !== null && (prefix.length > MAX_PREFIX_LENGTH || !DNS_SUBDOMAIN.test(prefix))) {
    return { code: 'SELECTOR_KEY', message: `${message}: its prefix is no lower-case DNS subdomain` };
  }
  if (name.length > MAX_NAME_LENGTH)
    return { code: 'SELECTOR_KEY', message: `${message}: its name is longer than ${MAX_NAME_LENGTH}` };
  if (!NAME.test(name)) {
    return {
      code: 'SELECTOR_KEY',
      message: `${message}: a name has letters, digits, '-', '_', '.', and a letter or digit at both ends`,
    };
  }
  return null;
}

/** Why a text is no label value; null if it is one. The empty text is. */
function valueProblem(value: string): Fault | null {
  if (value === '' || (value.length <= MAX_NAME_LENGTH && NAME.test(value))) return null;
  return {
    code: 'SELECTOR_VALUES',
    message: `${JSON.stringify(value)} is no label value: at most ${MAX_NAME_LENGTH} letters, digits, '-', '_', '.', with a letter or digit at both ends`,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function failure(
  code: LabelSelectorErrorCode,
  message: string,
  path: readonly (string | number)[],
): LabelSelectorError {
  return { code, message, path };
}
