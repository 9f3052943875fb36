/** Whether the proxy becomes a native sidecar: an init container that keeps running (Kubernetes 1.29, stable in 1.33). */
import type { ClusterContext, NativeSidecars } from '../../protocol.ts';
import type { Features } from './features.ts';
import { stringAt } from './pod.ts';
import { parseBool } from './strconv.ts';

/** istiod's variable for its mode, which templates of releases before 1.27 read themselves. */
const MODE_VARIABLE = 'ENABLE_NATIVE_SIDECARS';

export interface NativeSetting {
  readonly mode: NativeSidecars;
  /** istiod's environment, with the variable as the mode says. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * What a revision asks for, in its release. `Auto` leaves it to istiod's own environment, and that, where it says nothing, to the
 * release: off, until releases look at the nodes.
 */
export function nativeSetting(
  mode: NativeSidecars,
  env: Readonly<Record<string, string>>,
  features: Features,
): NativeSetting {
  if (mode !== 'Auto') return { mode, env: { ...env, [MODE_VARIABLE]: String(mode === 'Always') } };
  const text = stringAt(env, MODE_VARIABLE);
  if (!features.detectNativeSidecars) return { mode: parseBool(text ?? '') === true ? 'Always' : 'Never', env };
  if (text === undefined || text === 'auto') return { mode: 'Auto', env };
  return { mode: text === 'true' ? 'Always' : 'Never', env };
}

/** The kubelet's minor version from which on native sidecars are stable. */
const STABLE_MINOR = 33;

/** Versions as hashicorp/go-version reads them: numbers, then a pre-release and metadata. */
const VERSION =
  /^v?(\d+(?:\.\d+)*)(?:-\d+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*|-?[A-Za-z\-~]+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*)?(?:\+[0-9A-Za-z\-~]+(?:\.[0-9A-Za-z\-~]+)*)?$/;
/** Longer texts are no kubelet's version. */
const MAX_VERSION_LENGTH = 128;

/** A version that can not be read speaks against native sidecars. */
function supports(kubeletVersion: string): boolean {
  if (kubeletVersion.length > MAX_VERSION_LENGTH) return false;
  const numbers = VERSION.exec(kubeletVersion)?.[1]?.split('.');
  return numbers !== undefined && Number(numbers[1] ?? 0) >= STABLE_MINOR;
}

/**
 * What templates see as NativeSidecars. `Auto`: the node the pod is bound to, where it is known; else all nodes have to
 * support them. Without knowledge of nodes the answer is no, as for an istiod without a client.
 */
export function useNativeSidecars(
  mode: NativeSidecars,
  cluster: ClusterContext,
  nodeName: string | undefined,
): boolean {
  if (mode !== 'Auto') return mode === 'Always';
  if (!cluster.nodesKnown) return false;
  if (nodeName) {
    const node = cluster.nodes.find(({ name }) => name === nodeName);
    if (node !== undefined) return supports(node.kubeletVersion);
  }
  return cluster.nodes.every(({ kubeletVersion }) => supports(kubeletVersion));
}
