/**
 * Opaque ports: ports whose protocol the proxy does not detect. Ranges, names and defaults as Linkerd reads them (pkg/util
 * ParseContainerOpaquePorts, pkg/inject CreateOpaquePortsPatch).
 */
import { isJsonObject, type JsonObject } from '../../template/value.ts';
import type { Container, PodSpec } from '../istio/pod.ts';
import { atoi } from '../istio/strconv.ts';
import type { Features } from './features.ts';

const MAX_PORT = 65_535;
const SURROUNDING_SPACE =
  /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

/** Init containers first. */
export function allContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
}

/** The containers whose ports count in a release. */
function portHolders(spec: PodSpec, features: Features): readonly Container[] {
  return features.portsOfInits ? allContainers(spec) : (spec.containers ?? []);
}

/** Container ports by name; of several of one name the last wins, in older releases the first, where '' is a name too. */
export function namedPorts(spec: PodSpec, features: Features): Map<string, number> {
  const ports = new Map<string, number>();
  for (const container of portHolders(spec, features)) {
    for (const { name = '', containerPort } of container.ports ?? []) {
      if (features.lastNamedPort ? name !== '' : !ports.has(name)) ports.set(name, containerPort);
    }
  }
  return ports;
}

/** An annotation's list with names resolved and what is neither port nor range left out. */
export function resolveOpaquePorts(annotation: string, named: ReadonlyMap<string, number>): string {
  const resolved: string[] = [];
  for (const item of annotation.replace(/,$/, '').split(',')) {
    const entry = item.replace(SURROUNDING_SPACE, '');
    const port = named.get(entry);
    const range = port === undefined ? parseRange(entry) : String(port);
    if (range !== undefined) resolved.push(range);
  }
  return resolved.join(',');
}

function parsePort(text: string): number | undefined {
  const port = atoi(text);
  return port !== undefined && port >= 0 && port <= MAX_PORT ? port : undefined;
}

function parseRange(text: string): string | undefined {
  const bounds = text.split('-');
  if (bounds.length > 2) return undefined;
  const lower = parsePort(bounds[0] ?? '');
  const upper = parsePort(bounds[1] ?? bounds[0] ?? '');
  if (lower === undefined || upper === undefined || upper < lower) return undefined;
  return lower === upper ? String(lower) : `${lower}-${upper}`;
}

/** The pod's container ports that the default list names, in the pod's order, duplicates kept. */
export function defaultPodPorts(spec: PodSpec, defaults: ReadonlySet<string>, features: Features): string[] {
  const ports: string[] = [];
  for (const container of portHolders(spec, features)) {
    for (const { containerPort } of container.ports ?? []) {
      const port = String(containerPort);
      if (defaults.has(port)) ports.push(port);
    }
  }
  return ports;
}

/** The Service's ports whose target (or, without a target, the port itself) the default list names. */
export function defaultServicePorts(service: JsonObject, defaults: ReadonlySet<string>): string[] {
  const spec = isJsonObject(service['spec']) ? service['spec'] : {};
  const ports = Array.isArray(spec['ports']) ? spec['ports'] : [];
  const opaque: string[] = [];
  for (const item of ports) {
    if (!isJsonObject(item)) continue;
    const port = String(item['port'] ?? 0);
    const target = item['targetPort'];
    const untargeted = target === undefined || target === null || target === 0;
    // A named target counts as port 0, which Linkerd does not resolve either.
    if (defaults.has(untargeted ? port : typeof target === 'number' ? String(target) : '0')) opaque.push(port);
  }
  return opaque;
}

/** Container ports and numeric HTTP probe ports of the pod, without duplicates, sorted as text. */
export function podInboundPorts(spec: PodSpec, features: Features): string {
  const ports = new Set<string>();
  for (const container of portHolders(spec, features)) {
    for (const { containerPort } of container.ports ?? []) ports.add(String(containerPort));
    for (const probe of [container.readinessProbe, container.livenessProbe]) {
      const action = probe?.httpGet;
      if (action === undefined || action === null) continue;
      // A probe without a port is at port 0 to Linkerd.
      const port = action.port ?? 0;
      if (typeof port === 'number') ports.add(String(port));
    }
  }
  return [...ports].sort().join(',');
}
