/**
 * The webhooks of Istio's own configurations (istio-sidecar-injector, istio-revision-tag-…): which pods of which namespaces each of
 * them sends to a revision, as Istio's charts write their selectors.
 */
import type { SkipCode } from '../../workers/inject/reason.ts';
import { compileLabelSelector } from '../../workers/kube/label-selector.ts';

export type Labels = Readonly<Record<string, string>>;

/** One condition of a label selector. */
export interface Expression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

export interface Selectors {
  readonly namespaceSelector: readonly Expression[];
  readonly objectSelector: readonly Expression[];
}

export interface IstioWebhook extends Selectors {
  /** As in the configuration, e.g. `rev.namespace.sidecar-injector.istio.io`. */
  readonly name: string;
  /** Its name's beginning, by which it is chosen on the command line. */
  readonly prefix: WebhookPrefix;
}

/** `auto` is there where enableNamespacesByDefault is set. */
export const WEBHOOK_PREFIXES = ['rev.namespace', 'rev.object', 'namespace', 'object', 'auto'] as const;
export type WebhookPrefix = (typeof WEBHOOK_PREFIXES)[number];

const SUFFIX = 'sidecar-injector.istio.io';
const REV = 'istio.io/rev';
const INJECTION = 'istio-injection';
const INJECT = 'sidecar.istio.io/inject';
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'];

const NOT_REFUSED: Expression = { key: INJECT, operator: 'NotIn', values: ['false'] };
const without = (key: string): Expression => ({ key, operator: 'DoesNotExist' });

/**
 * The webhooks of a revision. `names`: its own name and its tags. `isDefault`: whether pods come to it that name no revision.
 */
export function istioWebhooks(names: readonly string[], isDefault: boolean): IstioWebhook[] {
  const named: Expression = { key: REV, operator: 'In', values: names };
  const webhook = (
    prefix: WebhookPrefix,
    namespaceSelector: readonly Expression[],
    objectSelector: readonly Expression[],
  ): IstioWebhook => ({ name: `${prefix}.${SUFFIX}`, prefix, namespaceSelector, objectSelector });
  const revisioned = [
    webhook('rev.namespace', [named, without(INJECTION)], [NOT_REFUSED]),
    webhook('rev.object', [without(REV), without(INJECTION)], [NOT_REFUSED, named]),
  ];
  if (!isDefault) return revisioned;
  const outside: Expression = { key: NAMESPACE_NAME, operator: 'NotIn', values: SYSTEM_NAMESPACES };
  return [
    ...revisioned,
    webhook('namespace', [{ key: INJECTION, operator: 'In', values: ['enabled'] }], [NOT_REFUSED]),
    webhook(
      'object',
      [without(INJECTION), without(REV)],
      [{ key: INJECT, operator: 'In', values: ['true'] }, without(REV)],
    ),
    webhook('auto', [without(INJECTION), without(REV), outside], [without(INJECT), without(REV)]),
  ];
}

export interface Selection {
  readonly selected: boolean;
  /** What does not match, e.g. `the namespace has no label istio-injection (In enabled)`; empty when selected. */
  readonly misses: readonly string[];
}

/** Whether a webhook sends a pod. */
export function selects(webhook: Selectors, namespace: Labels, pod: Labels): Selection {
  const misses = [
    ...missesOf('namespace', webhook.namespaceSelector, namespace),
    ...missesOf('pod', webhook.objectSelector, pod),
  ];
  return { selected: misses.length === 0, misses };
}

function missesOf(who: string, expressions: readonly Expression[], labels: Labels): string[] {
  return expressions.flatMap((expression) => {
    const compiled = compileLabelSelector({ matchExpressions: [expression] });
    if (compiled.ok && compiled.matches(labels)) return [];
    const { key, operator, values } = expression;
    const has = Object.hasOwn(labels, key) ? `has label ${key}=${labels[key]}` : `has no label ${key}`;
    return [`the ${who} ${has} (${operator}${values === undefined ? '' : ` ${values.join(', ')}`})`];
  });
}

/** Why none of a revision's webhooks sends a pod: the reason to tell its author. */
export function whyNotSent(names: readonly string[], namespace: Labels, pod: Labels): SkipCode {
  if (label(pod, INJECT) === 'false') return 'INJECT_LABEL_FALSE';
  const injection = label(namespace, INJECTION);
  if (injection !== undefined) return injection === 'enabled' ? 'REVISION_MISMATCH' : 'NAMESPACE_LABEL_DISABLED';
  const asked = label(namespace, REV) ?? label(pod, REV);
  if (asked !== undefined && !names.includes(asked)) return 'REVISION_MISMATCH';
  return 'NAMESPACE_LABEL_MISSING';
}

function label(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
