/** The reviews of a policy source's own InjectionTests: what is compared where nobody names reviews. */
import { podTemplateOf } from '../../workers/inject/workload.ts';
import { createdPod, creationReview, namespaceOf } from '../manifests/created-pod.ts';
import type { Trial } from './end.ts';
import type { Side } from './side.ts';

/** Those of one mesh, in the order of their names; what they expect does not matter. */
export function testTrials({ checked }: Side, mesh: string): readonly Trial[] {
  return [...checked.tests.values()].flatMap(({ placed, review }): Trial[] => {
    const { spec } = placed.document;
    if (spec.mesh !== mesh) return [];
    const { pod = {}, namespace = '', params = {}, cluster } = spec;
    return [{ review: review ?? reviewOf(pod, namespace), params, cluster }];
  });
}

function reviewOf(pod: Parameters<typeof podTemplateOf>[0], namespace: string): string {
  const template = podTemplateOf({ spec: {}, ...pod, apiVersion: 'v1', kind: 'Pod' });
  if (template === null) return creationReview(pod, namespace);
  const own = namespaceOf(template, namespace);
  return creationReview(createdPod(template, own), own);
}
