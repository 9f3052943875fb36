/**
 * One review through routing's and the injector's own functions, without a server: what a request to this mesh and revision would
 * come to.
 */
import { injectReview } from '../../workers/inject/inject.ts';
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { REASONS, reasonOf } from '../../workers/inject/reason.ts';
import {
  namedOutcome,
  podTemplateOf,
  type ResourceOutcome,
  transformWorkloads,
} from '../../workers/inject/workload.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import type { CompiledPolicies } from '../../workers/policy/policy-set.ts';
import type { ClusterContext, Outcome } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { decodeReview } from '../admission/decode.ts';
import { type ClusterView, UNKNOWN_CLUSTER } from '../routing/cluster.ts';
import type { Mesh } from '../snapshot.ts';
import { createdPod, creationReview, namespaceOf, templateMetadata } from './created-pod.ts';

/** Where a request is sent, and what is known around it. */
export interface Destination {
  readonly mesh: Mesh;
  readonly revision: CompiledRevision;
  readonly params: Readonly<Record<string, string>>;
  /** Null: nothing is known about the cluster. */
  readonly cluster: ClusterView | null;
  /** Replaces what the cluster knows of the pod's namespace. */
  readonly namespace?: ClusterContext['namespace'];
  /** Pod policies around the injection, where there are any. */
  readonly policies?: CompiledPolicies;
  /** Replaces all that the cluster knows. */
  readonly context?: ClusterContext;
  /** The label by which policies may choose another revision; left out where they may not. */
  readonly revisionLabel?: string;
}

export interface TrialResult {
  readonly outcome: Outcome;
  readonly patch: readonly Operation[];
  /** What policies set `revisionLabel` to, where the pod came with something else. */
  readonly revisionAsked?: string;
}

/** What is known about the cluster around a review, as the gateway gives it to a worker. */
export function contextOf(destination: Destination, review: string): ClusterContext {
  const { cluster, mesh, namespace, context } = destination;
  if (context !== undefined) return context;
  const decoded = cluster === null ? null : decodeReview(Buffer.from(review));
  const known =
    cluster === null || decoded === null || !decoded.ok
      ? UNKNOWN_CLUSTER
      : cluster.contextFor(decoded.header, mesh.provider === 'istio');
  return namespace === undefined ? known : { ...known, namespace };
}

/** Sends a review (JSON). Never throws: a review that can not be read is an outcome too. */
export function tryReview(destination: Destination, review: string): TrialResult {
  const decoded = decodeReview(Buffer.from(review));
  if (decoded.ok && destination.mesh.ignoredNamespaces.includes(decoded.header.namespace)) {
    return { outcome: { kind: 'skipped', reason: 'NAMESPACE_IGNORED' }, patch: [] };
  }
  const { revision, params, revisionLabel } = destination;
  const task = {
    revision: revision.source.digest,
    review,
    params,
    cluster: contextOf(destination, review),
    ...(revisionLabel === undefined ? {} : { revisionLabel }),
  };
  const policies = destination.policies?.forName(undefined) ?? null;
  const { outcome, body, revisionAsked } = injectReview(task, () => revision, policies);
  const { response } = JSON.parse(body) as { response: { patch?: string } };
  const patch = response.patch === undefined ? [] : JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8'));
  return { outcome, patch, ...(revisionAsked === undefined ? {} : { revisionAsked }) };
}

/**
 * Injects a workload, or every workload of a List, as the webhook would inject the pods that they create in a cluster. `fallback` is
 * the namespace of resources that name none. A pod that would be denied, or
 * not be answered, is refused.
 */
export function injectCreated(choose: ChooseDestination, resource: JsonObject, fallback: string): ResourceOutcome {
  return transformWorkloads(resource, (workload) => injectWorkload(choose, workload, fallback));
}

/** Where a review (JSON) goes; why it is denied, when a label asks for a revision that the mesh does not have. */
export type ChooseDestination = (review: string) => Destination | { readonly denial: string };

function injectWorkload(choose: ChooseDestination, resource: JsonObject, fallback: string): ResourceOutcome {
  const template = podTemplateOf(resource);
  if (template === null) return { kind: 'untouched', skipped: [] };
  const namespace = namespaceOf(template, fallback);
  const pod = createdPod(template, namespace);
  const review = creationReview(pod, namespace);
  const destination = choose(review);
  const { outcome, patch } =
    'denial' in destination ? { outcome: unserved(destination.denial), patch: [] } : tryReview(destination, review);
  if (outcome.kind === 'denied' || outcome.kind === 'failed') {
    return { kind: 'denied', denied: [namedOutcome(template, outcome.code, outcome.message)], skipped: [] };
  }
  if (patch.length === 0) {
    const code = outcome.kind === 'skipped' ? outcome.reason : 'ALREADY_INJECTED';
    return { kind: 'untouched', skipped: [namedOutcome(template, code, reasonOf(code)?.sentence ?? code)] };
  }
  const { metadata, spec } = applyPatch(pod, patch) as { metadata: JsonObject; spec: JsonObject };
  return { kind: 'changed', resource: template.with(templateMetadata(template, metadata), spec), skipped: [] };
}

function unserved(denial: string): Outcome {
  const message = `${REASONS.REVISION_UNSERVED.sentence}: ${denial}`;
  return { kind: 'denied', code: 'REVISION_UNSERVED', message };
}
