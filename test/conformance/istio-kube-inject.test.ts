/** Whole-resource injection against every file that `istioctl kube-inject` made of Istio's own test inputs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocument, splitDocuments } from '../../gateway/manifests/documents.ts';
import { rewriteManifests } from '../../gateway/manifests/rewrite.ts';
import { compileKubeInject, injectResource } from '../../workers/inject/istio/kube-inject.ts';
import type { IstioRevision } from '../../workers/inject/istio/revision.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { ClusterContext } from '../../workers/protocol.ts';
import { corpusSkip } from './corpus.ts';
import { type KubeInjectCase, kubeInjectCases } from './istio-kube-inject.ts';

const revisions = new Map<string, IstioRevision>();

function revisionOf({ revisionKey, spec }: KubeInjectCase): IstioRevision {
  const revision = revisions.get(revisionKey) ?? compileKubeInject(spec);
  revisions.set(revisionKey, revision);
  return revision;
}

function clusterOf({ nodes, namespaces }: KubeInjectCase, name: string): ClusterContext {
  const found = namespaces.find((namespace) => namespace.name === name);
  const namespace = found === undefined ? null : { labels: found.labels ?? {}, annotations: found.annotations ?? {} };
  return { namespace, owners: {}, nodes, nodesKnown: true };
}

function inject(recorded: KubeInjectCase, input = recorded.input) {
  return rewriteManifests(input, (resource) =>
    injectResource(revisionOf(recorded), resource, (namespace) => clusterOf(recorded, namespace)),
  );
}

function problem(recorded: KubeInjectCase): string | undefined {
  if (recorded.expected === null) {
    try {
      inject(recorded);
      return 'an error was expected';
    } catch {
      return undefined;
    }
  }
  const { text } = inject(recorded);
  const wanted = splitDocuments(recorded.expected).map(parseDocument);
  const made = splitDocuments(text).map(parseDocument);
  if (wanted.length !== made.length) return `${made.length} documents instead of ${wanted.length}`;
  for (const [index, document] of wanted.entries()) {
    const difference = firstDifference(document, made[index] ?? null);
    if (difference !== null) return JSON.stringify({ document: index, ...difference });
  }
  return undefined;
}

test('kube-inject: every recorded file', { skip: corpusSkip() }, () => {
  const found: string[] = [];
  let count = 0;
  for (const recorded of kubeInjectCases()) {
    count++;
    const difference = problem(recorded);
    if (difference !== undefined) found.push(`${recorded.id}: ${difference}`);
  }
  assert.ok(count > 0, 'no cases');
  assert.deepEqual(found, []);
});

test('kube-inject: a second injection changes nothing', { skip: corpusSkip() }, () => {
  const found: string[] = [];
  for (const recorded of kubeInjectCases()) {
    if (recorded.expected === null) continue;
    const first = inject(recorded).text;
    // Where istioctl merged over the work of another injector, nothing tells what was whose; that settles with the next injection.
    const once = recorded.input.includes('sidecar.istio.io/status:') ? inject(recorded, first).text : first;
    const again = inject(recorded, once);
    if (again.text !== once) found.push(recorded.id);
  }
  assert.deepEqual(found, []);
});
