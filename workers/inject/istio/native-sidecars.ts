/** Whether the proxy becomes a native sidecar: an init container that keeps running (Kubernetes 1.29, stable in 1.33). */
import type { ClusterContext, NativeSidecars } from '../../protocol.ts';

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
