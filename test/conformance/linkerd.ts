/**
 * What Linkerd's own injector answered, case by case: the recorded webhook reviews and the generated sets of the corpus.
 * Enumerating is apart from executing, so that the core and a running gateway are checked with the same cases.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import type { ClusterContext, LinkerdRevisionSpec, OwnerRecord } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusPath, readCorpusLines } from './corpus.ts';

export interface LinkerdCase {
  readonly id: string;
  readonly set: string;
  readonly spec: LinkerdRevisionSpec;
  /** The AdmissionReview as sent. */
  readonly review: string;
  readonly cluster: ClusterContext;
  readonly expected: {
    readonly allowed: boolean;
    /** The request's object with the recorded patch applied. */
    readonly pod: JsonObject | null;
    /** Recorded skip reasons in order; empty where the pod was injected. */
    readonly reasons: readonly string[];
    /** The recorded patch can not be applied, or makes a container that is none: upstream's own fault. */
    readonly upstreamInvalid: boolean;
  };
}

interface NamespaceRecord {
  readonly name: string;
  readonly labels?: Record<string, string> | null;
  readonly annotations?: Record<string, string> | null;
}
interface RecordedOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly ownerReferences?: OwnerRecord['ownerReferences'];
  };
}
/** namespaces.json of a set. */
export interface Objects {
  readonly namespaces: readonly NamespaceRecord[];
  readonly owners?: readonly RecordedOwner[] | null;
}
interface Review {
  readonly request: { readonly namespace?: string; readonly object: JsonObject };
}

const GENERATED = ['default', 'ha', 'cni-native', 'legacy-tracing'];
/** The version of the recorded injector, which stands in linkerd.io/created-by. */
const RECORDED_VERSION = 'dev-undefined';

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}

/** The revision of a folder's values; `version` is what the recorded injector calls itself. */
export function linkerdSpec(
  folder: string,
  controlPlaneNamespace = 'linkerd',
  version: string | null = RECORDED_VERSION,
): LinkerdRevisionSpec {
  return {
    provider: 'linkerd',
    values: readFileSync(join(folder, 'values.yaml'), 'utf8'),
    trustAnchors: readFileSync(join(folder, 'trust-anchors.pem'), 'utf8'),
    controlPlaneNamespace,
    ...(version === null ? {} : { version }),
  };
}

/** What is known around a request from a namespace. */
export function linkerdCluster(objects: Objects, namespace: string): ClusterContext {
  const record = objects.namespaces.find(({ name }) => name === namespace);
  const owners: Record<string, OwnerRecord> = {};
  for (const { apiVersion, kind, metadata } of objects.owners ?? []) {
    const { name, namespace: ownerNamespace, ownerReferences = [] } = metadata;
    owners[`${kind}/${ownerNamespace}/${name}`] = {
      apiVersion,
      kind,
      name,
      namespace: ownerNamespace,
      ownerReferences,
    };
  }
  return {
    namespace: record === undefined ? null : { labels: record.labels ?? {}, annotations: record.annotations ?? {} },
    owners,
    ownersKnown: true,
    nodes: [],
    nodesKnown: false,
  };
}

function hasErrorContainer(pod: JsonObject): boolean {
  return JSON.stringify(pod['spec'] ?? null).includes('"Error":');
}

/** What a recorded answer says; `patchText` is null for an answer without a patch. */
export function linkerdExpectation(
  object: JsonObject,
  patchText: string | null,
  allowed: boolean,
  reasons: readonly string[],
): LinkerdCase['expected'] {
  if (patchText === null) return { allowed, pod: allowed ? object : null, reasons, upstreamInvalid: false };
  try {
    const pod = applyPatch(object, JSON.parse(patchText) as Operation[]) as JsonObject;
    return { allowed, pod, reasons, upstreamInvalid: hasErrorContainer(pod) };
  } catch {
    return { allowed, pod: null, reasons, upstreamInvalid: true };
  }
}

/** All recorded webhook reviews and generated requests of the corpus. */
export function* linkerdCases(): Generator<LinkerdCase> {
  yield* recordedReviews(corpusPath('linkerd'));
  for (const set of GENERATED) yield* generated(set);
}

function* recordedReviews(root: string): Generator<LinkerdCase> {
  const cases = join(root, 'cases');
  for (const name of readdirSync(cases).sort()) {
    const reviews = join(cases, name, 'reviews');
    if (!existsSync(reviews)) continue;
    for (const file of readdirSync(reviews).sort()) {
      if (!file.endsWith('.request.json')) continue;
      const at = (suffix: string) => join(reviews, file.replace('.request.json', suffix));
      const context = readJson<{
        controlPlaneNamespace: string;
        config: string;
        objects: Objects;
        report: { reasons: string[] };
      }>(at('.context.json'));
      const review = readFileSync(at('.request.json'), 'utf8');
      const { request } = JSON.parse(review) as Review;
      const patched = existsSync(at('.patch.json'));
      const response = patched ? null : readJson<{ response: { allowed: boolean } }>(at('.response.json'));
      yield {
        id: `${name}/${file.replace('.request.json', '')}`,
        set: 'cases',
        spec: linkerdSpec(join(root, 'configs', context.config), context.controlPlaneNamespace),
        review,
        cluster: linkerdCluster(context.objects, request.namespace ?? ''),
        expected: linkerdExpectation(
          request.object,
          patched ? readFileSync(at('.patch.json'), 'utf8') : null,
          response?.response.allowed ?? true,
          context.report.reasons,
        ),
      };
    }
  }
}

function* generated(set: string): Generator<LinkerdCase> {
  const folder = corpusPath('linkerd', 'generated', set);
  const spec = linkerdSpec(folder);
  const objects = readJson<Objects>(folder, 'namespaces.json');
  const responses = readCorpusLines('linkerd', 'generated', set, 'responses.ndjson') as {
    response: { allowed: boolean; patch?: string };
  }[];
  const reports = readCorpusLines('linkerd', 'generated', set, 'reports.ndjson') as { reasons: string[] }[];
  let index = 0;
  for (const review of readCorpusLines('linkerd', 'generated', set, 'requests.ndjson') as Review[]) {
    const response = responses[index]?.response;
    if (response === undefined) throw new Error(`${folder}: no response for request ${index}`);
    const patch = response.patch === undefined ? null : Buffer.from(response.patch, 'base64').toString('utf8');
    yield {
      id: `generated/${set}/${index}`,
      set: `generated/${set}`,
      spec,
      review: JSON.stringify(review),
      cluster: linkerdCluster(objects, review.request.namespace ?? ''),
      expected: linkerdExpectation(review.request.object, patch, response.allowed, reports[index]?.reasons ?? []),
    };
    index++;
  }
}
