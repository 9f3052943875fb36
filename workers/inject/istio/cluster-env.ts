/** Cluster and network of a pod, and the environment variables that tell the proxy. */
import { ENV_CLUSTER, ENV_NETWORK, NETWORK_LABEL } from './names.ts';
import { type Container, type EnvVar, type ObjectMeta, stringAt } from './pod.ts';
import type { ProxyEnv } from './url-env.ts';

/** What the values say about where the mesh's pods run; '' where they are silent. */
export interface Location {
  readonly cluster: string;
  readonly network: string;
}

/** Sets cluster and network in `env`: the URL beats the values, and the pod's network label beats both. */
export function addLocation(env: ProxyEnv, metadata: ObjectMeta, values: Location): void {
  const cluster = env.get(ENV_CLUSTER) || values.cluster;
  const network = stringAt(metadata.labels, NETWORK_LABEL) ?? (env.get(ENV_NETWORK) || values.network);
  if (cluster !== '') env.set(ENV_CLUSTER, cluster);
  if (network !== '') env.set(ENV_NETWORK, network);
}

/** The container with `env` at the end of its environment, sorted by name; what it had under these names is gone. */
export function withClusterEnv(container: Container, env: ProxyEnv): Container {
  if (env.size === 0) return container;
  const kept: EnvVar[] = (container.env ?? []).filter(({ name }) => !env.has(name));
  // By UTF-16 units where Go compares bytes; names beyond ASCII are not valid anyway.
  for (const name of [...env.keys()].sort()) {
    const value = env.get(name) ?? '';
    kept.push(value === '' ? { name } : { name, value });
  }
  return { ...container, env: kept };
}
