/**
 * The pod as it was before Istio's injector, as far as the pod itself tells: the status annotation says what was added, the
 * overrides annotation what the user had under the same names, the proxy's environment what probes and scrape annotations were.
 * Labels and annotations that templates add stay: they are what templates would read back as the user's own.
 */
import type { Features } from './features.ts';
import { AUTO_IMAGE, ENV_PROBERS, ENV_SCRAPING, OVERRIDES, PROXY, STATUS } from './names.ts';
import { decodeOverrides } from './overrides.ts';
import {
  type Container,
  findContainer,
  findInPod,
  type Handler,
  type Pod,
  type PodSpec,
  type StringMap,
} from './pod.ts';
import { decodeProbers } from './probers-merge.ts';
import { restoreHandlers } from './probes.ts';
import { restoreScraping } from './prometheus.ts';
import type { InjectionStatus } from './status.ts';

function envValue(container: Container | undefined, name: string): string | undefined {
  return container?.env?.find((variable) => variable.name === name)?.value;
}

/** The containers without the injected ones; those that the user had as well are what the user had, in their place. */
function withoutInjected(
  containers: readonly Container[] | null | undefined,
  injected: readonly string[],
  saved: readonly Container[],
): Container[] {
  const names = new Set(injected);
  return (containers ?? []).flatMap((container) => {
    if (!names.has(container.name)) return container;
    const own = findContainer(container.name, saved);
    // The image `auto` was dropped when the container was saved, and an image is required.
    return own === undefined ? [] : { ...own, image: own.image ?? AUTO_IMAGE };
  });
}

/** Volumes that were injected and that no container uses any more are gone; a user may have mounted one by its name. */
function withoutUnusedVolumes(spec: PodSpec, injected: readonly string[]): PodSpec {
  if (spec.volumes === undefined || injected.length === 0) return spec;
  const mounted = new Set<string>();
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const { name } of container.volumeMounts ?? []) if (name !== undefined) mounted.add(name);
  }
  const names = new Set(injected);
  const volumes = spec.volumes.filter(({ name = '' }) => !names.has(name) || mounted.has(name));
  return { ...spec, volumes };
}

function withoutKeys(annotations: StringMap, keys: readonly string[]): StringMap {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !keys.includes(key)));
}

/**
 * Takes an injection back. `status`: what `decodeStatus` read from the pod. `statusPort`: the agent's port, to tell injected
 * scrape annotations from the user's. Throws Denial OVERRIDES_ANNOTATION_INVALID.
 */
export function uninject(pod: Pod, status: InjectionStatus, statusPort: number, features: Features): Pod {
  const saved = decodeOverrides(pod.metadata.annotations);
  const proxy = findInPod(PROXY, pod.spec);
  const probers = decodeProbers(envValue(proxy, ENV_PROBERS) ?? '{}') ?? new Map<string, Handler | null>();
  const restore = (container: Container) => restoreHandlers(container, probers, features);
  const containers = withoutInjected(pod.spec.containers, status.containers, saved.containers).map(restore);
  let initContainers = withoutInjected(pod.spec.initContainers, status.initContainers, saved.initContainers).map(
    restore,
  );
  // A native proxy's settings were written among the containers.
  const native = status.initContainers.includes(PROXY) ? findContainer(PROXY, initContainers) : undefined;
  if (native !== undefined) {
    initContainers = initContainers.filter((container) => container !== native);
    containers.push(native);
  }
  const annotations = restoreScraping(
    withoutKeys(pod.metadata.annotations ?? {}, [STATUS, OVERRIDES]),
    envValue(proxy, ENV_SCRAPING),
    statusPort,
    features,
  );
  const spec = { ...pod.spec, containers, initContainers };
  return { ...pod, metadata: { ...pod.metadata, annotations }, spec: withoutUnusedVolumes(spec, status.volumes) };
}
