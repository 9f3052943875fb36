/** The Go types of a pod as decoding and encoding need them: linked once from the pod schema. */
import { foldCase } from './fold-case.ts';
import { flattenFields, parseType, type SchemaField, type TypeExpression } from './pod-schema.ts';

export type Shape =
  | { readonly kind: 'string' | 'bool' | 'int32' | 'int64' }
  /** Types with a JSON form of their own: a resource.Quantity, an intstr.IntOrString, a v1.Time, a v1.FieldsV1 (any JSON). */
  | { readonly kind: 'quantity' | 'intOrString' | 'time' | 'raw' }
  | { readonly kind: 'pointer'; readonly elem: Shape }
  | { readonly kind: 'slice'; readonly elem: Shape }
  | { readonly kind: 'map'; readonly elem: Shape }
  | StructShape;

export interface StructShape {
  readonly kind: 'struct';
  readonly goName: string;
  /** By JSON name, in declaration order. */
  readonly fields: ReadonlyMap<string, FieldShape>;
  /** By folded JSON name; the first in declaration order where two fold alike. */
  readonly folded: ReadonlyMap<string, FieldShape>;
  /** Fields that are written whatever they hold. */
  readonly required: readonly FieldShape[];
}

export interface FieldShape {
  readonly jsonName: string;
  readonly shape: Shape;
  /** The kind of a scalar, or of one that is pointed to, where its values mostly stay as they are. */
  readonly scalar: 'string' | 'int32' | 'bool' | null;
  /** Whether it is written whatever it holds; otherwise an empty value (false, 0, "", nil, no elements) is left out. */
  readonly required: boolean;
}

const CUSTOM: ReadonlyMap<string, Shape> = new Map([
  ['resource.Quantity', { kind: 'quantity' }],
  ['intstr.IntOrString', { kind: 'intOrString' }],
  ['v1.Time', { kind: 'time' }],
  ['v1.FieldsV1', { kind: 'raw' }],
] as const);

const SHAPES: ReadonlyMap<string, StructShape> = buildShapes('v1.Pod');

/** By type expression: those that the code names. */
const named = new Map<string, Shape>();

/** The shape of a Go type expression within a pod: `v1.Pod`, `[]v1.Container`, … Throws for a name the schema does not hold. */
export function shapeOf(typeText: string): Shape {
  const known = named.get(typeText);
  if (known !== undefined) return known;
  const shape = linkedShape(typeText);
  named.set(typeText, shape);
  return shape;
}

function linkedShape(typeText: string): Shape {
  return link(parseType(typeText), (name) => {
    const shape = SHAPES.get(name);
    if (shape === undefined) throw new Error(`no struct ${name} within a pod`);
    return shape;
  });
}

interface Building {
  readonly kind: 'struct';
  readonly goName: string;
  readonly fields: Map<string, FieldShape>;
  readonly folded: Map<string, FieldShape>;
  readonly required: FieldShape[];
}

function buildShapes(root: string): ReadonlyMap<string, StructShape> {
  const shapes = new Map<string, Building>();
  const structNamed = (name: string): StructShape => {
    const known = shapes.get(name);
    if (known !== undefined) return known;
    const shape: Building = { kind: 'struct', goName: name, fields: new Map(), folded: new Map(), required: [] };
    shapes.set(name, shape); // before its fields: types may refer to each other
    for (const schemaField of flattenFields(name)) {
      const field = buildField(schemaField, structNamed);
      shape.fields.set(field.jsonName, field);
      const folded = foldCase(field.jsonName);
      if (!shape.folded.has(folded)) shape.folded.set(folded, field);
      if (field.required) shape.required.push(field);
    }
    return shape;
  };
  structNamed(root);
  return shapes;
}

function buildField(field: SchemaField, structNamed: (name: string) => StructShape): FieldShape {
  const shape = link(field.type, structNamed);
  const required = !field.omitzero && (!field.omitempty || isStruct(shape));
  return { jsonName: field.jsonName, shape, scalar: scalarOf(shape), required };
}

function scalarOf(shape: Shape): FieldShape['scalar'] {
  if (shape.kind === 'pointer') return scalarOf(shape.elem);
  return shape.kind === 'string' || shape.kind === 'int32' || shape.kind === 'bool' ? shape.kind : null;
}

function link(type: TypeExpression, structNamed: (name: string) => StructShape): Shape {
  switch (type.kind) {
    case 'scalar':
      return { kind: type.scalar };
    case 'named':
      return link(type.underlying, structNamed);
    case 'struct':
      return CUSTOM.get(type.name) ?? structNamed(type.name);
    case 'map':
      return { kind: 'map', elem: link(type.elem, structNamed) };
    default:
      return { kind: type.kind, elem: link(type.elem, structNamed) };
  }
}

/** Go's encoder calls no struct empty, and all types with a JSON form of their own are structs. */
function isStruct({ kind }: Shape): boolean {
  return kind === 'struct' || kind === 'quantity' || kind === 'intOrString' || kind === 'time' || kind === 'raw';
}
