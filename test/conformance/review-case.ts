/** Recorded webhook reviews of all providers in one form, and how an answer is judged, whatever way it came. */
import { existsSync, readdirSync } from 'node:fs';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import { type Difference, firstDifference } from '../../workers/kube/pod-compare.ts';
import { normalizePod } from '../../workers/kube/typed-pod.ts';
import type { ClusterContext, RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusPath } from './corpus.ts';
import { type Expected, ISTIO_SETS, type IstioSet, istioCases } from './istio.ts';
import { istioReleaseCases, istioReleases, NO_CLUSTER } from './istio-releases.ts';
import { differenceAsKnownTo, kubernetesOfIstio } from './kube-fields.ts';
import { type LinkerdCase, linkerdCases } from './linkerd.ts';
import { linkerdReleaseCases, linkerdReleaseFolders } from './linkerd-releases.ts';

export type ProviderName = 'istio' | 'linkerd';

export interface ReviewCase {
  readonly provider: ProviderName;
  readonly set: string;
  readonly id: string;
  readonly spec: RevisionSource['spec'];
  /** The path that the recorded injector was asked at. */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly object: JsonObject | null;
  readonly cluster: ClusterContext;
  readonly expected: Expected;
  /** Recorded skip reasons; null where none were recorded. */
  readonly reasons: readonly string[] | null;
  /** Why the recorded answer can not be compared with; null where it can. */
  readonly excluded: string | null;
  readonly compare: (wanted: JsonObject, made: JsonObject) => Difference | null;
}

/** What was answered. */
export interface Answer {
  /** Of HTTP; 200 in process. */
  readonly status: number;
  readonly body: string;
  /** The outcome's code or reason; null where the way does not tell it. */
  readonly code: string | null;
}

/** What is wrong with an answer: the place, and both values. */
export interface Failure {
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** All reviews of a provider, set by set; folders that the corpus lacks are passed over. */
export function* reviewCases(provider: ProviderName): Generator<ReviewCase> {
  if (provider === 'istio') {
    yield* recordedIstio();
    for (const release of istioReleases()) yield* releasedIstio(release);
  } else {
    if (existsSync(corpusPath('linkerd', 'cases'))) yield* mapped(linkerdCases(), (each) => ofLinkerd(each, each.set));
    for (const release of linkerdReleaseFolders()) {
      yield* mapped(linkerdReleaseCases(release), (each) => ofLinkerd(each, `releases/${release}/${each.set}`));
    }
  }
}

function* mapped<From, To>(items: Iterable<From>, map: (item: From) => To): Generator<To> {
  for (const item of items) yield map(item);
}

/** Sets whose folder is there; generated sets of other names are found too. */
function istioSets(): IstioSet[] {
  const generated = corpusPath('istio', 'generated');
  const found = existsSync(generated) ? readdirSync(generated) : [];
  const fixed = ISTIO_SETS.filter((set) => existsSync(corpusPath('istio', set)));
  return [...new Set([...fixed, ...(found as IstioSet[])])];
}

function* recordedIstio(): Generator<ReviewCase> {
  for (const set of istioSets()) {
    for (const each of istioCases(set)) {
      const { id, path, contentType, body, object, cluster, expected, unknownFields } = each;
      yield {
        ...{ provider: 'istio', set, id, spec: each.revision, path, contentType, body, object, cluster, expected },
        reasons: null,
        excluded: null,
        compare: unknownFields
          ? (wanted, made) => firstDifference(normalizePod(wanted), normalizePod(made))
          : firstDifference,
      };
    }
  }
}

function* releasedIstio(release: string): Generator<ReviewCase> {
  const kubernetes = kubernetesOfIstio(release);
  for (const { id, set, spec, path, body, object, allowed, pod, upstreamInvalid } of istioReleaseCases(release)) {
    yield {
      ...{ provider: 'istio', set: `releases/${release}/${set}`, id, spec, path, body, object, cluster: NO_CLUSTER },
      contentType: 'application/json',
      expected: { kind: 'review', allowed, apiVersion: undefined, uid: '', pod },
      reasons: null,
      excluded: upstreamInvalid ? 'the recorded patch does not apply' : null,
      compare: (wanted, made) =>
        firstDifference(wanted, made) === null ? null : differenceAsKnownTo(kubernetes, wanted, made),
    };
  }
}

function ofLinkerd({ id, spec, review, cluster, expected }: LinkerdCase, set: string): ReviewCase {
  const { request } = JSON.parse(review) as { request: { object: JsonObject } };
  const { allowed, pod, reasons, upstreamInvalid } = expected;
  return {
    ...{ provider: 'linkerd', set, id, spec, path: '/', contentType: 'application/json', body: review, cluster },
    object: request.object,
    expected: { kind: 'review', allowed, apiVersion: undefined, uid: '', pod },
    reasons,
    excluded: upstreamInvalid ? 'the recorded patch is not valid' : null,
    compare: firstDifference,
  };
}

interface Response {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly patch?: string;
  readonly status?: { readonly code?: number; readonly message?: string };
}

/** Judges an answer; null where it is as recorded. */
export function judge(recorded: ReviewCase, answer: Answer): Failure | null {
  const { expected } = recorded;
  if (expected.kind === 'http') return differs('status', expected.status, answer.status);
  if (answer.status >= 400 && isRefusedByHttp(recorded, answer)) return null;
  if (answer.status !== 200) return differs('status', 200, `${answer.status} ${answer.body.slice(0, 200)}`);
  const { apiVersion, response = {} } = JSON.parse(answer.body) as { apiVersion?: string; response?: Response };
  if (answer.code === 'INTERNAL') return differs('code', 'anything but INTERNAL', response.status?.message);
  if (expected.kind === 'crash') return differs('response.allowed', false, response.allowed);
  const told = response.allowed === true ? true : { allowed: response.allowed, message: response.status?.message };
  if (response.allowed !== expected.allowed) return differs('response.allowed', expected.allowed, told);
  if (expected.apiVersion !== undefined && expected.apiVersion !== apiVersion) {
    return differs('apiVersion', expected.apiVersion, apiVersion);
  }
  if (expected.uid !== '' && expected.uid !== response.uid) return differs('response.uid', expected.uid, response.uid);
  if (!expected.allowed || recorded.object === null) return null;
  return reasonFailure(recorded, answer) ?? podFailure(recorded, recorded.object, response);
}

/** A body that Istio denies without having understood it is refused with a status and a code: its sender is told, not the pod's author. */
function isRefusedByHttp({ expected, object }: ReviewCase, { body }: Answer): boolean {
  const denied = expected.kind === 'review' && !expected.allowed && object === null;
  if (!denied && expected.kind !== 'crash') return false;
  const { code, response } = JSON.parse(body) as { code?: string; response?: Response };
  return code !== undefined || response?.allowed === false;
}

function reasonFailure({ reasons }: ReviewCase, { code }: Answer): Failure | null {
  const [first] = reasons ?? [];
  return first === undefined || code === null ? null : differs('reason', first, code);
}

function podFailure({ expected, compare }: ReviewCase, object: JsonObject, { patch }: Response): Failure | null {
  const wanted = (expected.kind === 'review' ? expected.pod : null) ?? object;
  const operations = patch === undefined ? [] : (JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[]);
  const difference = compare(wanted, applyPatch(object, operations) as JsonObject);
  return difference === null ? null : { path: difference.path, expected: difference.a, actual: difference.b };
}

function differs(path: string, expected: unknown, actual: unknown): Failure | null {
  return expected === actual ? null : { path, expected, actual };
}
