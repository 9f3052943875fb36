/**
 * The injection core against every recorded answer of Istio's own webhook. Where Istio crashes, ours answers; where it answers
 * in HTTP's words, the server is asked elsewhere.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { parseParams } from '../../gateway/routing/params.ts';
import { type InjectAnswer, injectReview } from '../../workers/inject/inject.ts';
import { compileIstioRevision } from '../../workers/inject/istio/injector.ts';
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import { normalizePod } from '../../workers/kube/typed-pod.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusSkip } from './corpus.ts';
import { ISTIO_SETS, type IstioCase, istioCases } from './istio.ts';

const revisions = new Map<string, CompiledRevision>();

function revisionOf({ revisionKey, revision }: IstioCase): CompiledRevision {
  let compiled = revisions.get(revisionKey);
  if (compiled === undefined) {
    compiled = compileIstioRevision({ digest: revisionKey, mesh: 'istio', name: 'recorded', spec: revision }, revision);
    revisions.set(revisionKey, compiled);
  }
  return compiled;
}

function run(recorded: IstioCase, review: string): InjectAnswer {
  const params = parseParams(recorded.path.replace(/^\/inject\/?/, ''));
  const task = { revision: recorded.revisionKey, review, params, cluster: recorded.cluster };
  return injectReview(task, () => revisionOf(recorded));
}

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patch?: string;
}

function responseOf(answer: InjectAnswer): Response {
  return (JSON.parse(answer.body) as { response: Response }).response;
}

function patchedObject(object: JsonObject, { patch }: Response): JsonObject {
  if (patch === undefined) return object;
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[];
  return applyPatch(object, operations) as JsonObject;
}

/** The body with another object in the request. */
function bodyWith(recorded: IstioCase, object: JsonObject): string {
  const review = JSON.parse(recorded.body) as { request: JsonObject };
  return JSON.stringify({ ...review, request: { ...review.request, object } });
}

/** Fields that no type knows move to other containers in Istio's patches when lists move: there the typed pods compare. */
function comparable(recorded: IstioCase, pod: JsonObject): JsonObject {
  return recorded.unknownFields ? normalizePod(pod) : pod;
}

function check(recorded: IstioCase): string | undefined {
  const { expected, object } = recorded;
  if (expected.kind === 'http') return undefined;
  const answer = run(recorded, recorded.body);
  const response = responseOf(answer);
  if (expected.kind === 'crash') {
    const coded = answer.outcome.kind === 'denied' || answer.outcome.kind === 'failed';
    return coded && !response.allowed && !isInternal(answer) ? undefined : 'no coded answer where Istio crashes';
  }
  if (response.allowed !== expected.allowed) return `allowed is ${response.allowed}: ${JSON.stringify(answer.outcome)}`;
  if (isInternal(answer)) return JSON.stringify(answer.outcome);
  if (expected.apiVersion !== undefined && !answer.body.includes(`"apiVersion":"${expected.apiVersion}"`)) {
    return 'another apiVersion';
  }
  if (expected.uid !== '' && response.uid !== expected.uid) return 'another uid';
  if (object === null) return undefined;
  const wanted = comparable(recorded, expected.pod ?? object);
  const difference = firstDifference(wanted, comparable(recorded, patchedObject(object, response)));
  return difference === null ? undefined : JSON.stringify(difference);
}

function isInternal({ outcome }: InjectAnswer): boolean {
  return outcome.kind === 'failed' && outcome.code === 'INTERNAL';
}

function problems(set: Iterable<IstioCase>, find: (recorded: IstioCase) => string | undefined): string[] {
  const found: string[] = [];
  let count = 0;
  for (const recorded of set) {
    count++;
    const problem = find(recorded);
    if (problem !== undefined) found.push(`${recorded.id}: ${problem}`);
  }
  assert.ok(count > 0, 'no cases');
  return found;
}

for (const set of ISTIO_SETS) {
  test(`Istio ${set}: every recorded answer`, { skip: corpusSkip() }, () => {
    assert.deepEqual(problems(istioCases(set), check), []);
  });

  test(`Istio ${set}: a second injection changes nothing`, { skip: corpusSkip() }, () => {
    const find = (recorded: IstioCase): string | undefined => {
      if (recorded.expected.kind !== 'review' || recorded.expected.pod === null) return undefined;
      const answer = run(recorded, bodyWith(recorded, recorded.expected.pod));
      const { patch } = responseOf(answer);
      if (patch === undefined && answer.outcome.kind === 'skipped') return undefined;
      const operations = Buffer.from(patch ?? '', 'base64').toString();
      return `${JSON.stringify(answer.outcome)} ${operations.slice(0, 1000)}`;
    };
    assert.deepEqual(problems(istioCases(set), find), []);
  });
}

test('Istio: fields that no type knows stay with their container', { skip: corpusSkip() }, () => {
  const find = (recorded: IstioCase): string | undefined => {
    if (!recorded.unknownFields || recorded.object === null || recorded.expected.kind !== 'review') return undefined;
    const pod = patchedObject(recorded.object, responseOf(run(recorded, recorded.body)));
    const before = unknownByContainer(recorded.object);
    return Object.entries(unknownByContainer(pod)).find(([name, value]) => before[name] !== value)?.[0];
  };
  assert.deepEqual(
    problems(
      [...ISTIO_SETS].flatMap((set) => [...istioCases(set)]),
      find,
    ),
    [],
  );
});

function unknownByContainer(pod: JsonObject): Record<string, unknown> {
  const { containers = [] } = pod['spec'] as { containers?: JsonObject[] };
  return Object.fromEntries(containers.map((container) => [container['name'], container['futureContainerField']]));
}
