/** What can be explained: the pods of a file of resources, and recorded AdmissionReviews. */
import { podTemplateOf } from '../../workers/inject/workload.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { createdPod, creationReview, namespaceOf } from '../manifests/created-pod.ts';
import { objectAt, readObjects, textAt } from '../manifests/objects.ts';

export interface Subject {
  /** `Deployment shop/web`, `review of Pod shop/web-5d4f`. */
  readonly name: string;
  /** The AdmissionReview, as JSON. */
  readonly review: string;
  readonly namespace: string;
  /** Whether the review is one that a webhook has sent. */
  readonly recorded: boolean;
}

/** The subjects of a file; resources without pods are passed over. `fallback`: namespace of those that name none. Throws ManifestError. */
export function readSubjects(text: string, fallback: string): Subject[] {
  return readObjects(text).flatMap((object) => {
    if (textAt(object, 'kind') === 'AdmissionReview') return [recordedSubject(object)];
    const template = podTemplateOf(object);
    if (template === null) return [];
    const namespace = namespaceOf(template, fallback);
    const name = `${template.kind} ${namespace}/${template.name || textAt(template.metadata, 'generateName')}`;
    return [{ name, namespace, review: creationReview(createdPod(template, namespace), namespace), recorded: false }];
  });
}

function recordedSubject(review: JsonObject): Subject {
  const request = objectAt(review, 'request');
  const metadata = objectAt(objectAt(request, 'object'), 'metadata');
  const namespace = textAt(metadata, 'namespace') || textAt(request, 'namespace');
  const name = textAt(metadata, 'name') || textAt(metadata, 'generateName');
  return { name: `review of Pod ${namespace}/${name}`, namespace, review: JSON.stringify(review), recorded: true };
}
