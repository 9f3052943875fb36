/** Runs InjectionTests: each pod through the injection core with its mesh's revision, and the result beside what is expected. */
import { Buffer } from 'node:buffer';
import { injectReview } from '../../workers/inject/inject.ts';
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import type { CompiledPolicies } from '../../workers/policy/policy-set.ts';
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import type { Outcome, RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { decodeReview } from '../admission/decode.ts';
import type { InjectionExpectation } from '../gitsync/kinds.ts';
import type { ResolvedTest } from '../gitsync/resolve-set.ts';
import { ClusterView, chooseCluster, UNKNOWN_CLUSTER } from '../routing/cluster.ts';
import { findRevision, RevisionChooser } from '../routing/revision-choice.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';
import { differences } from './match.ts';

export interface TestResult {
  readonly name: string;
  /** Where the test is written. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** One sentence for each thing that is not as expected; empty when the test passes. */
  readonly failures: readonly string[];
}

/**
 * Runs tests against the snapshot they came with.
 * @param compile gives a revision's injector; called once for each revision that a test needs.
 */
export function runInjectionTests(
  snapshot: Snapshot,
  tests: ReadonlyMap<string, ResolvedTest>,
  prefix: string,
  compile: TestCompilers,
): readonly TestResult[] {
  const compiled = new Map<string, CompiledRevision>();
  const injectorOf = (source: RevisionSource): CompiledRevision => {
    const known = compiled.get(source.digest) ?? compile.revision(source);
    compiled.set(source.digest, known);
    return known;
  };
  const served = snapshot.policies === null ? null : compile.policies(snapshot.policies);
  return [...tests.values()].map((test) => {
    const policiesOf = ({ placed }: ResolvedTest): CompiledPolicies | null => {
      const { policies } = placed.document.spec;
      return policies === undefined ? served : chosenPolicies(snapshot, policies, compile);
    };
    const { file, document } = test.placed;
    const place = document.source.locate(['metadata', 'name']);
    return {
      name: document.name,
      file: prefix + file,
      ...place,
      failures: runTest(snapshot, test, injectorOf, policiesOf(test)),
    };
  });
}

/** What makes revisions and policies of their sources. */
export interface TestCompilers {
  /** Called once for each revision that a test needs. */
  readonly revision: (source: RevisionSource) => CompiledRevision;
  readonly policies: (source: PolicySetSource) => CompiledPolicies;
}

/** The named policies alone, awake. */
function chosenPolicies(snapshot: Snapshot, names: readonly string[], compile: TestCompilers): CompiledPolicies | null {
  const chosen = (snapshot.policies?.policies ?? []).filter(({ name }) => names.includes(name));
  if (chosen.length === 0) return null;
  return compile.policies({ digest: '', policies: chosen.map((each) => ({ ...each, suspend: false })) });
}

function runTest(
  snapshot: Snapshot,
  test: ResolvedTest,
  injectorOf: (source: RevisionSource) => CompiledRevision,
  policies: CompiledPolicies | null,
): readonly string[] {
  const { spec } = test.placed.document;
  const mesh = snapshot.meshes.get(spec.mesh);
  const source = mesh === undefined ? undefined : findRevision(mesh, spec.revision ?? mesh.defaultRevision);
  if (mesh === undefined || source === undefined) return [`mesh ${spec.mesh} has no revision ${spec.revision ?? ''}`];
  const text = test.review ?? reviewOf(spec.pod ?? {}, spec.namespace ?? '');
  const object = objectOf(text);
  if (object === null) return ['the review is not an AdmissionReview with an object'];
  const missing = (spec.policies ?? []).find((name) => !snapshot.policies?.policies.some((each) => each.name === name));
  if (missing !== undefined) return [`there is no policy ${missing}`];
  const inject = (review: string) => injectOnce(snapshot, mesh, source, { ...spec, review }, injectorOf, policies);
  const { outcome, pod, problem, response } = inject(text);
  if (problem !== null) return [problem];
  const failures = [
    ...outcomeFailures(spec.expect, outcome),
    ...podFailures(spec.expect, object, pod),
    ...answerFailures(spec.expect, response),
  ];
  if (failures.length === 0 && outcome.kind === 'patched' && spec.expect.idempotent !== false) {
    const again = inject(withObject(text, pod));
    const changes = differences(pod, again.pod, '').concat(differences(again.pod, pod, ''));
    if (changes.length > 0) failures.push(`injecting the pod once more changes it: ${changes[0]}`);
  }
  return failures;
}

interface Once {
  readonly cluster?: string;
  /** Left out: labels say it, else it is the default. */
  readonly revision?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly review: string;
}

function injectOnce(
  snapshot: Snapshot,
  mesh: Mesh,
  source: RevisionSource,
  { cluster, revision, params = {}, review }: Once,
  injectorOf: (source: RevisionSource) => CompiledRevision,
  policies: CompiledPolicies | null,
): {
  readonly outcome: Outcome;
  readonly pod: JsonObject;
  readonly problem: string | null;
  readonly response: TestedResponse;
} {
  const before = objectOf(review) ?? {};
  const decoded = decodeReview(Buffer.from(review));
  const failed = (problem: string) => ({ outcome: { kind: 'patched' } as const, pod: before, problem, response: {} });
  if (!decoded.ok) return failed(`the review can not be read: ${decoded.problem.code}`);
  if (mesh.ignoredNamespaces.includes(decoded.header.namespace)) {
    return { outcome: { kind: 'skipped', reason: 'NAMESPACE_IGNORED' }, pod: before, problem: null, response: {} };
  }
  const known =
    cluster === undefined ? chooseCluster(snapshot, mesh, params) : (snapshot.clusters.get(cluster) ?? null);
  const view = known === null ? null : new ClusterView(known);
  const unserved = (message: string) => {
    const outcome = { kind: 'denied', code: 'REVISION_UNSERVED', message } as const;
    return { outcome, pod: before, problem: null, response: {} };
  };
  const chooser = revision === undefined ? new RevisionChooser(mesh, null) : null;
  const choice = chooser?.choose(source, decoded.header, view) ?? ({ ok: true, revision: source } as const);
  if (!choice.ok) return unserved(choice.message);
  const revisionLabel = chooser?.labelForPolicies(decoded.header.namespace, view) ?? null;
  const task = {
    review,
    params,
    cluster: view === null ? UNKNOWN_CLUSTER : view.contextFor(decoded.header, mesh.provider === 'istio'),
    ...(revisionLabel === null ? {} : { revisionLabel }),
  };
  const answer = ({ revision: { digest }, revision }: { readonly revision: RevisionSource }) =>
    injectReview({ ...task, revision: digest }, () => injectorOf(revision), policies?.forName(undefined) ?? null);
  let made = answer(choice);
  // A policy may have given the pod the label of another revision.
  const asked = made.revisionAsked === undefined ? undefined : chooser?.chooseNamed(source, made.revisionAsked);
  if (asked?.ok === false) return unserved(asked.message);
  if (asked !== undefined) made = answer(asked);
  const { outcome, body } = made;
  const { response } = JSON.parse(body) as { response: TestedResponse };
  return { outcome, pod: patched(before, body), problem: null, response };
}

/** The object with the patch of an answer applied. */
function patched(object: JsonObject, answer: string): JsonObject {
  const { response } = JSON.parse(answer) as { response: { patch?: string } };
  if (response.patch === undefined) return object;
  const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString()) as Operation[];
  return applyPatch(object, patch) as JsonObject;
}

