/**
 * OpenShift gives each namespace its own range of user and group ids, in annotations, and writes a uid of that range into
 * every container before injection.
 */
import type { ClusterContext } from '../../protocol.ts';
import type { Features } from './features.ts';
import { INIT, PROXY, VALIDATION } from './names.ts';
import { type Container, findInPod, type Pod, stringAt } from './pod.ts';

const UID_RANGE = 'openshift.io/sa.scc.uid-range';
const GROUPS = 'openshift.io/sa.scc.supplemental-groups';

/** Istio's own user, outside OpenShift. */
const DEFAULT_ID = 1337;
const UINT32 = 2 ** 32;

export interface ProxyIds {
  readonly uid: number;
  readonly gid: number;
}

export const DEFAULT_IDS: ProxyIds = { uid: DEFAULT_ID, gid: DEFAULT_ID };

/** Blanks before a number and text after the second are fmt.Sscanf's tolerance. */
const BLOCK = /^[ \t]*(\d+)([/-])[ \t]*(\d+)/;

/** The last id of `START/SIZE` or `START-END`, in 32 bits; undefined when it does not read as one. */
function lastOfBlock(text: string): number | undefined {
  const match = BLOCK.exec(text);
  if (match === null || (match[2] === '/') !== text.includes('/')) return undefined;
  const start = Number(match[1]);
  const second = Number(match[3]);
  if (start >= UINT32 || second >= UINT32) return undefined;
  return match[2] === '/' ? (start + second - 1 + UINT32) % UINT32 : second;
}

/** The largest uid of the namespace's range, and the largest gid of its first block of groups. */
export function proxyIds(namespace: ClusterContext['namespace']): ProxyIds {
  if (namespace === null) return DEFAULT_IDS;
  const range = stringAt(namespace.annotations, UID_RANGE);
  const groups = stringAt(namespace.annotations, GROUPS) ?? range;
  const blocks = groups?.split(',').map(lastOfBlock) ?? [];
  return {
    uid: (range ? lastOfBlock(range) : undefined) ?? DEFAULT_ID,
    // One block that does not read spoils them all.
    gid: (blocks.includes(undefined) ? undefined : blocks[0]) ?? DEFAULT_ID,
  };
}

function uidOf(container: Container): number | undefined {
  return container.securityContext?.runAsUser;
}

/** Whether the proxy's uid is the application's; no uid at all counts as 0, and of several containers the last counts. */
function sharesUid(pod: Pod, features: Features): boolean {
  let proxy = 0;
  let app = 0;
  const inits = features.initContainersCountAsApp ? (pod.spec.initContainers ?? []) : [];
  for (const container of [...(pod.spec.containers ?? []), ...inits]) {
    const uid = uidOf(container);
    if (uid === undefined) continue;
    if (container.name === PROXY) proxy = uid;
    else if (container.name !== VALIDATION && container.name !== INIT) app = uid;
  }
  return proxy === app;
}

/**
 * The pod without the uid and gid of the user's istio-proxy where the uid is the application's own: traffic of the proxy is
 * told from the application's by it. A uid that the user chose apart from the application's is kept.
 */
export function withoutSharedUid(pod: Pod, features: Features): Pod {
  if (!features.resetMatchingUid) return pod;
  const proxy = findInPod(PROXY, pod.spec);
  if (proxy?.securityContext === undefined || !sharesUid(pod, features)) return pod;
  const { runAsUser: _user, runAsGroup: _group, ...securityContext } = proxy.securityContext;
  const reset = (container: Container) => (container === proxy ? { ...proxy, securityContext } : container);
  const spec = { ...pod.spec };
  if (spec.containers) spec.containers = spec.containers.map(reset);
  if (spec.initContainers !== undefined) spec.initContainers = spec.initContainers.map(reset);
  return { ...pod, spec };
}
