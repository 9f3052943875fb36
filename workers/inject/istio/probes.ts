/**
 * Probes and lifecycle hooks over the network: the kubelet can not speak mTLS, so it asks the agent, which asks the
 * application. Each handler is pointed at the agent, and what it was goes into an environment variable of the proxy.
 */
import { goType } from '../../kube/pod-types.ts';
import { marshalGoJson, quoteGoJson } from '../../template/gojson.ts';
import { GoRef, type GoSliceType } from '../../template/value.ts';
import type { Features } from './features.ts';
import { PROXY, REWRITE_PROBES, STATUS_PORT } from './names.ts';
import {
  type Container,
  type Handler,
  type HttpGetAction,
  type PodSpec,
  type StringMap,
  stringAt,
  type TcpSocketAction,
} from './pod.ts';
import { atoi, parseBool } from './strconv.ts';

/** What the agent has to ask instead, as JSON of one prober, by the path under which the kubelet asks the agent. */
export type Probers = Map<string, string>;

type ProbeField = 'readinessProbe' | 'livenessProbe' | 'startupProbe';
type HookField = 'preStop' | 'postStart';

const PROBES: readonly (readonly [ProbeField, string])[] = [
  ['readinessProbe', 'readyz'],
  ['livenessProbe', 'livez'],
  ['startupProbe', 'startupz'],
];
const HOOKS: readonly (readonly [HookField, string])[] = [
  ['preStop', 'prestopz'],
  ['postStart', 'poststartz'],
];

const HTTP_HEADERS: GoSliceType = { kind: 'slice', elem: goType('v1.HTTPHeader') };
const GRPC = goType('v1.GRPCAction');

/** The path of a container's probe at the agent. */
export function probePath(container: string, name: string): string {
  return `/app-health/${container}/${name}`;
}

/** The path of a container's lifecycle hook at the agent. */
export function hookPath(container: string, name: string): string {
  return `/app-lifecycle/${container}/${name}`;
}

/** Whether probes are rewritten: the annotation where it reads as a boolean, else the mesh's setting. */
export function rewritesProbes(annotations: StringMap, meshSetting: boolean): boolean {
  return parseBool(stringAt(annotations, REWRITE_PROBES) ?? '') ?? meshSetting;
}

interface PlacedHandler {
  readonly path: string;
  readonly handler: Handler;
  readonly isHook: boolean;
}

/** Every handler of a container that the agent takes over, with its path there. */
function handlersOf(container: Container, features: Features): readonly PlacedHandler[] {
  const handlers: PlacedHandler[] = [];
  for (const [field, name] of PROBES) {
    const handler = container[field];
    if (handler !== undefined) handlers.push({ path: probePath(container.name, name), handler, isHook: false });
  }
  if (features.rewriteLifecycle && container.lifecycle !== undefined) {
    for (const [field, name] of HOOKS) {
      const handler = container.lifecycle[field];
      if (handler !== undefined) handlers.push({ path: hookPath(container.name, name), handler, isHook: true });
    }
  }
  return handlers;
}

/** The port a named or numbered port stands for; undefined for an unknown name and for the agent's own port. */
function resolvePort(port: number | string, container: Container, statusPort: number): number | undefined {
  if (typeof port === 'number') return port === statusPort ? undefined : port;
  // The last port of a name counts.
  return container.ports?.findLast(({ name }) => name === port && name !== '')?.containerPort;
}

/** A v1.HTTPGetAction at another port, as Go writes it. */
export function encodeHttpGet({ path, host, scheme, httpHeaders }: HttpGetAction, port: number): string {
  let text = path ? `{"path":${quoteGoJson(path)},` : '{';
  text += `"port":${port}`;
  if (host) text += `,"host":${quoteGoJson(host)}`;
  if (scheme) text += `,"scheme":${quoteGoJson(scheme)}`;
  if (httpHeaders !== undefined && httpHeaders.length > 0)
    text += `,"httpHeaders":${marshalGoJson(new GoRef(HTTP_HEADERS, httpHeaders))}`;
  return `${text}}`;
}

/** A v1.TCPSocketAction at another port, as Go writes it. */
export function encodeTcpSocket({ host }: TcpSocketAction, port: number): string {
  return host ? `{"port":${port},"host":${quoteGoJson(host)}}` : `{"port":${port}}`;
}

/** One prober as Istio's agent reads it; undefined where there is nothing to ask. */
function encodeProber(handler: Handler, isHook: boolean, container: Container, statusPort: number): string | undefined {
  const { httpGet, tcpSocket, grpc, timeoutSeconds } = handler;
  let action: string;
  if (httpGet !== undefined) {
    const port = resolvePort(httpGet.port, container, statusPort);
    if (port === undefined) return undefined;
    action = `"httpGet":${encodeHttpGet(httpGet, port)}`;
  } else if (tcpSocket !== undefined) {
    const port = resolvePort(tcpSocket.port, container, statusPort);
    if (port === undefined) return undefined;
    action = `"tcpSocket":${encodeTcpSocket(tcpSocket, port)}`;
  } else if (grpc !== undefined && !isHook) {
    action = `"grpc":${marshalGoJson(new GoRef(GRPC, grpc))}`;
  } else {
    return undefined;
  }
  return timeoutSeconds && !isHook ? `{${action},"timeoutSeconds":${timeoutSeconds}}` : `{${action}}`;
}

