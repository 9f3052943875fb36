/**
 * Go's static types among themselves: how they are written, when two are the same, what can be assigned to what.
 */
import type { GoStructType, GoType } from './value.ts';

/** How Go writes a type, as `%T` prints it. */
export function typeName(type: GoType): string {
  if (type.name !== undefined) return type.name;
  switch (type.kind) {
    case 'interface':
      return 'interface {}';
    case 'slice':
      return `[]${typeName(type.elem)}`;
    case 'map':
      return `map[${typeName(type.key)}]${typeName(type.elem)}`;
    case 'pointer':
      return `*${typeName(type.elem)}`;
    case 'struct': {
      const fields = [...type.fields.values()].map((field) => `${field.name} ${typeName(field.type)}`);
      return fields.length === 0 ? 'struct {}' : `struct { ${fields.join('; ')} }`;
    }
    default:
      return type.kind;
  }
}

/** Type identity, as assignment needs it: same name, or none and the same structure. */
export function sameType(left: GoType, right: GoType): boolean {
  if (left === right) return true;
  if (left.kind !== right.kind || left.name !== right.name) return false;
  if (left.name !== undefined) return true;
  return sameStructure(left, right);
}

/** Whether a value of type `from` can be assigned to a variable of type `to` (Go's AssignableTo). */
export function assignable(from: GoType, to: GoType): boolean {
  if (to.kind === 'interface') return true;
  if (sameType(from, to)) return true;
  const oneUnnamed = from.name === undefined || to.name === undefined;
  return oneUnnamed && !isScalarKind(from.kind) && from.kind === to.kind && sameStructure(from, to);
}

function sameStructure(left: GoType, right: GoType): boolean {
  switch (left.kind) {
    case 'slice':
    case 'pointer':
      return right.kind === left.kind && sameType(left.elem, right.elem);
    case 'map':
      return right.kind === 'map' && sameType(left.key, right.key) && sameType(left.elem, right.elem);
    case 'struct':
      return right.kind === 'struct' && sameFields(left, right);
    default:
      return left.kind === right.kind;
  }
}

function sameFields(left: GoStructType, right: GoStructType): boolean {
  const a = [...left.fields.values()];
  const b = [...right.fields.values()];
  return (
    a.length === b.length &&
    a.every((field, i) => {
      const other = b[i];
      return other !== undefined && field.name === other.name && sameType(field.type, other.type);
    })
  );
}

function isScalarKind(kind: GoType['kind']): boolean {
  return kind !== 'slice' && kind !== 'map' && kind !== 'pointer' && kind !== 'struct' && kind !== 'interface';
}
