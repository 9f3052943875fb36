/** Environment variables as Kubernetes has them (corev1.EnvVar). */
import { normalizeTyped, TypedPodError } from '../../kube/typed-pod.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';

export interface EnvVar extends JsonObject {
  name: string;
  value?: string;
  valueFrom?: JsonObject;
}

/**
 * A list of corev1.EnvVar as Go decodes and writes it again: members that Kubernetes does not know are gone, a resourceFieldRef has its
 * divisor. Undefined when it is something else.
 */
export function decodeEnv(value: JsonValue): EnvVar[] | undefined {
  if (value === null) return [];
  try {
    return normalizeTyped('[]v1.EnvVar', value) as EnvVar[];
  } catch (error) {
    if (error instanceof TypedPodError) return undefined;
    throw error;
  }
}
