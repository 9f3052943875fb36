/** What the name of a ReplicaSet tells: a Deployment calls its own after itself and the pod-template-hash. */

export const POD_TEMPLATE_HASH = 'pod-template-hash';

/** The Deployment's name; undefined where the name does not end in the hash. `hash`: that label of the pod or the ReplicaSet. */
export function deploymentOf(replicaSet: string, hash: string | undefined): string | undefined {
  if (hash === undefined || hash === '' || !replicaSet.endsWith(`-${hash}`)) return undefined;
  return replicaSet.slice(0, -hash.length - 1);
}
