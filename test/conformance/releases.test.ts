/**
 * Each revision behaves as the injector of its own release: every recorded answer of older releases, through the core. Releases are told
 * from the recorded values alone.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, type TestContext, test } from 'node:test';
import { parseParams } from '../../gateway/routing/params.ts';
import { compileRevision } from '../../workers/inject/compile.ts';
import { injectReview } from '../../workers/inject/inject.ts';
import { readLinkerdRelease } from '../../workers/inject/linkerd/releases.ts';
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { InjectTask, RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusSkip } from './corpus.ts';
import {
  type IstioReleaseCase,
  istioReleaseCases,
  istioReleaseSpec,
  istioReleases,
  NO_CLUSTER,
} from './istio-releases.ts';
import { differenceAsKnownTo, kubernetesOfIstio } from './kube-fields.ts';
import {
  type LinkerdReleaseCase,
  linkerdReleaseCases,
  linkerdReleaseFolders,
  linkerdReleaseSpec,
} from './linkerd-releases.ts';

type Verdict =
  | { readonly kind: 'same' }
  /** The same but for fields that the release's Kubernetes types did not know. */
  | { readonly kind: 'fields' }
  | { readonly kind: 'different'; readonly why: string };

const SAME: Verdict = { kind: 'same' };

/** Compiled revisions by specification; one process holds all of them. */
class Revisions {
  readonly #compiled = new Map<string, CompiledRevision>();

  of(spec: RevisionSource['spec']): CompiledRevision {
    const digest = JSON.stringify(spec);
    let revision = this.#compiled.get(digest);
    if (revision === undefined) {
      revision = compileRevision({ digest, mesh: 'mesh', name: 'recorded', spec });
      this.#compiled.set(digest, revision);
    }
    return revision;
  }

  get size(): number {
    return this.#compiled.size;
  }
}

interface Answer {
  readonly allowed: boolean;
  readonly outcome: string;
  readonly pod: JsonObject;
}

function answerTo(revision: CompiledRevision, task: Omit<InjectTask, 'revision'>, object: JsonObject): Answer {
  const { body, outcome } = injectReview({ ...task, revision: '' }, () => revision);
  const { allowed, patch } = (JSON.parse(body) as { response: { allowed: boolean; patch?: string } }).response;
  const operations = patch === undefined ? [] : (JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[]);
  return { allowed, outcome: JSON.stringify(outcome), pod: applyPatch(object, operations) as JsonObject };
}

function answerToIstio(each: IstioReleaseCase, revision: CompiledRevision): Answer {
  const params = parseParams(each.path.replace(/^\/inject\/?/, ''));
  return answerTo(revision, { review: each.body, params, cluster: NO_CLUSTER }, each.object);
}

function judgeIstio(each: IstioReleaseCase, answer: Answer): Verdict {
  if (answer.allowed !== each.allowed)
    return { kind: 'different', why: `allowed is ${answer.allowed}: ${answer.outcome}` };
  const wanted = each.pod ?? each.object;
  if (firstDifference(wanted, answer.pod) === null) return SAME;
  const difference = differenceAsKnownTo(kubernetesOfIstio(each.release), wanted, answer.pod);
  return difference === null ? { kind: 'fields' } : { kind: 'different', why: JSON.stringify(difference) };
}

function answerToLinkerd(each: LinkerdReleaseCase, revision: CompiledRevision): Answer {
  return answerTo(revision, { review: each.review, params: {}, cluster: each.cluster }, each.object);
}

function judgeLinkerd({ expected }: LinkerdReleaseCase, answer: Answer): Verdict {
  const { allowed, pod, outcome } = answer;
  if (allowed !== expected.allowed) return { kind: 'different', why: `allowed is ${allowed}: ${outcome}` };
  if (!allowed) return SAME;
  const [reason] = expected.reasons;
  if (reason !== undefined && !outcome.includes(`"reason":"${reason}"`))
    return { kind: 'different', why: `${outcome} where ${reason}` };
  const difference = firstDifference(expected.pod ?? {}, pod);
  return difference === null ? SAME : { kind: 'different', why: JSON.stringify(difference) };
}

