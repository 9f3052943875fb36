/** When Go's reflection and its operators take two values for equal. */
import { limitError } from './errors.ts';
import { MAX_COMPARED_VALUES, MAX_VALUE_DEPTH } from './limits.ts';
import {
  concrete,
  elementsOf,
  indirect,
  isNil,
  mapData,
  mapGet,
  sameType,
  scalarOfRef,
  structField,
  typeOf,
} from './reflect.ts';
import { type GoField, GoNumber, GoRef, type GoValue } from './value.ts';

type Slot = GoValue | undefined;
/**
 * reflect.DeepEqual: same type and deeply the same contents; a nil slice or map differs from an empty one, NaN from itself.
 * Throws TEMPLATE_LIMIT for values that are too deep or have too many parts.
 */
export function deepEqual(left: Slot, right: Slot): boolean {
  return new Comparison().equal(left, right, 0);
}

class Comparison {
  private left = MAX_COMPARED_VALUES;

  equal(left: Slot, right: Slot, depth: number): boolean {
    if (depth > MAX_VALUE_DEPTH) throw limitError('value is nested too deeply to compare');
    if (--this.left < 0) throw limitError('values have too many parts to compare');
    const a = concrete(left);
    const b = concrete(right);
    const type = typeOf(a);
    const otherType = typeOf(b);
    if (type === null || otherType === null) return type === otherType;
    if (!sameType(type, otherType)) return false;
    switch (type.kind) {
      case 'slice':
        return isNil(a) === isNil(b) && (dataOf(a) === dataOf(b) || this.equalSlices(a, b, depth + 1));
      case 'map':
        return isNil(a) === isNil(b) && (dataOf(a) === dataOf(b) || this.equalMaps(a, b, depth + 1));
      case 'pointer':
        if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
        return dataOf(a) === dataOf(b) || this.equal(indirect(a).value, indirect(b).value, depth + 1);
      case 'struct':
        return [...type.fields.values()].every((field) => this.equalFields(a, b, field, depth + 1));
      default:
        return sameScalar(scalarOfRef(a), scalarOfRef(b));
    }
  }

  private equalSlices(a: Slot, b: Slot, depth: number): boolean {
    const items = elementsOf(a) ?? [];
    const others = elementsOf(b) ?? [];
    return items.length === others.length && items.every((item, i) => this.equal(item, others[i], depth));
  }

  private equalMaps(a: Slot, b: Slot, depth: number): boolean {
    const keys = Object.keys(mapData(a) ?? {});
    if (keys.length !== Object.keys(mapData(b) ?? {}).length) return false;
    return keys.every((key) => {
      const other = mapGet(b, key);
      return other !== undefined && this.equal(mapGet(a, key), other, depth);
    });
  }

  private equalFields(a: Slot, b: Slot, field: GoField, depth: number): boolean {
    if (!(a instanceof GoRef) || !(b instanceof GoRef)) return false;
    return this.equal(structField(a, field), structField(b, field), depth);
  }
}

function dataOf(value: Slot): unknown {
  return value instanceof GoRef ? value.data : value;
}

/** Go's == on two scalars of one kind. */
function sameScalar(a: Slot, b: Slot): boolean {
  if (a instanceof GoNumber && b instanceof GoNumber) return a.kind === b.kind && a.value === b.value;
  return a === b;
}
