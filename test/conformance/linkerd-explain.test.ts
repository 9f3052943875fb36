/** Explanations of recorded reviews: they tell the recorded reasons, in the recorded order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Compiled, compileLinkerd, compileLinkerdRevision } from '../../workers/inject/linkerd/compile.ts';
import { explainLinkerd } from '../../workers/inject/linkerd/explain.ts';
import type { CompiledRevision, InjectRequest } from '../../workers/inject/provider.ts';
import type { LinkerdRevisionSpec } from '../../workers/protocol.ts';
import { corpusSkip } from './corpus.ts';
import { linkerdCases } from './linkerd.ts';

const compiled = new Map<string, { readonly revision: CompiledRevision; readonly values: Compiled }>();
function compile(spec: LinkerdRevisionSpec) {
  const key = JSON.stringify(spec);
  const known = compiled.get(key) ?? {
    revision: compileLinkerdRevision({ digest: '', mesh: 'linkerd', name: 'recorded', spec }),
    values: compileLinkerd(spec),
  };
  compiled.set(key, known);
  return known;
}

test('explanations give the recorded reasons in order', { skip: corpusSkip() }, () => {
  const reasons = new Set<string>();
  for (const { id, spec, review, cluster, expected } of linkerdCases()) {
    const { request } = JSON.parse(review) as { request: InjectRequest };
    const full: InjectRequest = { ...request, namespace: request.namespace ?? '', params: {}, cluster };
    const { revision, values } = compile(spec);
    const decision = revision.inject(full);
    const steps = explainLinkerd(values, full, decision);
    const skips = steps.flatMap(({ effect, code }) => (effect === 'skip' && code !== undefined ? [code] : []));
    assert.deepEqual(skips, expected.reasons, id);
    for (const code of skips) reasons.add(code);
    for (const { says, saw } of steps) assert.ok(says !== '' && saw !== '', id);
    assert.equal(steps.at(-1)?.effect === 'inject', decision.kind === 'patched', id);
    assert.equal(
      steps.some(({ effect }) => effect === 'deny'),
      decision.kind === 'denied',
      id,
    );
  }
  assert.ok(reasons.size >= 5, [...reasons].join());
});
