/**
 * Whether a template mesh injects a pod. In this order: what can not or must not be injected; the pod's own label, then its
 * annotation; its namespace's label, then annotation; the revision's policy. The key's values are enabled or true, disabled or
 * false; any other value does not count, as if the key were not there.
 */
import type { TemplateRevisionSpec } from '../../protocol.ts';
import type { JsonValue } from '../../template/value.ts';
import type { InjectRequest } from '../provider.ts';
import type { SkipCode } from '../reason.ts';
import { memberOf, textOf } from './members.ts';

/** Pods of these run before, or without, anything that a mesh brings; a gateway that fails closed would lock itself out. */
const CLUSTER_NAMESPACES: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
/** A static pod's copy in the apiserver: changing it changes nothing on the node. */
const MIRROR = 'kubernetes.io/config.mirror';

/** Why the pod is left as it is, or null when it is to be injected. */
export function whySkipped(
  { injectKey, policy }: Pick<TemplateRevisionSpec, 'injectKey' | 'policy'>,
  { kind, operation, namespace, object, cluster }: InjectRequest,
): SkipCode | null {
  if (kind.kind !== 'Pod' || kind.group !== '') return 'KIND_UNSUPPORTED';
  if (operation !== '' && operation !== 'CREATE') return 'OPERATION_UNSUPPORTED';
  const metadata = memberOf(object, 'metadata');
  if (memberOf(memberOf(object, 'spec'), 'hostNetwork') === true) return 'HOST_NETWORK';
  if (CLUSTER_NAMESPACES.has(textOf(metadata, 'namespace') || namespace)) return 'NAMESPACE_IGNORED';
  const annotations = memberOf(metadata, 'annotations');
  if (memberOf(annotations, MIRROR) !== undefined) return 'MIRROR_POD';
  const own = choiceOf(memberOf(metadata, 'labels'), injectKey) ?? choiceOf(annotations, injectKey);
  if (own !== undefined) return own ? null : 'INJECT_KEY_DISABLED';
  const ofNamespace =
    choiceOf(cluster.namespace?.labels, injectKey) ?? choiceOf(cluster.namespace?.annotations, injectKey);
  if (ofNamespace !== undefined) return ofNamespace ? null : 'NAMESPACE_DISABLED';
  return policy === 'enabled' ? null : 'POLICY_DISABLED';
}

function choiceOf(entries: JsonValue | Readonly<Record<string, string>> | undefined, key: string): boolean | undefined {
  switch (textOf(entries as JsonValue | undefined, key)) {
    case 'enabled':
    case 'true':
      return true;
    case 'disabled':
    case 'false':
      return false;
    default:
      return undefined;
  }
}
