/**
 * Istio's recorded answers as cases: which revision, what is sent to which path in which cluster, what came back. How a case
 * is run (in process, over HTTPS …) is the caller's matter.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterContext, IstioRevisionSpec, NativeSidecars } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusPath, readCorpusLines } from './corpus.ts';

export type IstioSet = 'cases' | 'classic' | 'native' | 'custom' | 'disabled' | 'edge';
export const ISTIO_SETS: readonly IstioSet[] = ['cases', 'classic', 'native', 'custom', 'disabled', 'edge'];

/** What Istio answered. */
export type Expected =
  /** An answer in HTTP's own words. */
  | { readonly kind: 'http'; readonly status: number }
  /** It crashed and dropped the connection. */
  | { readonly kind: 'crash' }
  | {
      readonly kind: 'review';
      readonly allowed: boolean;
      readonly apiVersion: string | undefined;
      readonly uid: string;
      /** The request's object with the patch applied; null when there was no patch. */
      readonly pod: JsonObject | null;
    };

export interface IstioCase {
  /** Unique over all sets. */
  readonly id: string;
  readonly set: IstioSet;
  /** Cases with the same key have equal revisions. */
  readonly revisionKey: string;
  readonly revision: IstioRevisionSpec;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  /** The request's object; null where the body holds none. */
  readonly object: JsonObject | null;
  readonly cluster: ClusterContext;
  readonly expected: Expected;
  /** Whether the object holds fields that no Kubernetes type knows: they move in Istio's patches when lists do. */
  readonly unknownFields: boolean;
}

const NO_CLUSTER: ClusterContext = { namespace: null, owners: {}, nodes: [], nodesKnown: false };

type Text = Pick<IstioRevisionSpec, 'injectConfig' | 'values' | 'meshConfig'>;

function readTexts(folder: string, meshFile: string): Text {
  const read = (name: string) => readFileSync(corpusPath('istio', folder, name), 'utf8');
  return { injectConfig: read('inject-config.yaml'), values: read('values.json'), meshConfig: read(meshFile) };
}

function revisionOf(
  texts: Text,
  revision: string,
  nativeSidecars: NativeSidecars,
  platform = '',
  compliancePolicy = '',
): IstioRevisionSpec {
  return { provider: 'istio', ...texts, revision, platform, compliancePolicy, env: {}, nativeSidecars };
}

interface Review extends JsonObject {
  request: JsonObject;
}
interface ReviewAnswer {
  readonly apiVersion?: string;
  readonly response: { readonly uid: string; readonly allowed: boolean };
}

function expectedReview(answer: ReviewAnswer, pod: JsonObject | null): Expected {
  const { uid, allowed } = answer.response;
  return { kind: 'review', allowed, apiVersion: answer.apiVersion, uid, pod };
}

function objectOf(review: unknown): JsonObject | null {
  const object = (review as Review | undefined)?.request?.['object'];
  return typeof object === 'object' && object !== null && !Array.isArray(object) ? object : null;
}

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(corpusPath('istio', ...path), 'utf8'));
}

interface CaseFile {
  readonly config: string;
  readonly revision: string;
  readonly path: string;
  readonly reviews: number;
  readonly env: {
    readonly COMPLIANCE_POLICY: string;
    readonly ENABLE_NATIVE_SIDECARS: 'auto' | 'true' | 'false';
    readonly PLATFORM: string;
    readonly nodes: ClusterContext['nodes'];
    readonly namespaces?: readonly {
      readonly name: string;
      readonly labels?: Record<string, string>;
      readonly annotations?: Record<string, string>;
    }[];
  };
}

const NATIVE: Readonly<Record<CaseFile['env']['ENABLE_NATIVE_SIDECARS'], NativeSidecars>> = {
  auto: 'Auto',
  true: 'Always',
  false: 'Never',
};

function clusterOf({ env }: CaseFile, namespace: string): ClusterContext {
  const known = env.namespaces?.find(({ name }) => name === namespace);
  return {
    namespace: known === undefined ? null : { labels: known.labels ?? {}, annotations: known.annotations ?? {} },
    owners: {},
    nodes: env.nodes,
    nodesKnown: true,
  };
}

