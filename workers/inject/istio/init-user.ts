/**
 * When the user's own istio-proxy runs under another user than Istio's, the container that redirects traffic has to know:
 * packets of the proxy are told from the application's by their user.
 */

import { Denial } from '../reason.ts';
import { INIT, INTERCEPTION_MODE, PROXY, VALIDATION } from './names.ts';
import type { Pod } from './pod.ts';
import { type Container, findContainer, findInPod, type PodSpec, stringAt } from './pod.ts';

function replaced(spec: PodSpec, old: Container, by: Container): PodSpec {
  const swap = (container: Container) => (container === old ? by : container);
  const result = { ...spec };
  if (spec.containers) result.containers = spec.containers.map(swap);
  if (spec.initContainers !== undefined) result.initContainers = spec.initContainers.map(swap);
  return result;
}

/** The container with the user's uid and gid; used for the validation, which has to run as the proxy does. */
function runningAs(container: Container, user: number | undefined, group: number | undefined): Container {
  const securityContext = { ...container.securityContext };
  if (user !== undefined) securityContext.runAsUser = user;
  if (group !== undefined) securityContext.runAsGroup = group;
  return { ...container, securityContext };
}

/** The container with `uid` after its first argument `-u`. Throws Denial INIT_USER_UNSET where nothing follows it. */
function redirectingFor(container: Container, uid: number): Container {
  const at = container.args?.indexOf('-u') ?? -1;
  if (container.args === undefined || at < 0) return container;
  if (at + 1 >= container.args.length) throw new Denial('INIT_USER_UNSET');
  return { ...container, args: container.args.with(at + 1, String(uid)) };
}

/**
 * Carries the user and group that the user's istio-proxy asks for to the init container of the injected pod. TPROXY needs
 * root, whatever the user asks for. Throws Denial INIT_USER_UNSET, PROXY_USER_UNSET (Istio's webhook crashes on both).
 * `original`: the pod before injection. `tproxy`: the effective proxy configuration says so.
 */
export function withUserOfProxy(injected: Pod, original: Pod, tproxy: boolean): Pod {
  const wanted = findInPod(PROXY, original.spec)?.securityContext;
  const user = wanted?.runAsUser;
  const group = wanted?.runAsGroup;
  if (user === undefined && group === undefined) return injected;
  let { spec } = injected;
  const init = findContainer(INIT, spec.initContainers) ?? findContainer(VALIDATION, spec.initContainers);
  if (init === undefined) return injected;

  const transparent = tproxy || stringAt(injected.metadata.annotations, INTERCEPTION_MODE) === 'TPROXY';
  if (transparent && user !== undefined) {
    const proxy = findInPod(PROXY, spec);
    if (proxy === undefined) return injected;
    if (proxy.securityContext?.runAsUser === undefined) throw new Denial('PROXY_USER_UNSET');
    spec = replaced(spec, proxy, runningAs(proxy, 0, undefined));
  }
  let adjusted = init;
  if (!transparent && init.name === VALIDATION) adjusted = runningAs(init, user, group);
  // iptables can not tell root's packets apart.
  if (user) adjusted = redirectingFor(adjusted, user);
  if (adjusted !== init) spec = replaced(spec, init, adjusted);
  return spec === injected.spec ? injected : { ...injected, spec };
}
