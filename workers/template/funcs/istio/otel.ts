/** Istio's otelResourceAttributes: the value of OTEL_RESOURCE_ATTRIBUTES by OpenTelemetry's conventions for Kubernetes. */
import type { Message } from '../../../inject/istio/mesh/message.ts';
import { GoRef } from '../../value.ts';
import type { ContainerData } from './pod-args.ts';
import { stringAt } from './pod-args.ts';

/** Number of ServiceAttributeEnrichment OTEL_SEMANTIC_CONVENTIONS. */
const OTEL_SEMANTIC_CONVENTIONS = 1;

export interface OtelPod {
  readonly annotations: unknown;
  readonly labels: unknown;
  readonly namespace: string;
  readonly containers: readonly ContainerData[];
}

/** '' unless one of the mesh's OpenTelemetry providers asks for these attributes. `mesh` is undefined for a nil pointer. */
export function otelResourceAttributes(mesh: Message | undefined, pod: OtelPod): string {
  if (mesh === undefined || !usesOtelConventions(mesh)) return '';
  const attributes: readonly (readonly [string, string])[] = [
    ['service.namespace', annotated(pod, 'service.namespace') || pod.namespace],
    ['service.version', annotated(pod, 'service.version') || versionOf(pod)],
    ['service.instance.id', annotated(pod, 'service.instance.id') || instanceOf(pod)],
  ];
  return attributes
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

function usesOtelConventions(mesh: Message): boolean {
  const providers = (mesh['extensionProviders'] ?? []) as readonly Message[];
  return providers.some((provider) => {
    const held = provider['Provider'];
    const settings = held instanceof GoRef ? (held.data as Message)['Opentelemetry'] : undefined;
    return (settings as Message | undefined)?.['serviceAttributeEnrichment'] === OTEL_SEMANTIC_CONVENTIONS;
  });
}

function annotated(pod: OtelPod, attribute: string): string {
  return stringAt(pod.annotations, `resource.opentelemetry.io/${attribute}`) ?? '';
}

function versionOf(pod: OtelPod): string {
  const label = stringAt(pod.labels, 'app.kubernetes.io/version') ?? '';
  if (label !== '' || pod.containers.length !== 1) return label;
  const image = pod.containers[0]?.image;
  return typeof image === 'string' ? imageVersion(image) : '';
}

/** `TAG`, `DIGEST` or `TAG@DIGEST` of an image reference `[REGISTRY[:PORT]/]NAME[:TAG][@DIGEST]`; '' when it has neither. */
function imageVersion(image: string): string {
  const at = image.indexOf('@');
  const digest = at < 0 ? '' : image.slice(at + 1);
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.lastIndexOf(':');
  const tag = colon > name.lastIndexOf('/') ? name.slice(colon + 1) : '';
  return tag !== '' && digest !== '' ? `${tag}@${digest}` : tag || digest;
}

/** The pod's name is not known at injection: the kubelet puts it in. */
function instanceOf(pod: OtelPod): string {
  const [first] = pod.containers;
  if (first === undefined) return '';
  return `${pod.namespace}.$(POD_NAME).${typeof first.name === 'string' ? first.name : ''}`;
}