/**
 * What the agent has to know about the containers of a pod. Named ports are looked up in the container; one that is not found
 * is left out, though its probe is rewritten all the same (as in Istio).
 */
export function collectProbers(spec: PodSpec, statusPort: number, features: Features): Probers {
  const probers: Probers = new Map();
  for (const list of [spec.initContainers, spec.containers]) {
    for (const container of list ?? []) {
      if (container.name === PROXY) continue;
      for (const { path, handler, isHook } of handlersOf(container, features)) {
        const prober = encodeProber(handler, isHook, container, statusPort);
        if (prober !== undefined) probers.set(path, prober);
      }
    }
  }
  return probers;
}

/** The probers as the value of the proxy's environment variable; '' for none. */
export function encodeProbers(probers: Probers): string {
  if (probers.size === 0) return '';
  const paths = [...probers.keys()];
  if (paths.length > 1) paths.sort();
  let text = '';
  for (const path of paths) text += `${text === '' ? '{' : ','}${quoteGoJson(path)}:${probers.get(path)}`;
  return `${text}}`;
}

/** The handler with the agent in the application's place; undefined for handlers that the kubelet can use itself. */
function redirected(handler: Handler, isHook: boolean, path: string, port: number): Handler | undefined {
  const { httpGet, tcpSocket, grpc } = handler;
  if (httpGet !== undefined) {
    const action = { ...httpGet, path, port };
    if (action.scheme === 'HTTPS') action.scheme = 'HTTP';
    return { ...handler, httpGet: action };
  }
  if (tcpSocket !== undefined) {
    const { tcpSocket: _, ...rest } = handler;
    return { ...rest, httpGet: { path, port } };
  }
  if (grpc !== undefined && !isHook) {
    const { grpc: _, ...rest } = handler;
    return { ...rest, httpGet: { path, port } };
  }
  return undefined;
}

/** The container with all its handlers at the agent; the same object when it has none. */
export function redirectHandlers(container: Container, port: number, features: Features): Container {
  if (container.name === PROXY) return container;
  let result = container;
  for (const [field, name] of PROBES) {
    const probe = container[field];
    const changed = probe && redirected(probe, false, probePath(container.name, name), port);
    if (!changed) continue;
    if (result === container) result = { ...container };
    result[field] = changed;
  }
  if (!features.rewriteLifecycle || container.lifecycle === undefined) return result;
  let lifecycle = container.lifecycle;
  for (const [field, name] of HOOKS) {
    const hook = container.lifecycle[field];
    const changed = hook && redirected(hook, true, hookPath(container.name, name), port);
    if (changed) lifecycle = { ...lifecycle, [field]: changed };
  }
  return lifecycle === container.lifecycle ? result : { ...result, lifecycle };
}

/** The port at which the agent serves a pod's probes: the annotation's, else the mesh's. Istio does not ask proxy.istio.io/config. */
export function agentPort(annotations: StringMap, meshPort: number): number {
  const text = stringAt(annotations, STATUS_PORT);
  return text === undefined ? meshPort : (atoi(text) ?? 0);
}

/** Whether the agent already stands in a handler's place. */
function isRedirected(handler: Handler, path: string): boolean {
  return handler.httpGet?.path === path;
}

/** The container with its handlers as they were before redirection; those that are not known stay at the agent. */
export function restoreHandlers(
  container: Container,
  known: ReadonlyMap<string, Handler | null>,
  features: Features,
): Container {
  let result = container;
  const before = (handler: Handler | undefined, path: string): Handler | undefined => {
    const saved = known.get(path);
    if (handler === undefined || !saved || !isRedirected(handler, path)) return undefined;
    const { httpGet: _, ...rest } = handler;
    const { timeoutSeconds: _timeout, ...action } = saved;
    return { ...rest, ...action };
  };
  for (const [field, name] of PROBES) {
    const restored = before(container[field], probePath(container.name, name));
    if (restored !== undefined) result = { ...result, [field]: restored };
  }
  if (!features.rewriteLifecycle || container.lifecycle === undefined) return result;
  let lifecycle = container.lifecycle;
  for (const [field, name] of HOOKS) {
    const restored = before(container.lifecycle[field], hookPath(container.name, name));
    if (restored !== undefined) lifecycle = { ...lifecycle, [field]: restored };
  }
  return lifecycle === container.lifecycle ? result : { ...result, lifecycle };
}

/** Whether a container has a handler that the kubelet still takes to the application itself. */
export function hasDirectHandlers(container: Container, features: Features): boolean {
  if (container.name === PROXY) return false;
  return handlersOf(container, features).some(
    ({ path, handler, isHook }) => !isRedirected(handler, path) && redirected(handler, isHook, path, 0) !== undefined,
  );
}
