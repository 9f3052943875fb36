/**
 * What a load test believes of an answer: only what it has checked itself. Decodes the AdmissionReview, applies the patch to the
 * pod that was sent, and looks at the result.
 */
import jsonpatch from 'fast-json-patch';
import type { Review } from '../fleet/fleet.ts';

export interface Answer {
  readonly allowed: boolean;
  readonly patched: boolean;
  /** The pod as the apiserver would store it. */
  readonly pod: Record<string, unknown>;
}

interface Container {
  readonly name: string;
}

/** Throws an Error that says what is wrong with the answer; `decodeBase64` is the runtime's own. */
export function readAnswer(review: Review, body: string, decodeBase64: (text: string) => string): Answer {
  const answer = JSON.parse(body) as {
    apiVersion?: string;
    kind?: string;
    response?: { uid?: string; allowed?: boolean; patch?: string; patchType?: string; status?: { message?: string } };
  };
  const { response } = answer;
  if (answer.apiVersion !== review.apiVersion || answer.kind !== review.kind)
    throw new Error('answered in another version');
  if (response === undefined) throw new Error('no response');
  if (response.uid !== review.request.uid) throw new Error(`uid ${response.uid} instead of ${review.request.uid}`);
  if (response.allowed !== true) throw new Error(`denied: ${response.status?.message}`);
  if ((response.patch === undefined) !== (response.patchType === undefined)) throw new Error('patch without patchType');
  const pod = JSON.parse(JSON.stringify(review.request.object)) as Record<string, unknown>;
  if (response.patch === undefined) return { allowed: true, patched: false, pod };
  const operations = JSON.parse(decodeBase64(response.patch)) as jsonpatch.Operation[];
  const result = jsonpatch.applyPatch(pod, operations, true, true).newDocument;
  return { allowed: true, patched: operations.length > 0, pod: result };
}

/** Throws unless the sidecar `name` is there exactly once, native or classic, and every container of the user is still there. */
export function checkInjected(review: Review, answer: Answer, name: string): void {
  const names = containerNames(answer.pod);
  if (names.filter((each) => each === name).length !== 1)
    throw new Error(`${name} is not there once but: ${names.join(', ')}`);
  for (const own of containerNames(review.request.object)) {
    if (!names.includes(own)) throw new Error(`container ${own} of the user is gone`);
  }
}

/** Throws unless an Istio-style pod says that this revision injected it. */
export function checkRevision(answer: Answer, revision: string): void {
  const { annotations } = answer.pod.metadata as { annotations?: Readonly<Record<string, string>> };
  const status = JSON.parse(annotations?.['sidecar.istio.io/status'] ?? '{}') as { revision?: string };
  if (status.revision !== revision) throw new Error(`injected by revision ${status.revision} instead of ${revision}`);
}

function containerNames(pod: Record<string, unknown>): string[] {
  const spec = pod.spec as { containers?: Container[]; initContainers?: Container[] };
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((container) => container.name);
}