interface TestedResponse {
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

function answerFailures(expect: InjectionExpectation, response: TestedResponse): readonly string[] {
  const { warnings = [], auditAnnotations = {} } = response;
  const failures = (expect.warnings ?? [])
    .filter((part) => !warnings.some((warning) => warning.includes(part)))
    .map((part) => `no warning has ${JSON.stringify(part)} in it; there are ${JSON.stringify(warnings)}`);
  if (expect.auditAnnotations === undefined) return failures;
  return [...failures, ...differences(expect.auditAnnotations, auditAnnotations, 'auditAnnotations')];
}

function outcomeFailures(expect: InjectionExpectation, outcome: Outcome): string[] {
  const reason = outcome.kind === 'skipped' ? outcome.reason : outcome.kind === 'patched' ? '' : outcome.code;
  const message = outcome.kind === 'denied' || outcome.kind === 'failed' ? outcome.message : '';
  const was = `${outcome.kind}${reason === '' ? '' : ` (${reason})`}${message === '' ? '' : `: ${message}`}`;
  if (outcome.kind !== expect.outcome) return [`the outcome must be ${expect.outcome}, and is ${was}`];
  if (expect.reason !== undefined && reason !== expect.reason)
    return [`the reason must be ${expect.reason}, and it is ${was}`];
  if (expect.message !== undefined && !message.includes(expect.message)) {
    return [`the message must have ${JSON.stringify(expect.message)} in it, and it is ${was}`];
  }
  return [];
}

function podFailures(expect: InjectionExpectation, before: JsonObject, after: JsonObject): readonly string[] {
  const failures: string[] = [];
  if (expect.unchanged === true && JSON.stringify(before) !== JSON.stringify(after))
    failures.push('the pod must stay as it was');
  for (const list of ['containers', 'initContainers'] as const) {
    const wanted = expect[list];
    const names = namesOf(after, list);
    if (wanted !== undefined && JSON.stringify(wanted) !== JSON.stringify(names)) {
      failures.push(`spec.${list} must be ${wanted.join(', ')}, and is ${names.join(', ')}`);
    }
  }
  const volumes = namesOf(after, 'volumes');
  for (const name of expect.volumes ?? []) {
    if (!volumes.includes(name)) failures.push(`spec.volumes has no ${name}; it has ${volumes.join(', ')}`);
  }
  if (expect.pod !== undefined) failures.push(...differences(expect.pod, after, ''));
  return failures;
}

function namesOf(pod: JsonObject, list: string): readonly string[] {
  const { spec } = pod as { spec?: JsonObject };
  const items = spec?.[list];
  return Array.isArray(items) ? items.map((item) => String((item as { name?: JsonValue } | null)?.name)) : [];
}

/** A review as the apiserver would send it for a pod that a test writes out. */
function reviewOf(pod: JsonObject, namespace: string): string {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const metadata = (pod['metadata'] ?? {}) as JsonObject;
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    ...pod,
    metadata: { ...(namespace === '' ? {} : { namespace }), ...metadata },
  };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '00000000-0000-4000-8000-000000000000',
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      namespace,
      operation: 'CREATE',
      object,
    },
  });
}

interface Review {
  readonly request?: { readonly object?: JsonObject };
}

function objectOf(text: string): JsonObject | null {
  try {
    const { request } = JSON.parse(text) as Review;
    return typeof request?.object === 'object' ? request.object : null;
  } catch {
    return null;
  }
}

function withObject(text: string, object: JsonObject): string {
  const review = JSON.parse(text) as Review;
  return JSON.stringify({ ...review, request: { ...review.request, object } });
}
