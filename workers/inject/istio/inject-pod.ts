/**
 * Istio's injection of one pod that is to be injected. The stages, each in a file of its own: annotations are validated, what an
 * earlier injection added is taken out of the templates' view, templates are rendered and merged, the user's own containers are
 * merged over that, the init container learns the proxy's user, and post-processing finishes the pod.
 */
import { Denial } from '../reason.ts';
import { type ReuseWatch, TOKEN_VOLUME_PREFIX, watched } from '../reuse.ts';
import { addLocation } from './cluster-env.ts';
import { proxyImage, proxyInitImage } from './image.ts';
import { withUserOfProxy } from './init-user.ts';
import { mergeTemplates } from './merge.ts';
import { holdApplicationUntilProxyStarts } from './mesh/config.ts';
import type { ResolvedProxyConfig } from './mesh/proxy-config-source.ts';
import { PROXY_CONFIG, STATUS } from './names.ts';
import type { ProxyIds } from './openshift.ts';
import { withOverrides, withSavedContainers } from './overrides.ts';
import type { Workload } from './owner.ts';
import { type Container, type Pod, type StringMap, stringAt } from './pod.ts';
import { postProcess } from './post-process.ts';
import { withoutMergedScraping } from './prometheus.ts';
import type { IstioRevision } from './revision.ts';
import { selectTemplates } from './select-templates.ts';
import { decodeStatus, type InjectionStatus } from './status.ts';
import type { ProxyEnv } from './url-env.ts';
import { validateAnnotations } from './validate-annotations.ts';

/** What is known about a pod beside the pod itself. */
export interface Surroundings {
  readonly workload: Workload;
  /** What the request's URL asks for. */
  readonly env: ProxyEnv;
  readonly ids: ProxyIds;
  readonly nativeSidecars: boolean;
  /** Present when the answer would be kept for the pod's replicas. */
  readonly watch?: ReuseWatch;
}

/** ProxyConfig.InterceptionMode. */
const TPROXY = 1;

function proxyConfigOf(revision: IstioRevision, annotations: StringMap | undefined): ResolvedProxyConfig {
  const outcome = revision.proxyConfigs.get(stringAt(annotations, PROXY_CONFIG));
  // Validation has seen the annotation before.
  if (!outcome.ok) throw new Denial('ANNOTATION_INVALID', PROXY_CONFIG);
  return outcome.resolved;
}

/** The pod as templates see it: what an injector added before is not the user's. */
function templateView(pod: Pod, status: InjectionStatus | undefined, revision: IstioRevision): Pod {
  if (status === undefined || !status.readable) return withSavedContainers(pod);
  const { metrics, features } = revision.post;
  const kept = (containers: readonly Container[] | null | undefined, injected: readonly string[]) => {
    const names = new Set(injected);
    return (containers ?? []).filter(({ name }) => !names.has(name));
  };
  const { [STATUS]: _, ...annotations } = withoutMergedScraping(
    pod.metadata.annotations ?? {},
    metrics.statusPort,
    features,
  );
  const spec = {
    ...pod.spec,
    containers: kept(pod.spec.containers, status.containers),
    initContainers: kept(pod.spec.initContainers, status.initContainers),
  };
  return withSavedContainers({ ...pod, metadata: { ...pod.metadata, annotations }, spec });
}

/**
 * The injected pod. `pod` is in typed form, with its namespace, and is not changed. Throws Denial with any of the codes of the
 * stages.
 */
export function injectPod(revision: IstioRevision, pod: Pod, surroundings: Surroundings): Pod {
  const { features, values } = revision;
  const { annotations } = pod.metadata;
  validateAnnotations(annotations, revision.annotationChecks);
  const status = decodeStatus(annotations);
  const proxyConfig = proxyConfigOf(revision, annotations);
  const env: ProxyEnv = new Map(surroundings.env);
  addLocation(env, pod.metadata, values.location);

  const view = templateView(pod, status, revision);
  const seen = view.metadata.annotations ?? {};
  const data = revision.data({
    pod: surroundings.watch === undefined ? view : watched(view, surroundings.watch),
    workload: surroundings.workload,
    proxyConfig,
    proxyImage: proxyImage(values.images, proxyConfig.config.image, seen, features),
    proxyInitImage: proxyInitImage(values.images, seen),
    nativeSidecars: surroundings.nativeSidecars,
    ids: surroundings.ids,
  });
  const names = selectTemplates(annotations, revision.choice);
  const merged = mergeTemplates(pod, names, revision.overlays, data, surroundings.nativeSidecars, features);

  if (merged.template.spec.volumes?.some(({ name }) => name?.startsWith(TOKEN_VOLUME_PREFIX)))
    surroundings.watch?.refuse();

  let injected = withOverrides(merged.pod, pod, merged.template.spec, status, features);
  if (features.adjustInitUser) {
    injected = withUserOfProxy(injected, pod, proxyConfig.config.interceptionMode === TPROXY);
  }
  const hold = holdApplicationUntilProxyStarts(proxyConfig.config) || values.holdApplication;
  return postProcess(injected, merged.template.spec, env, hold, revision.post);
}
