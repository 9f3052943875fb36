/** Istio's appendMultusNetwork: the annotation k8s.v1.cni.cncf.io/networks with Istio's network added. */
import { decodeGoJson } from '../../gojson.ts';
import type { GoValue } from '../../value.ts';
import { trimSpace } from '../sprig/strings.ts';

interface Network {
  readonly [member: string]: unknown;
}

/**
 * Adds a network to the annotation's value, in whichever of its two notations that is: a JSON list or comma-separated names. A value
 * with a `]` that is no JSON list of objects stays as it is. `splitNamespace`: in JSON, `NAMESPACE/NAME` becomes two members (Istio
 * 1.23.6, 1.24.4, 1.25.1); before, it was the name.
 */
export function appendMultusNetwork(existing: string, network: string, splitNamespace: boolean): string {
  if (existing === '') return network;
  const end = existing.lastIndexOf(']');
  if (end < 0) {
    return existing.split(',').some((name) => trimSpace(name) === network) ? existing : `${existing}, ${network}`;
  }
  const networks = networkList(existing);
  if (networks === null) return existing;
  const [namespace, name] = splitNamespace ? qualifiedName(network) : ['', network];
  if (networks.some((known) => isNetwork(known, namespace, name, splitNamespace))) return existing;
  // Names go into the text as they are, as Istio puts them there.
  const members = namespace === '' ? `{"name": "${name}"}` : `{"name": "${name}", "namespace": "${namespace}"}`;
  return `${existing.slice(0, end)}, ${members}${existing.slice(end)}`;
}

function isNetwork(known: Network, namespace: string, name: string, splitNamespace: boolean): boolean {
  if (memberOf(known, 'name') !== name) return false;
  return !splitNamespace || (memberOf(known, 'namespace') ?? '') === namespace;
}

function memberOf(network: Network, member: string): unknown {
  return Object.hasOwn(network, member) ? network[member] : null;
}

/** What json.Unmarshal reads into []map[string]any; null where that fails. */
function networkList(json: string): readonly Network[] | null {
  const { value, error } = decodeGoJson(json);
  if (error !== null || !Array.isArray(value)) return null;
  const items: readonly GoValue[] = value;
  return items.every((item) => typeof item === 'object' && !Array.isArray(item))
    ? items.map((item) => (item ?? {}) as Network)
    : null;
}

function qualifiedName(network: string): readonly [namespace: string, name: string] {
  const [first = '', second] = network.split('/');
  return second === undefined ? ['', network] : [first, second];
}
