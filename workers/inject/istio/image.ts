/** Image references from the values: hub, name, tag, and the type that a tag's suffix tells. */
import type { Features } from './features.ts';
import { PROXY_IMAGE_TYPE } from './names.ts';
import { type StringMap, stringAt } from './pod.ts';

/** What values.global says about images. */
export interface ImageValues {
  readonly hub: string;
  readonly tag: string;
  readonly variant: string;
  readonly proxy: string;
  readonly proxyInit: string;
}

/** Types that Istio publishes; a tag that ends in one has it replaced. */
const PUBLISHED_TYPES = ['distroless', 'debug'];

function tagOfType(tag: string, type: string): string {
  if (type === '') return tag;
  const published = PUBLISHED_TYPES.find((known) => tag.endsWith(`-${known}`));
  const base = published === undefined ? tag : tag.slice(0, -published.length - 1);
  return type === 'default' ? base : `${base}-${type}`;
}

function imageOf(values: ImageValues, name: string, type: string, annotations: StringMap): string {
  return `${values.hub}/${name}:${tagOfType(values.tag, stringAt(annotations, PROXY_IMAGE_TYPE) ?? type)}`;
}

/**
 * The proxy's image. Its type: the pod's annotation, the proxy configuration's, the values' variant, in that order. `configured`:
 * `image` of the proxy configuration, undefined where it has none.
 */
export function proxyImage(
  values: ImageValues,
  configured: { readonly imageType?: string } | undefined,
  annotations: StringMap,
  features: Features,
): string {
  const variant = features.imageVariant ? values.variant : '';
  const type =
    configured === undefined ? variant : configured.imageType || (features.variantForUntypedImage ? variant : '');
  return imageOf(values, values.proxy || 'proxyv2', type, annotations);
}

/** The init container's image; the proxy configuration's type does not count here. */
export function proxyInitImage(values: ImageValues, annotations: StringMap): string {
  return imageOf(values, values.proxyInit || 'proxyv2', values.variant, annotations);
}
