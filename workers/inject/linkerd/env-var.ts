/** Environment variables as Kubernetes has them (corev1.EnvVar). */
import type { JsonObject, JsonValue } from '../../template/value.ts';

export interface EnvVar extends JsonObject {
  name: string;
  value?: string;
  valueFrom?: JsonObject;
}

/** A list of corev1.EnvVar; undefined when it is something else. */
export function decodeEnv(value: JsonValue): EnvVar[] | undefined {
  if (!Array.isArray(value)) return value === null ? [] : undefined;
  const list: EnvVar[] = [];
  for (const item of value) {
    if (item === null) {
      list.push({ name: '' });
      continue;
    }
    if (typeof item !== 'object' || Array.isArray(item)) return undefined;
    const name = item['name'] ?? '';
    const text = item['value'] ?? '';
    const from = item['valueFrom'] ?? null;
    if (typeof name !== 'string' || typeof text !== 'string') return undefined;
    if (from !== null && (typeof from !== 'object' || Array.isArray(from))) return undefined;
    list.push({ name, ...(text === '' ? {} : { value: text }), ...(from === null ? {} : { valueFrom: from }) });
  }
  return list;
}
