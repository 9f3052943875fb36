/**
 * Pods that vcluster has synced from a virtual cluster to its host (loft-sh/vcluster, pkg/controllers/resources/pods/translate and
 * pkg/util/translate). The copy has the labels and annotations of the pod it was made from, so that the label that had it injected
 * inside asks for injection once more outside; its fieldRefs point at annotations of vcluster's (`metadata.name` became
 * `metadata.annotations['vcluster.loft.sh/name']`), and a second sidecar's would not. So such a pod is recognised before anything
 * else looks at it, and the mesh says what becomes of it. One that was injected inside is never injected again.
 */
import { applyPatch } from '../jsonpatch/apply.ts';
import { type Operation, PatchError } from '../jsonpatch/operation.ts';
import type { RevisionSource } from '../protocol.ts';
import type { JsonObject } from '../template/value.ts';
import type { Step } from './explanation.ts';
import { INJECT as ISTIO_INJECT, STATUS as ISTIO_STATUS, REVISION } from './istio/names.ts';
import { INJECT as LINKERD_INJECT } from './linkerd/annotations.ts';
import type { CompiledRevision, InjectDecision, InjectRequest } from './provider.ts';
import { REASONS, type SkipCode } from './reason.ts';
import { holdsAdditions } from './template/additions.ts';
import { isObject, memberOf, objectsOf, textOf } from './template/members.ts';
import { readStatus } from './template/status.ts';

/** Label with the vcluster's name on everything it syncs, and annotation with the name that the object has inside. */
const MANAGED_BY = 'vcluster.loft.sh/managed-by';
const OBJECT_NAME = 'vcluster.loft.sh/object-name';

/** Containers of a finished injection; an `istio-proxy` whose image is still to be filled in is the user's own setting. */
const PROXIES: ReadonlySet<string> = new Set(['istio-proxy', 'linkerd-proxy']);
const UNFILLED_IMAGES: ReadonlySet<string | undefined> = new Set([undefined, '', 'auto']);

/** Whether vcluster synced an object; one look-up for all others. */
export function isSyncedPod(object: JsonObject): boolean {
  const { metadata } = object;
  if (!isObject(metadata)) return false;
  const { labels } = metadata;
  if (!isObject(labels) || !Object.hasOwn(labels, MANAGED_BY)) return false;
  return (textOf(metadata['annotations'], OBJECT_NAME) ?? '') !== '';
}

/** The revision with what its mesh says of synced pods; every other request goes through as it is. */
export function withVcluster(revision: CompiledRevision): CompiledRevision {
  const { source } = revision;
  return {
    ...revision,
    inject: (request) => {
      if (!isSyncedPod(request.object) || request.kind.kind === 'Service') return revision.inject(request);
      return decideSynced(source, request.object) ?? revision.inject(request);
    },
  };
}

/** Null where the pod is to be injected like any other. */
function decideSynced(source: RevisionSource, pod: JsonObject): InjectDecision | null {
  const handling = source.vcluster ?? 'Allow';
  const reason: SkipCode | null = wasInjected(pod, source.mesh)
    ? 'VCLUSTER_INJECTED'
    : handling === 'Allow'
      ? null
      : 'VCLUSTER_SYNCED';
  if (reason === null) return null;
  const patch = handling === 'StripLabels' ? stripPatch(pod, triggersOf(source)) : [];
  if (patch.length === 0) return { kind: 'skipped', reason };
  try {
    applyPatch(pod, patch);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    return { kind: 'failed', code: 'PATCH_UNPROVED', message: `${REASONS.PATCH_UNPROVED.sentence}: ${error.message}` };
  }
  return { kind: 'skipped', reason, patch };
}

/**
 * Whether an injector has been at the pod, whichever: neither its revision nor its fieldRefs need be ours. Images may have another
 * registry, for vcluster can rewrite them, so that containers count by name.
 */
