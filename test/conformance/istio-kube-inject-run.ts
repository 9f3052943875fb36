/** How a recorded case of whole-resource injection is run in process. */
import { readObjects } from '../../gateway/manifests/objects.ts';
import { type Rewritten, rewriteManifests } from '../../gateway/manifests/rewrite.ts';
import { compileKubeInject, injectResource } from '../../workers/inject/istio/kube-inject.ts';
import type { IstioRevision } from '../../workers/inject/istio/revision.ts';
import type { ResourceOutcome } from '../../workers/inject/workload.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { ClusterContext } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import type { KubeInjectCase } from './istio-kube-inject.ts';

/** Runs cases; compiles a revision once for all cases that have it. */
export class KubeInjectRunner {
  readonly #revisions = new Map<string, IstioRevision>();

  /** What injects a resource of the case. */
  injector(recorded: KubeInjectCase): (resource: JsonObject) => ResourceOutcome {
    const { revisionKey, spec } = recorded;
    const revision = this.#revisions.get(revisionKey) ?? compileKubeInject(spec);
    this.#revisions.set(revisionKey, revision);
    return (resource) => injectResource(revision, resource, (namespace) => clusterOf(recorded, namespace));
  }

  run(recorded: KubeInjectCase, input: string = recorded.input): Rewritten {
    return rewriteManifests(input, this.injector(recorded));
  }
}

function clusterOf({ nodes, namespaces }: KubeInjectCase, name: string): ClusterContext {
  const found = namespaces.find((namespace) => namespace.name === name);
  const namespace = found === undefined ? null : { labels: found.labels ?? {}, annotations: found.annotations ?? {} };
  return { namespace, owners: {}, nodes, nodesKnown: true };
}

/** What is wrong with the text that a case came to; undefined when nothing is. Null stands for a refusal. */
export function kubeInjectProblem({ expected }: KubeInjectCase, text: string | null): string | undefined {
  if (expected === null) return text === null ? undefined : 'a refusal was expected';
  if (text === null) return 'it was refused';
  const wanted = readObjects(expected);
  const made = readObjects(text);
  if (wanted.length !== made.length) return `${made.length} objects instead of ${wanted.length}`;
  for (const [index, object] of wanted.entries()) {
    const difference = firstDifference(object, made[index] ?? null);
    if (difference !== null) return `object ${index}: ${JSON.stringify(difference)}`;
  }
  return undefined;
}
