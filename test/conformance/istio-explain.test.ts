/** An explanation says what the injector does: its steps end where the decision does, for every recorded review. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainReview } from '../../gateway/explain/explanation.ts';
import { istioDestination } from '../../gateway/istio/destination.ts';
import type { Destination } from '../../gateway/manifests/trial.ts';
import { parseParams } from '../../gateway/routing/params.ts';
import { compileRevision } from '../../workers/inject/compile.ts';
import { injectReview } from '../../workers/inject/inject.ts';
import { corpusSkip } from './corpus.ts';
import { ISTIO_SETS, type IstioCase, istioCases } from './istio.ts';

const destinations = new Map<string, Destination>();

function destinationOf({ revisionKey, revision }: IstioCase): Destination {
  const known = destinations.get(revisionKey) ?? istioDestination(revision, compileRevision);
  destinations.set(revisionKey, known);
  return known;
}

function check(recorded: IstioCase): string | undefined {
  const params = parseParams(recorded.path.replace(/^\/inject\/?/, ''));
  const { namespace } = recorded.cluster;
  const base = destinationOf(recorded);
  const destination: Destination = { ...base, params, namespace };
  const { steps, verdict } = explainReview(destination, recorded.body, recorded.id, {
    namespaceLabels: null,
    webhooks: [],
  });
  const task = { revision: '', review: recorded.body, params, cluster: { ...UNKNOWN, namespace } };
  const { outcome } = injectReview(task, () => base.revision);
  const code = outcome.kind === 'patched' ? '' : outcome.kind === 'skipped' ? outcome.reason : outcome.code;
  if (verdict.code !== code) return `explained as ${verdict.code}, but decided as ${code}`;
  const ends = steps.filter((step) => step.code !== undefined);
  if (code === '') return ends.length === 0 ? undefined : `${ends[0]?.code} in the steps of an injected pod`;
  return ends.length === 1 && steps.at(-1)?.code === code
    ? undefined
    : `the steps end in ${ends.map((step) => step.code)}`;
}

const UNKNOWN = { owners: {}, nodes: [], nodesKnown: false };

for (const set of ISTIO_SETS) {
  test(`explain ${set}: the steps lead to the decision`, { skip: corpusSkip() }, () => {
    const found: string[] = [];
    let count = 0;
    for (const recorded of istioCases(set)) {
      count++;
      const problem = check(recorded);
      if (problem !== undefined) found.push(`${recorded.id}: ${problem}`);
    }
    assert.ok(count > 0, 'no cases');
    assert.deepEqual(found, []);
  });
}