function wasInjected(pod: JsonObject, mesh: string): boolean {
  const spec = memberOf(pod, 'spec');
  const containers = [...objectsOf(spec, 'initContainers'), ...objectsOf(spec, 'containers')];
  if (
    containers.some((each) => PROXIES.has(textOf(each, 'name') ?? '') && !UNFILLED_IMAGES.has(textOf(each, 'image')))
  ) {
    return true;
  }
  const status = textOf(memberOf(memberOf(pod, 'metadata'), 'annotations'), ISTIO_STATUS);
  if (status !== undefined && namesOne(status, new Set(containers.map((each) => textOf(each, 'name'))))) return true;
  const own = readStatus(pod, mesh);
  return own !== null && holdsAdditions(pod, own.added);
}

/** Whether a status annotation of Istio's names a container that is there; a copied one names none. */
function namesOne(status: string, present: ReadonlySet<string | undefined>): boolean {
  let value: unknown;
  try {
    value = JSON.parse(status);
  } catch {
    return false;
  }
  if (typeof value !== 'object' || value === null) return false;
  const { containers, initContainers } = value as Record<string, unknown>;
  return [containers, initContainers]
    .flatMap((list): unknown[] => (Array.isArray(list) ? list : []))
    .some((name) => typeof name === 'string' && present.has(name));
}

interface Trigger {
  readonly member: 'labels' | 'annotations';
  readonly name: string;
  /** Whether a value asks for injection: what refuses it stays, for without it others might inject. */
  readonly asks: (value: string) => boolean;
}

/** Labels and annotations that would have the pod injected once more, by this gateway or by another webhook after it. */
function triggersOf({ spec }: RevisionSource): readonly Trigger[] {
  switch (spec.provider) {
    case 'istio': {
      const asks = (value: string) => value !== 'false';
      return [
        { member: 'labels', name: ISTIO_INJECT, asks },
        { member: 'annotations', name: ISTIO_INJECT, asks },
        { member: 'labels', name: REVISION, asks: () => true },
      ];
    }
    case 'linkerd':
      return [{ member: 'annotations', name: LINKERD_INJECT, asks: (value) => value !== 'disabled' }];
    case 'template': {
      const asks = (value: string) => value === 'enabled' || value === 'true';
      return [
        { member: 'labels', name: spec.injectKey, asks },
        { member: 'annotations', name: spec.injectKey, asks },
      ];
    }
  }
}

function stripPatch(pod: JsonObject, triggers: readonly Trigger[]): Operation[] {
  const metadata = memberOf(pod, 'metadata');
  return triggers.flatMap(({ member, name, asks }): Operation[] => {
    const value = textOf(memberOf(metadata, member), name);
    if (value === undefined || !asks(value)) return [];
    return [{ op: 'remove', path: `/metadata/${member}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` }];
  });
}

/**
 * The step that tells of a synced pod; null for all others. It ends the explanation where the pod is not injected. `decision`: what
 * the revision made of the request.
 */
export function explainVcluster(source: RevisionSource, request: InjectRequest, decision: InjectDecision): Step | null {
  if (!isSyncedPod(request.object) || request.kind.kind === 'Service') return null;
  const metadata = memberOf(request.object, 'metadata');
  const vcluster = textOf(memberOf(metadata, 'labels'), MANAGED_BY) ?? '';
  const inside = textOf(memberOf(metadata, 'annotations'), OBJECT_NAME) ?? '';
  const saw = `label ${MANAGED_BY}: ${vcluster}; annotation ${OBJECT_NAME}: ${inside}; vcluster: ${source.vcluster ?? 'Allow'}`;
  const code = decision.kind === 'skipped' ? vclusterCode(decision.reason) : undefined;
  if (code === undefined || decision.kind !== 'skipped') {
    return { rule: 'vcluster', saw, effect: 'next', says: `the mesh injects pods synced from vcluster ${vcluster}` };
  }
  const removed = (decision.patch ?? []).map(({ path }) => path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~'));
  const without = removed.length === 0 ? '' : `; removed so that nothing else injects it: ${removed.join(', ')}`;
  return { rule: 'vcluster', saw, effect: 'skip', code, says: `${REASONS[code].sentence}${without}` };
}

function vclusterCode(reason: string): SkipCode | undefined {
  return reason === 'VCLUSTER_INJECTED' || reason === 'VCLUSTER_SYNCED' ? reason : undefined;
}