/** Istio's own test cases, each with its own configuration. */
function* recordedCases(): Generator<IstioCase> {
  for (const name of readdirSync(corpusPath('istio', 'cases')).sort()) {
    const file = readJson('cases', name, 'case.json') as CaseFile;
    const { env } = file;
    const native = NATIVE[env.ENABLE_NATIVE_SIDECARS];
    const texts = readTexts(join('configs', file.config), 'mesh.configmap.yaml');
    const revision = revisionOf(texts, file.revision, native, env.PLATFORM, env.COMPLIANCE_POLICY);
    for (let index = 0; index < file.reviews; index++) {
      const part = (kind: string) => readJson('cases', name, 'reviews', `${index}.${kind}.json`);
      const review = part('request') as Review;
      const answer = part('response') as ReviewAnswer & { response: { patch?: string } };
      const pod = answer.response.patch === undefined ? null : (part('pod') as JsonObject);
      yield {
        id: `${name}#${index}`,
        set: 'cases',
        revisionKey: [file.config, file.revision, native, env.PLATFORM, env.COMPLIANCE_POLICY].join('/'),
        revision,
        path: file.path,
        contentType: 'application/json',
        body: JSON.stringify(review),
        object: objectOf(review),
        cluster: clusterOf(file, String(review.request['namespace'] ?? '')),
        expected: expectedReview(answer, pod),
        unknownFields: false,
      };
    }
  }
}

interface GeneratedLine {
  readonly id: number;
  readonly raw: boolean;
  readonly path: string;
  readonly review: Review;
}

function flagValue(flags: readonly string[], name: string): string {
  return flags[flags.indexOf(name) + 1] ?? '';
}

/** Generated pods, one configuration a set. */
function* generatedCases(set: IstioSet): Generator<IstioCase> {
  const folder = join('generated', set);
  const { flags } = readJson(folder, 'flags.json') as { flags: readonly string[] };
  const native = flagValue(flags, '-native') === 'true' ? 'Always' : 'Never';
  const revision = revisionOf(readTexts(folder, 'mesh.yaml'), flagValue(flags, '-revision'), native);
  const lines = readCorpusLines('istio', folder, 'requests.ndjson') as GeneratedLine[];
  const answers = readCorpusLines('istio', folder, 'responses.ndjson') as ReviewAnswer[];
  const pods = readCorpusLines('istio', folder, 'pods.ndjson') as (JsonObject | null)[];
  for (const [index, line] of lines.entries()) {
    yield {
      id: `${set}#${line.id}`,
      set,
      revisionKey: set,
      revision,
      path: line.path,
      contentType: 'application/json',
      body: JSON.stringify(line.review),
      object: objectOf(line.review),
      cluster: NO_CLUSTER,
      expected: expectedReview(answers[index] as ReviewAnswer, pods[index] ?? null),
      unknownFields: line.raw,
    };
  }
}

interface EdgeLine {
  readonly name: string;
  readonly contentType?: string;
  readonly rawBody?: string;
  readonly review?: Review;
}
interface EdgeAnswer {
  readonly panic?: string;
  readonly body?: ReviewAnswer;
  readonly status?: number;
}

function edgeExpected(answer: EdgeAnswer, pod: JsonObject | null): Expected {
  if (answer.panic !== undefined) return { kind: 'crash' };
  if (answer.body === undefined) return { kind: 'http', status: answer.status ?? 0 };
  return expectedReview(answer.body, pod);
}

/** Odd requests against the default configuration. */
function* edgeCases(): Generator<IstioCase> {
  const config = readFileSync(corpusPath('istio', 'DEFAULT'), 'utf8').trim();
  const revision = revisionOf(readTexts(join('configs', config), 'mesh.configmap.yaml'), 'default', 'Never');
  const lines = readCorpusLines('istio', 'edge', 'http-edge.requests.ndjson') as EdgeLine[];
  const answers = readCorpusLines('istio', 'edge', 'http-edge.responses.ndjson') as EdgeAnswer[];
  const pods = readCorpusLines('istio', 'edge', 'http-edge.pods.ndjson') as (JsonObject | null)[];
  for (const [index, line] of lines.entries()) {
    yield {
      id: `edge#${index} ${line.name}`,
      set: 'edge',
      revisionKey: 'edge',
      revision,
      path: '/inject',
      contentType: line.contentType ?? 'application/json',
      body: line.rawBody ?? JSON.stringify(line.review),
      object: objectOf(line.review),
      cluster: NO_CLUSTER,
      expected: edgeExpected(answers[index] as EdgeAnswer, pods[index] ?? null),
      unknownFields: false,
    };
  }
}

/** All cases of a set, in the order of the corpus. */
export function istioCases(set: IstioSet): Generator<IstioCase> {
  if (set === 'cases') return recordedCases();
  return set === 'edge' ? edgeCases() : generatedCases(set);
}
