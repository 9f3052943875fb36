import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { compileLinkerdRevision } from '../../workers/inject/linkerd/compile.ts';
import type { CompiledRevision, InjectRequest } from '../../workers/inject/provider.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { LinkerdRevisionSpec } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusPath, corpusSkip } from './corpus.ts';
import { type LinkerdCase, linkerdCases } from './linkerd.ts';

const skip = corpusSkip();

const revisions = new Map<string, CompiledRevision>();
function compiled(spec: LinkerdRevisionSpec): CompiledRevision {
  const key = JSON.stringify(spec);
  const known = revisions.get(key);
  if (known !== undefined) return known;
  const revision = compileLinkerdRevision({ digest: String(revisions.size), mesh: 'linkerd', name: 'recorded', spec });
  revisions.set(key, revision);
  return revision;
}

function requestOf({ review, cluster }: LinkerdCase, object?: JsonObject): InjectRequest {
  const { request } = JSON.parse(review) as { request: Omit<InjectRequest, 'params' | 'cluster'> };
  return { ...request, object: object ?? request.object, params: {}, cluster };
}

/** What differs between our answer and the recorded one, in one line; null when nothing does. */
function difference(each: LinkerdCase): string | null {
  const request = requestOf(each);
  const decision = compiled(each.spec).inject(request);
  const { expected } = each;
  const denied = decision.kind === 'denied' || decision.kind === 'failed';
  if (denied !== !expected.allowed)
    return `${decision.kind} (${JSON.stringify(decision)}) where allowed is ${expected.allowed}`;
  if (denied) return null;
  const reasons = decision.kind === 'skipped' ? (decision.reasons ?? [decision.reason]) : [];
  if (reasons.join() !== expected.reasons.join())
    return `reasons ${reasons.join()} instead of ${expected.reasons.join()}`;
  const pod = applyPatch(request.object, (decision.patch ?? []) as Operation[]) as JsonObject;
  const first = firstDifference(expected.pod ?? {}, pod);
  return first === null ? null : `${first.path}: ${JSON.stringify(first.a)} expected, ${JSON.stringify(first.b)} made`;
}

test('the recorded answers of Linkerd are there', { skip }, () => {
  assert.ok(existsSync(corpusPath('linkerd')), `no corpus at ${corpusPath()}: set MESHGATE_CORPUS`);
});

if (existsSync(corpusPath('linkerd'))) {
  const cases = [...linkerdCases()];
  for (const set of new Set(cases.map((each) => each.set))) {
    test(`linkerd ${set}: the same pods as Linkerd's own injector`, (t) => {
      const ofSet = cases.filter((each) => each.set === set);
      const valid = ofSet.filter((each) => !each.expected.upstreamInvalid);
      const differences = valid.flatMap((each) => {
        const found = difference(each);
        return found === null ? [] : [`${each.id}: ${found}`];
      });
      t.diagnostic(
        `${set}: ${valid.length - differences.length} of ${valid.length} exact, ${ofSet.length - valid.length} upstream invalid`,
      );
      assert.ok(valid.length > 0);
      assert.deepEqual(differences, []);
    });
  }

  test('an injected pod sent again is left as it is', () => {
    for (const each of cases) {
      const request = requestOf(each);
      const revision = compiled(each.spec);
      const first = revision.inject(request);
      if (first.kind !== 'patched') continue;
      const pod = applyPatch(request.object, first.patch) as JsonObject;
      const second = revision.inject(requestOf(each, pod));
      assert.ok(second.kind === 'patched' || second.kind === 'skipped', each.id);
      assert.deepEqual(second.patch ?? [], [], each.id);
    }
  });
}
