import type { JsonObject, JsonValue } from '../template/value.ts';
import { foldCase } from './fold-case.ts';
import { type Shape, type StructShape, shapeOf } from './typed-shape.ts';

const POD = shapeOf('v1.Pod');

/**
 * The typed pod with the members of the raw pod that corev1.Pod does not know, each at the path and index where it stood.
 *
 * An injector that decodes a pod, changes it, and answers with a patch between the two typed forms drops no unknown member of
 * the object itself: the patch does not speak of it. Istio's patch compares lists index by index; so an unknown member of
 * the first container ends in whichever container is first afterwards. Returns the typed pod itself when there is nothing to
 * carry; neither argument is changed.
 */
export function carryUnknownFields<P extends JsonObject>(raw: JsonObject, typed: P): P {
  return carry(POD, raw, typed) as P;
}

function carry(shape: Shape, raw: JsonValue | undefined, typed: JsonValue | undefined): JsonValue | undefined {
  if (typeof raw !== 'object' || typeof typed !== 'object' || raw === null || typed === null || raw === typed)
    return typed;
  switch (shape.kind) {
    case 'pointer':
      return carry(shape.elem, raw, typed);
    case 'slice':
      return Array.isArray(raw) && Array.isArray(typed) ? carryList(shape.elem, raw, typed) : typed;
    case 'struct':
      return Array.isArray(raw) || Array.isArray(typed) ? typed : carryStruct(shape, raw, typed);
    default:
      return typed;
  }
}

function carryList(elem: Shape, raw: readonly JsonValue[], typed: JsonValue[]): JsonValue[] {
  let out: JsonValue[] | undefined;
  const shorter = Math.min(raw.length, typed.length);
  for (let i = 0; i < shorter; i++) {
    const carried = carry(elem, raw[i], typed[i]) as JsonValue;
    if (carried === typed[i]) continue;
    out ??= typed.slice();
    out[i] = carried;
  }
  return out ?? typed;
}

function carryStruct(shape: StructShape, raw: JsonObject, typed: JsonObject): JsonObject {
  let out: JsonObject | undefined;
  for (const key of Object.keys(raw)) {
    const field = shape.fields.get(key) ?? shape.folded.get(foldCase(key));
    const name = field?.jsonName ?? key;
    const old = Object.hasOwn(typed, name) ? typed[name] : undefined;
    const carried = field === undefined ? raw[key] : carry(field.shape, raw[key], old);
    if (carried === undefined || carried === old) continue;
    out ??= { ...typed };
    Object.defineProperty(out, name, { value: carried, writable: true, enumerable: true, configurable: true });
  }
  return out ?? typed;
}
