/**
 * What no template can do, in Istio's order: cluster and network, metrics, the port of metrics behind mTLS, probes, the status
 * annotation, the order of containers.
 */

import { withClusterEnv } from './cluster-env.ts';
import type { Features } from './features.ts';
import { ENV_NETWORK, ENV_PROBERS, NETWORK_LABEL, PROXY, STATUS } from './names.ts';
import { type Container, type EnvVar, type Pod, type PodSpec, type StringMap, stringAt } from './pod.ts';
import { mergeProbers } from './probers-merge.ts';
import { agentPort, collectProbers, encodeProbers, type Probers, redirectHandlers, rewritesProbes } from './probes.ts';
import { type MetricsMerge, mergeScraping, withSecurePort } from './prometheus.ts';
import { reordered } from './reorder.ts';
import type { StatusEncoder } from './status.ts';
import type { ProxyEnv } from './url-env.ts';

/** What a revision says about the steps here. */
export interface PostSettings {
  readonly features: Features;
  readonly metrics: MetricsMerge;
  readonly rewriteProbes: boolean;
  readonly status: StatusEncoder;
  readonly injectedAnnotations: StringMap;
}

interface Draft {
  containers: Container[] | undefined;
  initContainers: Container[] | undefined;
  annotations: StringMap;
}

function draftOf(pod: Pod): Draft {
  return {
    containers: pod.spec.containers?.slice(),
    initContainers: pod.spec.initContainers?.slice(),
    annotations: pod.metadata.annotations ?? {},
  };
}

function drafted(spec: PodSpec, draft: Draft): PodSpec {
  const result: PodSpec = { ...spec };
  if (draft.containers !== undefined) result.containers = draft.containers;
  if (draft.initContainers !== undefined) result.initContainers = draft.initContainers;
  return result;
}

interface Located {
  readonly list: Container[];
  readonly at: number;
}

/** Where the proxy is: the first one among the containers, else among the init containers. */
function locateProxy({ containers, initContainers }: Draft): Located | undefined {
  return locateIn(containers) ?? locateIn(initContainers);
}

function locateIn(list: Container[] | undefined): Located | undefined {
  if (list === undefined) return undefined;
  for (let at = 0; at < list.length; at++) if (list[at]?.name === PROXY) return { list, at };
  return undefined;
}

/** The environment with the probers in it: added, or merged with those of an earlier injection, which win. */
function withProbers(env: readonly EnvVar[], probers: Probers, injectedBefore: boolean, features: Features): EnvVar[] {
  const at = injectedBefore ? env.findIndex(({ name }) => name === ENV_PROBERS) : -1;
  const existing = env[at];
  if (existing === undefined) {
    if (injectedBefore && !features.appendProbersOnReinjection) return [...env];
    return [...env, { name: ENV_PROBERS, value: encodeProbers(probers) }];
  }
  const merged = mergeProbers(existing.value ?? '', probers);
  return merged === undefined ? [...env] : env.with(at, { name: ENV_PROBERS, value: merged });
}

/** The pod with all its handlers at the agent, and the agent knowing about them. */
export function withRewrittenProbes(pod: Pod, settings: PostSettings): Pod {
  const draft = draftOf(pod);
  rewriteProbes(draft, locateProxy(draft), pod.spec, settings);
  return { ...pod, spec: drafted(pod.spec, draft) };
}

function rewriteProbes(draft: Draft, proxy: Located | undefined, spec: PodSpec, settings: PostSettings): void {
  const { features, metrics } = settings;
  if (proxy === undefined || !rewritesProbes(draft.annotations, settings.rewriteProbes)) return;
  const probers = collectProbers(spec, metrics.statusPort, features);
  const container = proxy.list[proxy.at];
  if (probers.size > 0 && container !== undefined) {
    const injectedBefore = stringAt(draft.annotations, STATUS) !== undefined;
    proxy.list[proxy.at] = { ...container, env: withProbers(container.env ?? [], probers, injectedBefore, features) };
  }
  const port = agentPort(draft.annotations, metrics.statusPort);
  draft.containers = draft.containers?.map((item) => redirectHandlers(item, port, features));
  draft.initContainers = draft.initContainers?.map((item) => redirectHandlers(item, port, features));
}

/**
 * Finishes the injected pod. `template`: what the templates gave, for the status. `holdApplication`: applications start after
 * the proxy. Throws Denial SCRAPE_PORT_INVALID.
 */
export function postProcess(
  pod: Pod,
  template: PodSpec,
  env: ProxyEnv,
  holdApplication: boolean,
  settings: PostSettings,
): Pod {
  const draft = draftOf(pod);
  const place = locateProxy(draft);
  const original = place?.list[place.at];
  const located = original && withClusterEnv(original, env);
  const scraping = mergeScraping(draft.annotations, located, settings.metrics, settings.features);
  draft.annotations = scraping.annotations;
  if (place !== undefined && scraping.proxy !== undefined) place.list[place.at] = scraping.proxy;
  if (settings.features.securePortAnnotation) {
    draft.annotations = withSecurePort(draft.annotations, scraping.proxy);
  }
  rewriteProbes(draft, place, pod.spec, settings);

  const network = env.get(ENV_NETWORK);
  const metadata = { ...pod.metadata };
  if (network !== undefined) metadata.labels = { ...metadata.labels, [NETWORK_LABEL]: network };
  metadata.annotations = {
    ...draft.annotations,
    [STATUS]: settings.status.encode(template),
    ...settings.injectedAnnotations,
  };
  const { containers, initContainers } = reordered(draft, holdApplication);
  const spec: PodSpec = { ...pod.spec, containers: [...containers] };
  if (initContainers !== null) spec.initContainers = [...initContainers];
  return { ...pod, metadata, spec };
}
