/** A Linkerd control plane as the objects of its cluster tell it. */
import type { JsonObject } from '../../workers/template/value.ts';
import { objectAt, objectsAt, textAt } from '../manifests/objects.ts';
import type { OnError } from '../snapshot.ts';
import {
  anchorsInValues,
  DEFAULT_NAMESPACE,
  type FoundTexts,
  TRUST_ROOTS_CONFIG_MAP,
  textsOfObjects,
  VALUES_CONFIG_MAP,
} from './configuration.ts';
import { WEBHOOK_CONFIGURATION } from './webhook.ts';

export interface LinkerdControlPlane {
  readonly namespace: string;
  readonly values: string | undefined;
  readonly trustAnchors: string | undefined;
  /** Where the trust anchors were found, for the comment in the policy file. */
  readonly anchorsFrom: 'configMap' | 'values';
  /** Version of the injector itself, from its image; null where no Deployment tells it. */
  readonly injectorVersion: string | null;
  /** From the webhook's failurePolicy; null where no webhook configuration tells it. */
  readonly onError: OnError | null;
  /** Namespaces that the webhook leaves out by name. */
  readonly ignoredNamespaces: readonly string[];
  readonly findings: readonly string[];
}

const INJECTOR = 'linkerd-proxy-injector';
const CONTAINER = 'proxy-injector';
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/** What the objects tell of the control plane in that namespace, or in the only one that has values. */
export function findLinkerd(objects: readonly JsonObject[], namespace: string | undefined): LinkerdControlPlane {
  const texts = textsOfObjects(objects, namespace);
  const place = namespace ?? texts.namespace ?? DEFAULT_NAMESPACE;
  const own = texts.trustAnchors;
  const webhook = webhookOf(objects);
  return {
    namespace: place,
    values: texts.values,
    trustAnchors: own ?? (texts.values === undefined ? undefined : anchorsInValues(texts.values)),
    anchorsFrom: own === undefined ? 'values' : 'configMap',
    injectorVersion: injectorVersion(objects, place),
    onError: failurePolicy(webhook),
    ignoredNamespaces: leftOut(webhook),
    findings: findings(objects, texts, place),
  };
}

function findings(objects: readonly JsonObject[], { values, namespace }: FoundTexts, place: string): string[] {
  if (values !== undefined || objects.length === 0) return [];
  const { namespace: elsewhere } = textsOfObjects(objects);
  const where = elsewhere === undefined ? '' : `; namespace ${elsewhere} has one`;
  return [`namespace ${namespace ?? place} has no ConfigMap ${VALUES_CONFIG_MAP}${where}`];
}

/** What is missing to make a revision; empty where nothing is. */
export function missingParts({ values, trustAnchors }: LinkerdControlPlane): readonly string[] {
  return [
    ...(values === undefined ? [`the values: ConfigMap ${VALUES_CONFIG_MAP}, --values or --helm-values`] : []),
    ...(trustAnchors === undefined
      ? [
          `the trust anchors: ConfigMap ${TRUST_ROOTS_CONFIG_MAP}, identityTrustAnchorsPEM in the values, or --trust-anchors`,
        ]
      : []),
  ];
}

function webhookOf(objects: readonly JsonObject[]): JsonObject | null {
  const configuration = objects.find(
    (object) =>
      textAt(object, 'kind') === 'MutatingWebhookConfiguration' &&
      textAt(objectAt(object, 'metadata'), 'name') === WEBHOOK_CONFIGURATION,
  );
  return configuration === undefined ? null : (objectsAt(configuration, 'webhooks')[0] ?? null);
}

function failurePolicy(webhook: JsonObject | null): OnError | null {
  if (webhook === null) return null;
  return textAt(webhook, 'failurePolicy') === 'Ignore' ? 'Ignore' : 'Fail';
}

function leftOut(webhook: JsonObject | null): readonly string[] {
  if (webhook === null) return [];
  const expressions = objectsAt(objectAt(webhook, 'namespaceSelector'), 'matchExpressions');
  return expressions.flatMap((expression) => {
    if (textAt(expression, 'key') !== NAMESPACE_NAME || textAt(expression, 'operator') !== 'NotIn') return [];
    const { values } = expression;
    return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
  });
}

/** The tag of the injector's image. */
function injectorVersion(objects: readonly JsonObject[], namespace: string): string | null {
  for (const object of objects) {
    const metadata = objectAt(object, 'metadata');
    if (textAt(object, 'kind') !== 'Deployment' || textAt(metadata, 'name') !== INJECTOR) continue;
    if (textAt(metadata, 'namespace') !== namespace) continue;
    const spec = objectAt(objectAt(objectAt(object, 'spec'), 'template'), 'spec');
    const container = objectsAt(spec, 'containers').find((each) => textAt(each, 'name') === CONTAINER);
    const tag = /:([^/:@]+)(?:@.*)?$/.exec(textAt(container ?? {}, 'image'))?.[1];
    if (tag !== undefined) return tag;
  }
  return null;
}