/** Judges cases set by set, tells the counts, and fails on any that differ. */
function check<Case extends { readonly id: string; readonly set: string }>(
  t: TestContext,
  cases: Iterable<Case>,
  isUpstreamInvalid: (each: Case) => boolean,
  judge: (each: Case) => Verdict,
): void {
  const counts = new Map<string, { same: number; fields: number; invalid: number; all: number }>();
  const different: string[] = [];
  for (const each of cases) {
    const count = counts.get(each.set) ?? { same: 0, fields: 0, invalid: 0, all: 0 };
    counts.set(each.set, count);
    count.all++;
    if (isUpstreamInvalid(each)) {
      count.invalid++;
      continue;
    }
    const verdict = judge(each);
    if (verdict.kind === 'different') different.push(`${each.id}: ${verdict.why}`);
    else count[verdict.kind]++;
  }
  for (const [set, { same, fields, invalid, all }] of counts) {
    t.diagnostic(
      `${set}: ${same} of ${all} the same, ${fields} but for newer Kubernetes fields, ${invalid} upstream invalid`,
    );
  }
  assert.ok(counts.size > 0, 'no cases');
  assert.deepEqual(different, []);
}

/** The first of each list, then the second of each, and so on. */
function* interleaved<T>(lists: readonly (readonly T[])[]): Generator<T> {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let index = 0; index < longest; index++) {
    for (const list of lists) {
      const item = list[index];
      if (item !== undefined) yield item;
    }
  }
}

test('revisions of all releases of both meshes in one process, asked in turn', { skip: corpusSkip() }, (t) => {
  const revisions = new Revisions();
  const asked: (() => Verdict & { readonly id: string })[][] = [];
  for (const release of istioReleases()) {
    const cases = [...istioReleaseCases(release)].filter(({ upstreamInvalid }) => !upstreamInvalid);
    asked.push(
      cases.map((each) => () => ({ id: each.id, ...judgeIstio(each, answerToIstio(each, revisions.of(each.spec))) })),
    );
  }
  for (const release of linkerdReleaseFolders()) {
    const cases = [...linkerdReleaseCases(release)].filter(({ expected }) => !expected.upstreamInvalid);
    asked.push(
      cases.map((each) => () => ({
        id: each.id,
        ...judgeLinkerd(each, answerToLinkerd(each, revisions.of(each.spec))),
      })),
    );
  }
  let count = 0;
  const different: string[] = [];
  for (const ask of interleaved(asked)) {
    const verdict = ask();
    count++;
    if (verdict.kind === 'different') different.push(`${verdict.id}: ${verdict.why}`);
  }
  t.diagnostic(`${count} requests to ${revisions.size} revisions`);
  assert.ok(count > 0 && revisions.size > asked.length);
  assert.deepEqual(different, []);
});

test('every recorded configuration loads, and its own values tell its release', { skip: corpusSkip() }, () => {
  for (const release of istioReleases()) {
    for (const set of ['classic', 'native']) {
      const revision = new Revisions().of(istioReleaseSpec(release, set));
      assert.equal(revision.release?.name, release);
      assert.deepEqual(revision.warnings, []);
    }
  }
  for (const folder of linkerdReleaseFolders()) {
    for (const set of ['default', 'cni']) {
      const revision = new Revisions().of(linkerdReleaseSpec(folder, set));
      assert.equal(revision.release?.told, 'values');
      assert.equal(revision.release?.name, readLinkerdRelease(folder)?.name);
      assert.deepEqual(revision.warnings, []);
    }
  }
});

describe('Istio releases', { skip: corpusSkip() }, () => {
  const recorded = istioReleases().filter((release) => !istioReleaseCases(release).next().done);
  for (const release of recorded) {
    test(release, (t) => {
      const revisions = new Revisions();
      const isInvalid = (each: IstioReleaseCase) => each.upstreamInvalid;
      check(t, istioReleaseCases(release), isInvalid, (each) => {
        const revision = revisions.of(each.spec);
        assert.equal(revision.release?.name, release);
        assert.deepEqual(revision.warnings, []);
        return judgeIstio(each, answerToIstio(each, revision));
      });
    });
  }
});

describe('Linkerd releases', { skip: corpusSkip() }, () => {
  for (const release of linkerdReleaseFolders()) {
    if (linkerdReleaseCases(release).next().done) continue;
    test(release, (t) => {
      const revisions = new Revisions();
      const isInvalid = (each: LinkerdReleaseCase) => each.expected.upstreamInvalid;
      check(t, linkerdReleaseCases(release), isInvalid, (each) => {
        const revision = revisions.of(each.spec);
        assert.deepEqual(revision.warnings, []);
        return judgeLinkerd(each, answerToLinkerd(each, revision));
      });
    });
  }
});
