/** Templates over a pod: each sees the pod as it was, their overlays are merged one after another. */

import { TypedPodError } from '../../kube/typed-pod.ts';
import { MergeError } from '../../merge/merge-error.ts';
import { TemplateError } from '../../template/errors.ts';
import type { GoRef, JsonObject } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import type { Overlay } from '../overlay/overlay.ts';
import type { RenderedOverlay } from '../overlay/typed-lists.ts';
import { mergeOverlay, overlayAlone } from '../overlay/typed-merge.ts';
import { Denial } from '../reason.ts';
import type { Features } from './features.ts';
import { NATIVE_SIDECAR, PROXY } from './names.ts';
import { findContainer, type Pod, stringAt } from './pod.ts';

/** More templates than this on one pod are refused. */
export const MAX_TEMPLATES = 64;

export interface Merged {
  /** The pod with all overlays merged into it. */
  readonly pod: Pod;
  /** The overlays alone, merged into an empty pod: what was injected. */
  readonly template: Pod;
}

const EMPTY_POD: Pod = { metadata: {}, spec: {} };

function render(name: string, overlays: ReadonlyMap<string, Overlay>, data: GoRef): RenderedOverlay {
  const overlay = overlays.get(name);
  if (overlay === undefined) {
    throw new Denial(
      'TEMPLATE_UNKNOWN',
      `${JSON.stringify(name)}; there are ${[...overlays.keys()].sort().join(', ')}`,
    );
  }
  try {
    return overlay(data);
  } catch (error) {
    if (error instanceof TemplateError) {
      throw new Denial(error.code === 'TEMPLATE_LIMIT' ? 'TEMPLATE_LIMIT' : 'TEMPLATE_FAILED', error.message);
    }
    if (error instanceof YamlError) throw new Denial('OVERLAY_MALFORMED', error.message);
    throw error;
  }
}

/** Does the work, and says in a denial what makes it impossible. */
function merging(work: () => JsonObject): Pod {
  try {
    return work() as Pod;
  } catch (error) {
    if (error instanceof MergeError) throw new Denial('OVERLAY_UNMERGEABLE', error.message);
    if (error instanceof TypedPodError) throw new Denial('OVERLAY_INVALID', error.message);
    throw error;
  }
}

/** What was injected so far, with one more overlay. */
function addedTo(template: Pod, overlay: RenderedOverlay): Pod {
  return merging(() => (template === EMPTY_POD ? overlayAlone(overlay) : null) ?? mergeOverlay(template, overlay));
}

/**
 * With native sidecars the template's proxy is an init container; users write theirs among the containers all the same. It is
 * moved, so that the two meet.
 */
function withProxyAmongInits(pod: Pod, template: Pod, native: boolean, features: Features): Pod {
  const wish = features.nativeSidecarAnnotation ? stringAt(pod.metadata.annotations, NATIVE_SIDECAR) : undefined;
  if (!(wish === 'true' || (native && wish !== 'false'))) return pod;
  if (findContainer(PROXY, template.spec.initContainers) === undefined) return pod;
  const proxy = findContainer(PROXY, pod.spec.containers);
  if (proxy === undefined) return pod;
  const containers = (pod.spec.containers ?? []).filter((container) => container !== proxy);
  const initContainers = [...(pod.spec.initContainers ?? []), proxy];
  return { ...pod, spec: { ...pod.spec, containers, initContainers } };
}

/**
 * Renders the named templates and merges them. Throws Denial TEMPLATE_UNKNOWN, TEMPLATE_FAILED, TEMPLATE_LIMIT,
 * OVERLAY_MALFORMED, OVERLAY_UNMERGEABLE, OVERLAY_INVALID.
 */
export function mergeTemplates(
  pod: Pod,
  names: readonly string[],
  overlays: ReadonlyMap<string, Overlay>,
  data: GoRef,
  native: boolean,
  features: Features,
): Merged {
  if (names.length > MAX_TEMPLATES) throw new Denial('TEMPLATE_LIMIT', `more than ${MAX_TEMPLATES} templates`);
  let merged = pod;
  let template = EMPTY_POD;
  for (const name of names) {
    const overlay = render(name, overlays, data);
    template = addedTo(template, overlay);
    const target = withProxyAmongInits(merged, template, native, features);
    merged = merging(() => mergeOverlay(target, overlay));
  }
  return { pod: merged, template };
}
